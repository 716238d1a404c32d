import type { EmulatedHost } from '../emulated/host.ts';
import type { Finished } from '../emulated/process.ts';
import { until } from '../emulated/wait.ts';

/** A step did not come out as said. */
export class TourFailed extends Error {
  override name = 'TourFailed';
}

export interface ShowOptions {
  /** What must be found in what the command prints. */
  shows?: readonly (string | RegExp)[];
  /** What must not. */
  hides?: readonly (string | RegExp)[];
  /** Exit codes that are as said; default [0]. */
  okCodes?: readonly number[];
  /** Put behind the command line where the point of it is not obvious. */
  note?: string;
  /** Words to mark in what is printed. */
  mark?: readonly (string | RegExp)[];
  netns?: string;
  env?: Record<string, string>;
  /** Prints only lines that match. */
  only?: RegExp;
  /** Repeats the command until it comes out as said, and shows that one: for things that take a moment. */
  withinMs?: number;
}

/**
 * Tells a story in commands: prints each one, runs it for real, prints what it really answered, and stops the tour when that
 * is not what was said.
 */
export class Narrator {
  readonly #write: (text: string) => void;
  readonly #colour: boolean;
  readonly #env: Record<string, string>;
  #checks = 0;

  constructor({ write, colour, env }: { write: (text: string) => void; colour: boolean; env: Record<string, string> }) {
    this.#write = write;
    this.#colour = colour;
    this.#env = env;
  }

  /** How many things were compared with what was said. */
  get checks(): number {
    return this.#checks;
  }

  chapter(title: string): void {
    this.#write(`\n${this.#paint('1;36', `== ${title} ==`)}\n`);
  }

  say(text: string): void {
    this.#write(`\n${text}\n`);
  }

  /** Prints and runs a command; returns what it printed. @throws TourFailed when it does not come out as said */
  async show(host: EmulatedHost, argv: readonly string[], options: ShowOptions = {}): Promise<string> {
    const { okCodes = [0], netns, env, withinMs } = options;
    const run = () =>
      host.run(argv, {
        okCodes: Array.from({ length: 256 }, (_, code) => code),
        env: { ...this.#env, ...env },
        ...(netns ? { netns } : {}),
      });
    const complaint = (result: Finished): string | null => {
      const text = result.stdout + result.stderr;
      if (!okCodes.includes(result.code)) return `exit code ${result.code}`;
      const missing = options.shows?.find((wanted) => !matches(text, wanted));
      if (missing !== undefined) return `nothing like ${missing} in it`;
      const present = options.hides?.find((unwanted) => matches(text, unwanted));
      return present === undefined ? null : `${present} in it`;
    };
    let result = await run();
    if (withinMs !== undefined && complaint(result) !== null) {
      await until(
        argv.join(' '),
        async () => {
          result = await run();
          return complaint(result) === null;
        },
        { timeoutMs: withinMs, everyMs: 200 },
      ).catch(() => {}); // the last answer is shown and complained of below
    }
    this.#print(host, argv, result, options);
    const wrong = complaint(result);
    if (wrong !== null) throw new TourFailed(`${argv.join(' ')}: ${wrong}`);
    this.#checks += 1 + (options.shows?.length ?? 0) + (options.hides?.length ?? 0);
    return result.stdout;
  }

  /** Says what is so, and stops the tour when it is not. */
  confirm(truth: boolean, text: string): void {
    if (!truth) throw new TourFailed(`not so: ${text}`);
    this.#checks++;
    this.#write(`${this.#paint('32', `   ✓ ${text}`)}\n`);
  }

  #print(
    host: EmulatedHost,
    argv: readonly string[],
    { stdout, stderr }: Finished,
    { note, netns, mark = [], only }: ShowOptions,
  ): void {
    const inside = netns ? ['ip', 'netns', 'exec', netns] : [];
    const line = [...inside, ...argv].map(quote).join(' ');
    this.#write(`\n${this.#paint('1', `${host.name}# ${line}`)}${note ? this.#paint('2', `   # ${note}`) : ''}\n`);
    const text = (stdout + stderr).replace(/\n+$/, '');
    const lines = text === '' ? [] : text.split('\n');
    const shown = only ? lines.filter((one) => only.test(one)) : lines;
    for (const line of shown) this.#write(`${this.#marked(line, mark)}\n`);
  }

  #marked(text: string, mark: ShowOptions['mark'] = []): string {
    return mark.reduce<string>((marked, word) => marked.replace(word, (found) => this.#paint('1;33', found)), text);
  }

  #paint(code: string, text: string): string {
    return this.#colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

function matches(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
}

/** As one would type it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
