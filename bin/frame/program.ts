import { type Config, loadConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { findConfigFiles, reason } from '../../src/config/files.ts';
import { makeFolders } from '../../src/config/folders.ts';
import { commonOptions, concurrencyOptions } from '../../src/config/options/common.ts';
import { loggingOptions } from '../../src/config/options/logging.ts';
import { renderConfig } from '../../src/config/show.ts';
import type { OptionGroup } from '../../src/lib/options.ts';
import { rabbitOptions } from '../../src/rpc/amqp/options.ts';
import {
  type Arguments,
  describeOptions,
  type ExtraOption,
  parseArguments,
  splitArguments,
  UsageError,
} from './arguments.ts';
import { journalPrefix } from './journal.ts';
import { errorText, maskUrls, openLog, type ProgramLogger } from './log.ts';
import { outliveReaders } from './pipes.ts';
import { openService, type Service } from './service.ts';
import { setTitle } from './title.ts';
import { version } from './version.ts';

/** What a program is; `runProgram` does the rest, the same for all of them. */
export interface Program {
  name: string;
  /** First lines of `--help`: what it does, and what it needs. */
  about: string;
  /** Options it understands, beyond those of all programs. */
  groups: readonly OptionGroup[];
  /** What it uses: the options of the queue come with it. */
  needs: readonly ('database' | 'queue')[];
  extras?: readonly ExtraOption[];
  /** It has commands with options of their own: `args.words` is all that is not understood here, `--help` included. */
  commands?: boolean;
  /** Whether it needs root: says so in one line instead of failing somewhere. */
  root?: boolean;
  /** It serves until it is stopped, and tells a service manager how it is. */
  service?: boolean;
  /** Starts it. A program that has a life returns how it ends; others resolve when they are done, with an exit code. */
  start(parts: ProgramParts): Promise<Running | number>;
}

export interface ProgramParts {
  config: Config;
  logger: ProgramLogger;
  args: Arguments;
  /** Who waits for news of it; a program that has a life and says nothing is ready when it has started. */
  service: Service;
  /** Ends the program from inside, as a signal would, with this exit code. */
  stop(why: string, exitCode: number): void;
}

export interface Running {
  close(): Promise<void>;
}

/** A start that cannot go on, for a reason that the operator can mend: one line, exit code 1. */
export class StartError extends Error {
  override name = 'StartError';
}

/** Errors whose message is one line that an operator can act on, by name: their modules are loaded only when needed. */
const operatorErrors = new Set([
  'ConfigError',
  'StartError',
  'UsageError',
  'SetupError',
  'ConnectionError',
  'SchemaError',
  'DriverConfigurationError',
  'PolicyError',
  'SocketPathError',
  'CannotStart',
]);

/** How long an orderly end may take before the program ends anyway. */
const CLOSE_LIMIT_MS = 15_000;

/** A launcher may pass on a signal that the terminal has sent to us as well: what comes this soon is the same one. */
const SAME_SIGNAL_MS = 1_000;

/** Runs a program from its command line to its end. */
export async function runProgram(program: Program, argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  setTitle(program.name, argv);
  outliveReaders();
  try {
    await run(program, argv);
  } catch (error) {
    fail(program.name, error, argv.includes('--debug') || argv.includes('-d'));
  }
}

async function run(program: Program, argv: readonly string[]): Promise<void> {
  const args = readArguments(program, argv);
  if (args.help) return print(`${program.about.trim()}\n\nOptions:\n${describeOptions(program.extras ?? [])}\n`);
  if (args.version) return print(`${program.name} ${version()}\n`);
  const config = loadConfig({
    files: findConfigFiles(program.name, args.sources),
    groups: [
      loggingOptions,
      commonOptions,
      concurrencyOptions,
      ...(program.needs.includes('queue') ? [rabbitOptions] : []),
      ...program.groups,
    ],
    overrides: args.overrides,
  });
  if (args.showConfig) return print(renderConfig(config));
  if (program.root && process.getuid?.() !== 0)
    throw new StartError(`${program.name} changes the network of this host and must run as root`);
  if (!args.flags.has('dry-run')) {
    makeFolder(config, 'DEFAULT', 'state_path', config.get(commonOptions).state_path);
    makeFolder(config, 'oslo_concurrency', 'lock_path', config.get(concurrencyOptions).lock_path);
  }

  const logging = config.get(loggingOptions);
  const logger = await openLog({
    program: program.name,
    debug: logging.debug,
    logFile: logging.log_file,
    logDir: logging.log_dir,
    json: logging.use_json,
    rotation:
      logging.log_rotation_type === 'size'
        ? { bytes: logging.max_logfile_size_mb * 1024 * 1024, keep: logging.max_logfile_count }
        : null,
  });
  if (!program.commands) logStart(program, config, logger);
  try {
    const service = openService(logger, program.service && !args.flags.has('dry-run') ? process.env : {});
    await live(program, { config, logger, args, service });
  } catch (error) {
    throw withPlace(error, config);
  }
}

/** Code that gets values and no files complains of `[section] option: …`; the operator is told the line it stands in. */
function withPlace(error: unknown, config: Config): unknown {
  if (!(error instanceof Error) || !operatorErrors.has(error.name)) return error;
  const [, section, name, why] = /^\[([\w.]+)\] (\w+): (.*)$/s.exec(error.message) ?? [];
  if (section === undefined || name === undefined) return error;
  return new StartError(`${config.where(section, name)}: ${why}`, { cause: error });
}

function readArguments(program: Program, argv: readonly string[]): Arguments {
  if (!program.commands) {
    const args = parseArguments(argv, program.extras);
    if (args.words.length > 0)
      throw new UsageError(`unrecognized arguments: ${args.words.join(' ')}; --help tells what there is`);
    return args;
  }
  const { common, rest } = splitArguments(argv);
  return { ...parseArguments(common), words: rest };
}

/** From start to orderly end: first signal closes, a second one ends at once. */
async function live(program: Program, { config, logger, args, service }: Omit<ProgramParts, 'stop'>): Promise<void> {
  let running: Running | null = null;
  let stopping = false;
  let stoppedAtMs: number | null = null;
  const stop = (why: string, exitCode: number) => {
    if (stopping) return;
    stopping = true;
    logger.info({ why }, 'stopping');
    service.stopping();
    const limit = setTimeout(() => {
      logger.error({ limit_ms: CLOSE_LIMIT_MS }, 'not stopped in time, ending now');
      process.exit(exitCode || 1);
    }, CLOSE_LIMIT_MS);
    limit.unref();
    Promise.resolve(running?.close())
      .then(
        () => {
          logger.info({}, 'stopped');
          return exitCode;
        },
        (error: unknown) => {
          logger.error({ error }, 'stopping failed');
          return exitCode || 1;
        },
      )
      .then(async (code) => {
        await service.close();
        process.exit(code);
      });
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stoppedAtMs !== null && performance.now() - stoppedAtMs > SAME_SIGNAL_MS) process.exit(1);
      stoppedAtMs ??= performance.now();
      stop(signal, 0);
    });
  }
  process.on('SIGHUP', () => logger.reopen());
  process.on('exit', () => logger.flush());
  // A program that `neutrino up` started ends with it, however that one ends: nobody else would stop it.
  if (process.env.NEUTRINO_END_WITH_STDIN === '1')
    process.stdin.resume().once('close', () => stop('the parent has ended', 0));
  const crash = (error: unknown) => {
    logger.error({ error, stack: error instanceof Error ? error.stack : undefined }, 'unexpected error, ending');
    if (logger.path !== null) fail(program.name, error, false);
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);

  let started: Running | number;
  try {
    started = await program.start({ config, logger, args, service, stop });
  } catch (error) {
    if (logger.path !== null) logger.error({ error }, 'start failed');
    throw error;
  }
  if (typeof started === 'number') process.exit(started);
  running = started;
  // A signal that came during the start found nothing to close yet; what has been started since is closed here.
  if (stopping) await running.close();
  else {
    logger.info({ after_ms: Math.round(performance.now()) }, 'started');
    service.ready();
  }
}

