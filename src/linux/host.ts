import { readFileSync } from 'node:fs';
import { type Logger, silentLogger } from '../lib/log.ts';
import { AddressMonitor } from './address-monitor.ts';
import {
  type AddressEvent,
  ApplyFailed,
  type Host,
  type LinkEvent,
  type NetworkOperation,
  type NetworkState,
} from './contract.ts';
import { HelperExec } from './exec/client.ts';
import { LinkMonitor } from './link-monitor.ts';
import { checkNetnsName, ensureNetns, listNetns, removeNetns } from './netns.ts';
import { isWord, type Step, steps } from './operations.ts';
import { DUMP_INTERRUPTED, parseLinksAgain, parseState, READ_COMMANDS, READ_LINKS, readLinkLine } from './state.ts';
import { writeSysctl } from './sysctl.ts';

export interface OpenHostOptions {
  logger?: Logger;
  helperPath?: string;
  /** Programs beyond the helper's own list: for tests. */
  alsoAllow?: readonly string[];
}

/** The host this process runs on. */
export async function openHost(options: OpenHostOptions = {}): Promise<Host & { readonly exec: HelperExec }> {
  return new LinuxHost(options.logger ?? silentLogger, options);
}

const READ_ATTEMPTS = 10;
/** Thousands of links in one batch take seconds, not tens of them. */
const BATCH_TIMEOUT_MS = 60_000;

type IpStep = { operation: NetworkOperation; step: Extract<Step, { kind: 'ip' }> };

class LinuxHost implements Host {
  readonly exec: HelperExec;
  readonly #logger: Logger;

  constructor(logger: Logger, options: OpenHostOptions) {
    this.#logger = logger;
    this.exec = new HelperExec({ logger, helperPath: options.helperPath, alsoAllow: options.alsoAllow });
  }

  async readNetwork(netns?: string): Promise<NetworkState> {
    for (let attempt = 1; ; attempt += 1) {
      const results = await Promise.all(
        READ_COMMANDS.map((words) =>
          this.exec.run(['ip', ...inNetns(netns), ...words], { timeoutMs: BATCH_TIMEOUT_MS }),
        ),
      );
      const interrupted = results.some(({ stderr }) => DUMP_INTERRUPTED.test(stderr));
      if (!interrupted || attempt === READ_ATTEMPTS) return parseState(results.map(({ stdout }) => stdout));
    }
  }

  async readAgain(state: NetworkState, names: readonly string[]): Promise<NetworkState> {
    // One name that a batch takes for quotes or a comment would hide all behind it.
    if (!names.every(isWord)) return await this.readNetwork();
    const stdin = `${names.map(readLinkLine).join('\n')}\n`;
    const { stdout } = await this.exec.run(['ip', ...READ_LINKS], { stdin, okCodes: [0, 1] });
    return parseLinksAgain(state, names, stdout);
  }

  /**
   * One `ip -batch -` for everything between two kernel settings. A process of its own each time, not a long-lived one:
   * `ip` remembers the index of every name it met, and a long-lived one goes on using it after a device of that name was
   * deleted and made anew ("Invalid argument", or the wrong device).
   */
  async apply(operations: readonly NetworkOperation[], netns?: string): Promise<void> {
    let batch: IpStep[] = [];
    for (const operation of netns === undefined ? withoutIdleDeletions(operations) : operations) {
      for (const step of steps(operation)) {
        if (step.kind === 'ip') batch.push({ operation, step });
        else {
          await this.#runBatch(batch, netns);
          batch = [];
          await this.#applySysctl(operation, step, netns);
        }
      }
    }
    await this.#runBatch(batch, netns);
  }

  async watchLinks(onEvent: (event: LinkEvent) => void, onLost: () => void): Promise<{ close(): Promise<void> }> {
    const monitor = new LinkMonitor({ exec: this.exec, logger: this.#logger, onEvent, onLost });
    await monitor.start();
    return monitor;
  }

  async watchAddresses(
    onEvent: (event: AddressEvent) => void,
    onLost: () => void,
  ): Promise<{ close(): Promise<void> }> {
    const monitor = new AddressMonitor({ exec: this.exec, logger: this.#logger, onEvent, onLost });
    await monitor.start();
    return monitor;
  }

  listNetns(): Promise<string[]> {
    return listNetns();
  }

  ensureNetns(name: string): Promise<void> {
    return ensureNetns(this.exec, name);
  }

  removeNetns(name: string): Promise<void> {
    return removeNetns(this.exec, name);
  }

  close(): Promise<void> {
    return this.exec.close();
  }

  /**
   * `ip` stops at the first line that fails and names it; a failure that says "was so already" is passed over. Some
   * errors ("Device does not exist") end it without a line number: then the lines are run one by one, which does no harm
   * to those that were done before.
   */
  async #runBatch(batch: readonly IpStep[], netns: string | undefined): Promise<void> {
    let rest = batch;
    while (rest.length > 0) {
      const stdin = `${rest.map(({ step }) => step.words.join(' ')).join('\n')}\n`;
      const argv = ['ip', ...inNetns(netns), '-batch', '-'];
      const ran = await this.exec.run(argv, { stdin, timeoutMs: BATCH_TIMEOUT_MS, okCodes: [0, 1, 2, 255] });
      if (ran.code === 0) return;
      const named = /Command failed -:(\d+)/.exec(ran.stderr)?.[1];
      const line = named ? Number(named) : rest.length === 1 ? 1 : 0;
      const failed = rest[line - 1];
      if (!failed) {
        for (const single of rest) await this.#runBatch([single], netns);
        return;
      }
      if (!failed.step.tolerate?.test(ran.stderr)) {
        throw new ApplyFailed(failed.operation, ran.stderr.replace(/Command failed -:\d+\s*/, '').trim());
      }
      rest = rest.slice(line);
    }
  }

  async #applySysctl(
    operation: NetworkOperation,
    step: Extract<Step, { kind: 'sysctl' }>,
    netns: string | undefined,
  ): Promise<void> {
    try {
      await writeSysctl(step.key, step.value, netns === undefined ? undefined : { exec: this.exec, netns });
      this.#logger.debug({ key: step.key, value: step.value, netns }, 'set in the kernel');
    } catch (error) {
      throw new ApplyFailed(operation, error instanceof Error ? error.message : String(error));
    }
  }
}

/**
 * A batch ends at a line that fails, and what is behind it takes another process: devices that are not there are not
 * deleted, as the kernel tells without one. One that is made by the operations before stays in.
 */
function withoutIdleDeletions(operations: readonly NetworkOperation[]): readonly NetworkOperation[] {
  if (!operations.some(({ op }) => op === 'delete_link')) return operations;
  const there = ownDevices();
  if (there === null) return operations;
  return operations.filter((operation) => {
    if (operation.op === 'delete_link') return there.has(operation.name);
    if ('name' in operation) there.add(operation.name);
    if (operation.op === 'ensure_veth') there.add(operation.peer);
    return true;
  });
}

/** Devices of this process's namespace; null where the kernel does not tell. */
function ownDevices(): Set<string> | null {
  try {
    const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2);
    return new Set(lines.map((line) => line.slice(0, Math.max(0, line.lastIndexOf(':'))).trim()).filter(Boolean));
  } catch {
    return null;
  }
}

function inNetns(netns: string | undefined): string[] {
  return netns === undefined ? [] : ['-n', checkNetnsName(netns)];
}
