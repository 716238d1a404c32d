import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { until } from './wait.ts';

/** What a finished command left. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface SpawnOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Fed to the command, then closed; without it stdin is empty. */
  stdin?: string;
  /** Stdin stays open after that, for `write`. */
  keepOpen?: boolean;
  /** Called with each piece of stdout and stderr as it comes. */
  onOutput?: (text: string) => void;
}

/**
 * A command inside namespaces. `nsenter` stays outside as its parent (a PID namespace can only be entered by forking), so
 * signals must go to the child and not to `nsenter`: that is what this object is for.
 */
export class HostProcess {
  /** Resolves when it has ended: its exit code, or 128 + signal. */
  readonly finished: Promise<Finished>;
  readonly argv: readonly string[];
  readonly #outer: ChildProcess;
  #output = { stdout: '', stderr: '' };
  #ended = false;

  constructor(enter: readonly string[], argv: readonly string[], options: SpawnOptions = {}) {
    this.argv = argv;
    const inFolder = options.cwd ? ['sh', '-c', 'cd "$0" && exec "$@"', options.cwd] : [];
    const [program, ...rest] = [...enter, ...inFolder, ...argv];
    this.#outer = spawn(program!, rest, { env: { ...process.env, ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#outer[stream]!.setEncoding('utf8').on('data', (text: string) => {
        this.#output[stream] += text;
        options.onOutput?.(text);
      });
    }
    this.#outer.stdin!.on('error', () => {}); // the command may end before it has read everything
    if (options.stdin) this.#outer.stdin!.write(options.stdin);
    if (!options.keepOpen) this.#outer.stdin!.end();
    this.finished = new Promise((resolve, reject) => {
      this.#outer.once('error', reject);
      this.#outer.once('close', (code, signal) => {
        this.#ended = true;
        resolve({ code: code ?? (signal === 'SIGKILL' ? 137 : 143), ...this.#output });
      });
    });
    this.finished.catch(() => {}); // whoever awaits it hears of it
  }

  get running(): boolean {
    return !this.#ended;
  }

  /** What it has printed so far. */
  get output(): string {
    return this.#output.stdout + this.#output.stderr;
  }

  /** Feeds a command that was started with `keepOpen`. */
  write(text: string): void {
    this.#outer.stdin!.write(text);
  }

  endInput(): void {
    this.#outer.stdin!.end();
  }

  /** Its id outside of the host's PID namespace; null when it has ended. */
  async pid(): Promise<number | null> {
    const parent = this.#outer.pid;
    const found = await until(`the process of ${this.argv[0]}`, async () => {
      const { exitCode, signalCode } = this.#outer;
      if (this.#ended || parent === undefined || exitCode !== null || signalCode !== null) return 'ended';
      return Number((await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')).split(' ')[0]);
    });
    return found === 'ended' ? null : found;
  }

  /** Sends a signal to the command itself. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const pid = await this.pid();
    if (pid === null) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Stops the command for a while. `nsenter` sees that and stops itself. */
  async halt(): Promise<void> {
    await this.kill('SIGSTOP');
    await until(`${this.argv[0]} to halt`, async () =>
      /\) T /.test(await readFile(`/proc/${this.#outer.pid}/stat`, 'utf8')),
    );
  }

  /** After `halt`: `nsenter` goes on, and has the command go on. */
  goOn(): void {
    this.#outer.kill('SIGCONT');
  }

  /** TERM, then KILL after `graceMs`; children of it that hold on to its output are not waited for either. */
  async stop(graceMs = 5_000): Promise<Finished> {
    await this.kill('SIGTERM');
    const end = async () => {
      await this.kill('SIGKILL').catch(() => {}); // gone between two looks
      for (const stream of [this.#outer.stdout, this.#outer.stderr]) stream?.destroy();
    };
    const timer = setTimeout(() => void end(), graceMs);
    try {
      return await this.finished;
    } finally {
      clearTimeout(timer);
    }
  }
}