function logStart(program: Program, config: Config, logger: ProgramLogger): void {
  logger.info({ version: version(), config_files: config.files }, 'starting');
  for (const { entry, section, name } of config.deprecated) {
    logger.info(
      { old: `[${entry.sectionText}] ${entry.name}`, now: `[${section}] ${name}`, at: `${entry.file}:${entry.line}` },
      'option has a new name',
    );
  }
  if (config.unknown.length > 0) {
    const options = config.unknown.map((e) => `[${e.sectionText}] ${e.name} (${e.file}:${e.line})`);
    logger.debug({ options }, `options that ${program.name} does not know are ignored`);
  }
}

function makeFolder(config: Config, section: string, name: string, path: string): void {
  try {
    makeFolders(path);
  } catch (cause) {
    throw new ConfigError(
      `${config.where(section, name)}: the folder cannot be made: ${reason(cause)}; give another one or make it`,
      { cause },
    );
  }
}

function print(text: string): void {
  process.stdout.write(text);
}

/** One line on stderr and an exit code; a stack only where it was asked for, or where the error is a bug. */
function fail(name: string, error: unknown, debug: boolean): void {
  const expected = error instanceof Error && operatorErrors.has(error.name);
  const text = error instanceof Error ? (expected ? error.message : errorText(error)) : String(error);
  process.stderr.write(`${journalPrefix('error')}${name}: ${maskUrls(text).replace(/\s*\n\s*/g, ' ')}\n`);
  if (debug && !expected && error instanceof Error) process.stderr.write(`${maskUrls(error.stack ?? '')}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
  // Something may have been opened before the start failed and hold the process.
  process.exit();
}
