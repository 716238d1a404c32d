import { type ChildProcess, spawn } from 'node:child_process';

/** The first pause before a program that ended is started again; it doubles up to the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** A program that ran for this long was well; the next pause is the first again. */
const WELL_AFTER_MS = 10_000;
const LAST_WORDS_MS = 100;
const KEPT_STDERR = 4_000;

export interface ChildParts {
  name: string;
  argv: readonly string[];
  /** Told when it ended by itself, with its last words and the pause until it is started again. */
  onEnd?: (end: { name: string; how: string; lastWords: string; pauseMs: number }) => void;
  onStart?: (pid: number) => void;
}

/**
 * One of our programs, kept running: started again with growing pauses when it ends by itself. It has no terminal (Ctrl-C
 * is ours to pass on, in order), and ends when its stdin does: with us, even if we are killed.
 */
export class Child {
  readonly name: string;
  readonly #parts: ChildParts;
  #process: ChildProcess | null = null;
  #lastWords = '';
  #startedAtMs = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #retry: NodeJS.Timeout | null = null;
  #stopping = false;
  #refusals: string[] = [];
  #ended: Promise<void> = Promise.resolve();
  readonly #firstEnd = Promise.withResolvers<string>();

  constructor(parts: ChildParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Settles when it gives up for the first time, with its last words; being killed is no such case. */
  get firstEnd(): Promise<string> {
    return this.#firstEnd.promise;
  }

  /** What it said the last times it gave up by itself, one after the other, without a time of running well in between. */
  get refusals(): readonly string[] {
    return this.#refusals;
  }

  start(): void {
    const [program, ...args] = this.#parts.argv;
    this.#lastWords = '';
    this.#startedAtMs = performance.now();
    const child = spawn(program!, args, {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
      cwd: '/',
      env: { ...process.env, NEUTRINO_END_WITH_STDIN: '1' },
    });
    this.#process = child;
    child.stdin!.on('error', () => {});
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-KEPT_STDERR);
    });
    const closed = new Promise((done) => child.once('close', done));
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#lastWords = error.message;
        this.#process = null;
        resolve();
        this.#onEnd('could not be started');
      });
      child.once('exit', async (code, signal) => {
        // Its last words may still be in the pipe; a daemon of it may hold the other end open for ever.
        await Promise.race([closed, new Promise((done) => setTimeout(done, LAST_WORDS_MS))]);
        if (this.#process !== child) return;
        this.#process = null;
        resolve();
        this.#onEnd(signal ? `was ended by ${signal}` : `ended with exit code ${code}`, signal !== null);
      });
    });
    if (child.pid) this.#parts.onStart?.(child.pid);
  }

  /** Asks it to end and waits; kills it after `limitMs`. */
  async stop(limitMs = 10_000): Promise<void> {
    this.#stopping = true;
    if (this.#retry) clearTimeout(this.#retry);
    const child = this.#process;
    if (!child) return;
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    await this.#ended;
    clearTimeout(limit);
  }

  /** At once, for a second Ctrl-C. */
  kill(): void {
    this.#stopping = true;
    this.#process?.kill('SIGKILL');
  }

  #onEnd(how: string, killed = false): void {
    if (this.#stopping) return;
    if (performance.now() - this.#startedAtMs > WELL_AFTER_MS) {
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#refusals = [];
    }
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    const lastWords = this.#lastWords.trim().split('\n').at(-1) ?? '';
    if (!killed) {
      this.#refusals.push(lastWords || `${this.name} ${how}`);
      this.#firstEnd.resolve(lastWords || `${this.name} ${how}`);
    }
    this.#retry = setTimeout(() => this.start(), pauseMs);
    this.#parts.onEnd?.({ name: this.name, how, lastWords, pauseMs });
  }
}
