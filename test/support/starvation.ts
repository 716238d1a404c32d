import { spawn } from 'node:child_process';

/** Looks at the clock each 5 ms and says by how many milliseconds it came too late, whenever that is a new record. */
const WATCH = `
let last = performance.now(), longest = 0;
setInterval(() => {
  const now = performance.now(), late = now - last - 5;
  last = now;
  if (late > longest) console.log(String(longest = late));
}, 5);
console.log('0');
`;

/**
 * How long this machine lets a program wait that wants to do next to nothing. A test that says "no longer than a second" of
 * programs means programs that get a processor: it allows what `allowanceMs` says besides.
 */
export class Starvation implements Disposable {
  readonly #child = spawn(process.execPath, ['-e', WATCH], { stdio: ['ignore', 'pipe', 'inherit'] });
  #longestMs = 0;

  /** Begins to watch. */
  static async watch(): Promise<Starvation> {
    const starvation = new Starvation();
    await new Promise<void>((resolve) => {
      starvation.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
        starvation.#longestMs = Number(text.trim().split('\n').at(-1));
        resolve();
      });
    });
    return starvation;
  }

  /** The program that looks at the clock. */
  get pid(): number {
    return this.#child.pid!;
  }

  /**
   * What may be added to a limit. What is measured passes through several programs, each of which waits its turn, and some have
   * more to do than to look at the clock.
   */
  get allowanceMs(): number {
    return this.#longestMs * 5;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}
