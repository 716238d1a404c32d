/** Compares everything with the server's word, one comparison at a time. */
export class FullSync {
  readonly #work: () => Promise<void>;
  #running: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** The one that runs now. */
  get running(): Promise<void> | null {
    return this.#running;
  }

  /** Asked for while one runs, another follows it; the caller waits for the one that runs. @throws what the work throws */
  async run(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return await this.#running;
    }
    this.#running = this.#work();
    try {
      await this.#running;
    } finally {
      this.#running = null;
    }
    if (this.#again && !this.#closed) {
      this.#again = false;
      await this.run();
    }
  }

  /** None follows any more. */
  close(): void {
    this.#closed = true;
  }
}
