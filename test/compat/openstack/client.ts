import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Json } from '../../support/api.ts';

export interface Outcome {
  code: number;
  out: string;
  err: string;
}

const driver = fileURLToPath(new URL('driver.py', import.meta.url));

/** Debian's own client, many commands in one process (see `driver.py`). Commands run one after the other. */
export class Client implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;
  #last: Promise<unknown> = Promise.resolve();
  #errors = '';

  constructor(name: 'openstack' | 'neutron', env: Record<string, string>) {
    this.#name = name;
    this.#child = spawn('/usr/bin/python3', ['-W', 'ignore', driver, name], { env: { ...process.env, ...env } });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.on('data', (text) => {
      this.#errors += text;
    });
  }

  /** Runs one command; the words are split at blanks, where one has blanks itself it is given in a list. */
  run(...words: readonly (string | readonly string[])[]): Promise<Outcome> {
    const argv = words.flatMap((word) => (typeof word === 'string' ? word.split(' ') : word));
    const outcome = this.#last.then(async () => {
      this.#child.stdin.write(`${JSON.stringify(argv)}\n`);
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.#name} ended: ${this.#errors.slice(-2000)}`);
      return JSON.parse(value);
    });
    this.#last = outcome.catch(() => undefined);
    return outcome;
  }

  /** What it prints. @throws Error when it ends with another code than 0 */
  async ok(...words: readonly (string | readonly string[])[]): Promise<string> {
    const { code, out, err } = await this.run(...words);
    if (code !== 0) throw new Error(`${this.#name} ${words.join(' ')}: ${code}\n${err}${out}`);
    return out;
  }

  /** What it prints with `-f json`. */
  async json(...words: readonly (string | readonly string[])[]): Promise<Json> {
    const out = await this.ok(...words, '-f json');
    // `show` of the neutron client prints an object, create a line before it.
    return JSON.parse(out.slice(out.search(/^[[{]/m)));
  }

  /** The names a list shows. */
  async names(...words: readonly (string | readonly string[])[]): Promise<string[]> {
    const rows: Json[] = await this.json(...words);
    return rows.map((row) => row.Name ?? row.name).sort();
  }

  /** What it complains of. @throws Error when it succeeds */
  async fails(...words: readonly (string | readonly string[])[]): Promise<string> {
    const { code, out, err } = await this.run(...words);
    if (code === 0) throw new Error(`${this.#name} ${words.join(' ')} succeeded: ${out}`);
    return err + out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await new Promise((resolve) => this.#child.once('close', resolve));
  }
}

/** One command as a shell would start it: the real executable, one process. */
export function runProgram(program: string, argv: readonly string[], env: Record<string, string>): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(`/usr/bin/${program}`, argv, { env: { ...process.env, ...env } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}
