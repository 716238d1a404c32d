import type { KeptFile } from '../daemons/kept.ts';

/**
 * keepalived that is told to read its configuration while it has just begun to speak may see two primaries: between two
 * contents of its files is a while. The first is handed out at once, later ones when it is over, only the last of them.
 */
export class ReloadThrottle {
  readonly #pauseMs: number;
  readonly #again: (routerId: string) => void;
  readonly #now: () => number;
  readonly #given = new Map<string, { files: readonly KeptFile[]; atMs: number; timer: NodeJS.Timeout | null }>();

  /** @param again called when another content may be taken */
  constructor(pauseMs: number, again: (routerId: string) => void, now: () => number = () => performance.now()) {
    this.#pauseMs = pauseMs;
    this.#again = again;
    this.#now = now;
  }

  /** The files that keepalived is to have now: these, or those from before. */
  take(routerId: string, files: readonly KeptFile[]): readonly KeptFile[] {
    const given = this.#given.get(routerId);
    if (given && sameFiles(given.files, files)) return given.files;
    const waitMs = given ? given.atMs + this.#pauseMs - this.#now() : 0;
    if (given && waitMs > 0) {
      given.timer ??= setTimeout(() => {
        given.timer = null;
        this.#again(routerId);
      }, waitMs);
      return given.files;
    }
    this.forget(routerId);
    this.#given.set(routerId, { files, atMs: this.#now(), timer: null });
    return files;
  }

  forget(routerId: string): void {
    const timer = this.#given.get(routerId)?.timer;
    if (timer) clearTimeout(timer);
    this.#given.delete(routerId);
  }

  close(): void {
    for (const id of [...this.#given.keys()]) this.forget(id);
  }
}

function sameFiles(a: readonly KeptFile[], b: readonly KeptFile[]): boolean {
  return (
    a.length === b.length && a.every(({ path, text }, index) => path === b[index]!.path && text === b[index]!.text)
  );
}
