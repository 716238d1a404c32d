import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import type { Config } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { reason } from '../../src/config/files.ts';
import { policyOptions } from '../../src/config/options/server.ts';
import type { Logger } from '../../src/lib/log.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { RuleFile } from '../../src/policy/rules.ts';

/** How often files are looked at for changes, at most. */
const LOOK_EVERY_MS = 1_000;

/** The files of `[oslo_policy]` that there are: `policy_file`, then those of `policy_dirs` by name. */
export class PolicyFiles {
  readonly #config: Config;
  #seen = '';

  constructor(config: Config) {
    this.#config = config;
    this.#seen = this.#state();
  }

  /**
   * Reads all of them. A `policy_file` that is not there has no rules, as upstream has it, unless somebody named it.
   * @throws ConfigError with one line
   */
  read(): RuleFile[] {
    return this.#paths().map((path) => ({ path, rules: readRules(path) }));
  }

  /** Replaces a policy's rules whenever files change; rules that cannot be read leave those there are. Ends with the result. */
  watch(policy: Policy, logger: Logger): () => void {
    const timer = setInterval(() => {
      const state = this.#state();
      if (state === this.#seen) return;
      this.#seen = state;
      try {
        const files = this.read();
        policy.replace(files);
        logger.info({ files: files.map(({ path }) => path) }, 'policy files read again');
      } catch (error) {
        logger.error({ error }, 'policy files changed and cannot be used: the rules stay as they were');
      }
    }, LOOK_EVERY_MS);
    timer.unref();
    return () => clearInterval(timer);
  }

  #paths(): string[] {
    const { policy_file, policy_dirs } = this.#config.get(policyOptions);
    const file = this.#find(policy_file);
    const named = this.#config.origin('oslo_policy', 'policy_file').kind !== 'default';
    if (named && !isThere(file)) {
      throw new ConfigError(`${this.#config.where('oslo_policy', 'policy_file')}: there is no ${file}`);
    }
    const inFolders = (policy_dirs as readonly string[]).flatMap((folder) => {
      const path = this.#find(folder);
      try {
        const names = readdirSync(path).filter((name) => !name.startsWith('.'));
        return names.sort().map((name) => join(path, name));
      } catch {
        return [];
      }
    });
    return [...(isThere(file) ? [file] : []), ...inFolders];
  }

  /** Relative names are beside the configuration files: the first of their folders that has it. */
  #find(name: string): string {
    if (isAbsolute(name)) return name;
    const folders = [...new Set(this.#config.files.map((file) => dirname(file)))];
    const places = folders.map((folder) => join(folder, name));
    return places.find(isThere) ?? places[0] ?? name;
  }

  /** Changes when a file comes, goes or is written. */
  #state(): string {
    try {
      return this.#paths()
        .map((path) => {
          const { mtimeMs, size, ino } = statSync(path);
          return `${path} ${mtimeMs} ${size} ${ino}`;
        })
        .join('\n');
    } catch (error) {
      return String(error);
    }
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function readRules(path: string): Record<string, unknown> {
  let rules: unknown;
  try {
    rules = parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const [line] = reason(cause).split('\n');
    throw new ConfigError(`${path}: ${line}; rules are written as "name": "rule"`, { cause });
  }
  if (rules === null || rules === undefined) return {};
  if (typeof rules !== 'object' || Array.isArray(rules)) {
    throw new ConfigError(`${path}: is no mapping of rule names to rules; write "name": "rule"`);
  }
  return rules as Record<string, unknown>;
}
