import { parseArgs } from 'node:util';
import type { Override } from '../../src/config/config.ts';
import type { Source } from '../../src/config/files.ts';

/** The command line of a program that reads oslo-style configuration. */
export interface Arguments {
  /** `--config-file` and `--config-dir` in their order. */
  sources: readonly Source[];
  overrides: readonly Override[];
  showConfig: boolean;
  help: boolean;
  version: boolean;
  /** Flags that the program itself declared. */
  flags: ReadonlySet<string>;
  /** Values of the program's own options that take one. */
  values: Readonly<Record<string, string>>;
  /** What stands without dashes. */
  words: readonly string[];
}

/** A flag or option of one program, beyond those all have. */
export interface ExtraOption {
  /** Without dashes: `dry-run`. */
  name: string;
  help: string;
  /** Name of its value in the help, for one that takes a value. */
  value?: string;
}

/** A command line that cannot be understood: one line, exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const common = {
  'config-file': { type: 'string', multiple: true },
  'config-dir': { type: 'string', multiple: true },
  'log-file': { type: 'string' },
  'log-dir': { type: 'string' },
  debug: { type: 'boolean', short: 'd' },
  'show-config': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** @throws UsageError naming what is not understood */
export function parseArguments(argv: readonly string[], extras: readonly ExtraOption[] = []): Arguments {
  const own = Object.fromEntries(
    extras.map(({ name, value }) => [name, { type: value ? ('string' as const) : ('boolean' as const) }]),
  );
  const parsed = (() => {
    try {
      return parseArgs({ args: [...argv], options: { ...own, ...common }, allowPositionals: true, tokens: true });
    } catch (error) {
      // Node's message has its own remedy behind the first sentence, which speaks of '--'.
      throw new UsageError(`${(error as Error).message.split('. ')[0]}; --help tells what there is`);
    }
  })();
  const sources: Source[] = [];
  const overrides: Override[] = [];
  const set = (name: string, value: string) => overrides.push({ section: 'DEFAULT', name, value });
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue;
    if (token.name === 'config-file') sources.push({ kind: 'file', path: token.value! });
    if (token.name === 'config-dir') sources.push({ kind: 'dir', path: token.value! });
    if (token.name === 'log-file') set('log_file', token.value!);
    if (token.name === 'log-dir') set('log_dir', token.value!);
    if (token.name === 'debug') set('debug', 'True');
  }
  const values = parsed.values as Record<string, unknown>;
  return {
    sources,
    overrides,
    showConfig: values['show-config'] === true,
    help: values.help === true,
    version: values.version === true,
    flags: new Set(extras.filter(({ name, value }) => !value && values[name] === true).map(({ name }) => name)),
    values: Object.fromEntries(
      extras
        .filter(({ name, value }) => value && typeof values[name] === 'string')
        .map(({ name }) => [name, values[name] as string]),
    ),
    words: parsed.positionals,
  };
}

/**
 * For a program with commands of its own (`neutron-db-manage`): the options all programs have, wherever they stand, and
 * the rest of the command line as it came.
 */
export function splitArguments(argv: readonly string[]): { common: string[]; rest: string[] } {
  const common: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    const name = word.replace(/^--/, '').split('=')[0]!;
    const valued = ['config-file', 'config-dir', 'log-file', 'log-dir'].includes(name) && word.startsWith('--');
    if (valued && !word.includes('=')) common.push(word, ...argv.slice(++i, i + 1));
    else if (valued || ['--debug', '-d', '--show-config', '--version'].includes(word)) common.push(word);
    else rest.push(word);
  }
  return { common, rest };
}

/** Lines of `--help` for the options all programs have, and those of this one. */
export function describeOptions(extras: readonly ExtraOption[]): string {
  const rows: [string, string][] = [
    ...extras.map(({ name, help, value }): [string, string] => [`--${name}${value ? ` ${value}` : ''}`, help]),
    ['--config-file FILE', 'read this file; repeatable, a later one wins'],
    ['--config-dir DIR', 'read the *.conf files of this folder in the order of their names'],
    ['--log-file FILE', 'log to this file instead of stderr'],
    ['--log-dir DIR', 'log to a file named after the program in this folder'],
    ['-d, --debug', 'log at debug level'],
    ['--show-config', 'print every option with its value and the file and line it came from, and exit'],
    ['--version', 'print the version and exit'],
    ['-h, --help', 'print this and exit'],
  ];
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`).join('\n');
}
