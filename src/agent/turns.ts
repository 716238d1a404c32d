/** Somebody's place in the queue: lower comes first. May be lowered while it waits. */
export interface Place {
  priority: number;
}

/** Lets at most so many pieces of work run at once; the others wait, by priority and then in order. */
export class Turns {
  readonly #most: number;
  readonly #waiting: { place: Place; go: () => void }[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether anybody waits. */
  get isFull(): boolean {
    return this.#waiting.length > 0;
  }

  async take<T>(work: () => Promise<T>, place: Place = { priority: 0 }): Promise<T> {
    if (this.#running >= this.#most) await new Promise<void>((go) => this.#waiting.push({ place, go }));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      // The turn is handed on: nobody can come in between.
      const next = this.#next();
      if (next) next();
      else this.#running -= 1;
    }
  }

  #next(): (() => void) | null {
    if (this.#waiting.length === 0) return null;
    let best = 0;
    for (const [index, { place }] of this.#waiting.entries()) {
      if (place.priority < this.#waiting[best]!.place.priority) best = index;
    }
    return this.#waiting.splice(best, 1)[0]!.go;
  }
}
