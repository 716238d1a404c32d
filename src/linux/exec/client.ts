import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { causedBy } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';
import { CommandFailed, type CommandResult, type Exec, type RunOptions } from '../contract.ts';

/** A program that goes on talking, as `ip monitor` does. */
export interface OpenCommand {
  /** Halts it (SIGSTOP) until it is closed. */
  stop(): void;
  close(): void;
}

export interface OpenHandlers {
  /** Its process id. */
  onStart?(pid: number): void;
  onOutput(text: string): void;
  /** It ended, by itself or with the helper; called once, not after `close()`. */
  onExit(stderr: string): void;
}

export interface HelperExecOptions {
  logger: Logger;
  /** Default: `helper.mjs` beside this file. */
  helperPath?: string;
  /** Programs beyond the helper's own list: for tests. */
  alsoAllow?: readonly string[];
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** The helper ends a command at its time-out; if no word of that comes within this, the helper itself is stuck. */
const HELPER_GRACE_MS = 5_000;
/** A helper that died is replaced after this, doubling up to the longest while it keeps dying. */
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 10_000;
/** So much of a command's input is logged. */
const LOGGED_INPUT = 2_000;
/** The helper keeps next to nothing: a small heap makes V8 collect early instead of growing. */
const HELPER_FLAGS = ['--max-old-space-size=48', '--max-semi-space-size=1', '--v8-pool-size=1', '--no-warnings'];

/** Texts of megabytes pass through: memory for them goes back to the kernel, not to the next one (mallopt(3)). */
const HELPER_ENVIRONMENT = {
  LC_ALL: 'C',
  UV_THREADPOOL_SIZE: '1',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** How commands of one program went since the agent started. */
export interface CommandCounts {
  /** It ran to its end, whatever the exit code. */
  ran: number;
  /** It was started to live on its own. */
  started: number;
  /** It is missing, not allowed, took too long, or ended with a code that was not expected. */
  failed: number;
  seconds: number;
}

type Request = Record<string, unknown> & { op: string };
type Answer = {
  id: number;
  code?: number;
  stdout?: string;
  stderr?: string;
  error?: string;
  out?: string;
  err?: string;
  exit?: number | null;
  pid?: number;
};
type Waiting = { onAnswer(answer: Answer): void; onLost(): void };

/**
 * Runs programs through a small process of our own: a spawn copies the page tables of the caller and stops its loop for
 * milliseconds, tens of them in a large process. The helper is started with the first call, lives as long as the agent,
 * and is started anew when it died; what was under way then has failed and is reported so.
 */
export class HelperExec implements Exec {
  /** By program. */
  readonly statistics = new Map<string, CommandCounts>();
  readonly #logger: Logger;
  readonly #argv: string[];
  readonly #waiting = new Map<number, Waiting>();
  #helper: ChildProcess | null = null;
  #lastId = 0;
  #restart: NodeJS.Timeout | null = null;
  #restartMs = FIRST_RESTART_MS;
  #closed = false;

  constructor(options: HelperExecOptions) {
    this.#logger = options.logger;
    const path = options.helperPath ?? fileURLToPath(new URL('./helper.mjs', import.meta.url));
    this.#argv = [...HELPER_FLAGS, path, ...(options.alsoAllow ? [`--allow=${options.alsoAllow.join(',')}`] : [])];
  }

  /** Process id of the helper, or null when none runs. */
  get helperPid(): number | null {
    return this.#helper?.pid ?? null;
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const { netns, stdin } = options;
    const answer = await this.#asked({ op: 'run', argv, netns, stdin, timeoutMs }, timeoutMs);
    const result = commandResult(argv, netns, answer);
    if (!(options.okCodes ?? [0]).includes(result.code)) {
      this.#countsOf(argv).failed += 1;
      throw new CommandFailed({ argv, code: result.code, stderr: result.stderr, netns });
    }
    return result;
  }

  async daemon(
    argv: readonly string[],
    options: { netns?: string; env?: Record<string, string>; logFile?: string } = {},
  ): Promise<void> {
    const { netns, logFile, env } = options;
    const answer = await this.#asked({ op: 'daemon', argv, netns, env, logFile }, DEFAULT_TIMEOUT_MS);
    const { code, stderr } = commandResult(argv, netns, answer);
    if (code === 0) return;
    this.#countsOf(argv).failed += 1;
    throw new CommandFailed({ argv, code, stderr, netns });
  }

  open(argv: readonly string[], handlers: OpenHandlers): OpenCommand {
    let stderr = '';
    let open = true;
    const id = this.#send(
      { op: 'open', argv },
      {
        onAnswer: (answer) => {
          if (answer.pid !== undefined) open && handlers.onStart?.(answer.pid);
          else if (answer.out !== undefined) open && handlers.onOutput(answer.out);
          else if (answer.err !== undefined) stderr += answer.err;
          else end(stderr);
        },
        onLost: () => end('the helper process ended'),
      },
    );
    const end = (why: string) => {
      this.#waiting.delete(id);
      if (open) handlers.onExit(why);
      open = false;
    };
    const tell = (op: string) => {
      if (this.#waiting.has(id)) this.#helper?.stdin?.write(`${JSON.stringify({ id, op })}\n`);
    };
    return {
      stop: () => tell('stop'),
      close: () => {
        open = false;
        tell('kill');
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#restart) clearTimeout(this.#restart);
    const helper = this.#helper;
    if (!helper) return;
    const ended = new Promise<void>((resolve) => helper.once('close', () => resolve()));
    helper.stdin?.end();
    await ended;
  }

  /** Asks, and tells of the command when it has ended. */
  async #asked(request: Request, timeoutMs: number): Promise<Answer> {
    const startedMs = performance.now();
    const tell = (outcome: object) => {
      const { op, argv, netns, stdin } = request;
      const ms = Math.round((performance.now() - startedMs) * 10) / 10;
      const input = typeof stdin === 'string' ? { stdin: shortened(stdin) } : {};
      this.#logger.debug({ argv, netns, ...input, ms, ...outcome }, op === 'run' ? 'ran' : 'started');
      const counts = this.#countsOf(argv as readonly string[]);
      counts[op === 'run' ? 'ran' : 'started'] += 1;
      counts.seconds += ms / 1000;
      if ('error' in outcome) counts.failed += 1;
    };
    try {
      const answer = await this.#ask(request, timeoutMs);
      tell(answer.error === undefined ? { code: answer.code } : { error: answer.error });
      return answer;
    } catch (error) {
      tell({ error });
      throw error;
    }
  }

  #countsOf([program = '']: readonly string[]): CommandCounts {
    const counts = this.statistics.get(program) ?? { ran: 0, started: 0, failed: 0, seconds: 0 };
    this.statistics.set(program, counts);
    return counts;
  }

  #ask(request: Request, timeoutMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const argv = request.argv as readonly string[];
      const netns = request.netns as string | undefined;
      const fail = (why: string) => reject(new CommandFailed({ argv, code: null, stderr: '', netns, why }));
      if (this.#closed) return fail('this program is stopping');
      // The helper may have others in front of this one in its queue, each with a time-out of its own.
      const timer = setTimeout(() => this.#helper?.kill('SIGKILL'), timeoutMs * 3 + HELPER_GRACE_MS);
      const id: number = this.#send(request, {
        onAnswer: (answer) => {
          clearTimeout(timer);
          this.#waiting.delete(id);
          resolve(answer);
        },
        onLost: () => {
          clearTimeout(timer);
          fail('the helper process ended');
        },
      });
    });
  }

  #send(request: Request, waiting: Waiting): number {
    // It lives on when whoever needed it first has got an answer.
    const helper = this.#helper ?? causedBy([], () => this.#start());
    this.#lastId += 1;
    const id = this.#lastId;
    this.#waiting.set(id, waiting);
    helper.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    return id;
  }

  #start(): ChildProcess {
    const helper = spawn(process.execPath, this.#argv, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: HELPER_ENVIRONMENT,
      cwd: '/',
      // A session of its own: Ctrl-C in the agent's terminal must not take the helper away before the agent is done.
      detached: true,
    });
    this.#helper = helper;
    let pieces: string[] = [];
    helper.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = chunk.split('\n');
      const last = lines.pop() as string;
      for (const line of lines) {
        const whole = pieces.length > 0 ? pieces.join('') + line : line;
        pieces = [];
        const answer = JSON.parse(whole) as Answer;
        this.#restartMs = FIRST_RESTART_MS;
        this.#waiting.get(answer.id)?.onAnswer(answer);
      }
      if (last) pieces.push(last);
    });
    helper.stdin?.on('error', () => {});
    helper.on('error', (error) => this.#lost(helper, error.message));
    helper.on('close', (code, signal) => this.#lost(helper, signal ?? `exit code ${code}`));
    return helper;
  }

  #lost(helper: ChildProcess, why: string): void {
    if (this.#helper !== helper) return;
    this.#helper = null;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    if (!this.#closed) {
      this.#logger.error({ why, calls: lost.length }, 'The helper process ended; it is started anew');
      this.#restartLater();
    }
    for (const waiting of lost) waiting.onLost();
  }

  /** With the next call at once, else soon: so that it is there when it is needed, and seen to be. */
  #restartLater(): void {
    if (this.#restart) clearTimeout(this.#restart);
    this.#restart = setTimeout(() => {
      if (!this.#closed && !this.#helper) this.#start();
    }, this.#restartMs);
    this.#restart.unref();
    this.#restartMs = Math.min(this.#restartMs * 2, LONGEST_RESTART_MS);
  }
}

/** Batches and rule sets may be megabytes. */
function shortened(text: string): string {
  return text.length <= LOGGED_INPUT ? text.trimEnd() : `${text.slice(0, LOGGED_INPUT)}… (${text.length} characters)`;
}

function commandResult(argv: readonly string[], netns: string | undefined, answer: Answer): CommandResult {
  if (answer.error !== undefined) {
    throw new CommandFailed({ argv, code: null, stderr: answer.stderr ?? '', netns, why: answer.error });
  }
  return { code: answer.code ?? 0, stdout: answer.stdout ?? '', stderr: answer.stderr ?? '' };
}
