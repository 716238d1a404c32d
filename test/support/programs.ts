import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EmulatedHost, HostProcess } from './hosts.ts';
import { until } from './wait.ts';

/** Top of the checkout. */
export const project = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * One of our executables (or, with `path`, somebody else's), running in an emulated host or (for programs that only talk to
 * loopback) on this machine. It can be killed and started again with the same arguments.
 */
export class Program implements AsyncDisposable {
  readonly name: string;
  readonly host: EmulatedHost | null;
  readonly #argv: readonly string[];
  readonly #env: Record<string, string>;
  #process: HostProcess | null = null;
  #earlier = '';

  constructor({
    name,
    args = [],
    host = null,
    env = {},
    path = join(project, 'bin', name),
  }: {
    name: string;
    args?: readonly string[];
    host?: EmulatedHost | null;
    env?: Record<string, string>;
    path?: string;
  }) {
    this.name = name;
    this.host = host;
    this.#argv = [path, ...args];
    this.#env = env;
  }

  start(env: Record<string, string> = {}): void {
    if (this.running) throw new Error(`${this.name} runs already`);
    this.#earlier += this.#process?.output ?? '';
    const options = { env: { ...this.#env, ...env } };
    // On this machine itself the program has no namespace to enter, but keeps a parent of its own all the same.
    this.#process = this.host
      ? this.host.spawn(this.#argv, options)
      : new HostProcess(['setsid', '--fork', '--wait'], this.#argv, options);
  }

  get running(): boolean {
    return this.#process?.running ?? false;
  }

  /** All it has printed, over all starts. */
  get output(): string {
    return this.#earlier + (this.#process?.output ?? '');
  }

  /** What it has printed since its last start. */
  get recentOutput(): string {
    return this.#process?.output ?? '';
  }

  /** Its id on this machine; null when it does not run. */
  async pid(): Promise<number | null> {
    return (await this.#process?.pid()) ?? null;
  }

  /** Waits for `check`; fails at once, with the program's last words, when the program ends meanwhile. */
  async ready<T>(
    what: string,
    check: () => Promise<T | false | null | undefined> | T | false | null | undefined,
    timeoutMs = 20_000,
  ): Promise<T> {
    return await Promise.race([
      until(`${this.name}: ${what}`, check, { timeoutMs }).catch((error: Error) => {
        throw new Error(`${error.message}\n${this.recentOutput.slice(-4000)}`, { cause: error });
      }),
      this.#process!.finished.then((end) => {
        throw new Error(
          `${this.name} ended with exit code ${end.code} before ${what}:\n${this.recentOutput.slice(-4000)}`,
        );
      }),
    ]);
  }

  async kill9(): Promise<void> {
    await this.#process?.kill('SIGKILL');
    await this.#process?.finished;
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#process?.kill(signal);
  }

  /** Ends it as `systemctl stop` would. Returns its exit code. */
  async stop(): Promise<number> {
    return this.#process ? (await this.#process.stop()).code : 0;
  }

  /** Waits for its own end. */
  async finished(): Promise<{ code: number; output: string }> {
    const end = await this.#process!.finished;
    return { code: end.code, output: this.recentOutput };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.stop();
  }
}

/** Writes a configuration file: sections of options, in the order given. Returns its path. */
export async function writeConfig(
  folder: string,
  name: string,
  sections: Record<string, Record<string, string | number | boolean>>,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const text = Object.entries(sections)
    .map(([section, options]) =>
      [`[${section}]`, ...Object.entries(options).map(([option, value]) => `${option} = ${value}`), ''].join('\n'),
    )
    .join('\n');
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

/** A port of this machine's loopback that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Proportional memory of a process in MB, its share of shared pages counted once. */
export async function pssMb(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)![1]) / 1024;
}
