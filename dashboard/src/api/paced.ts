/** Timers, so that tests need not wait. */
export interface Timers {
  set(run: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

const ofBrowser: Timers = {
  set: (run, ms) => setTimeout(run, ms),
  clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

export interface Paced {
  /** Runs now, or when the pause after the last run is over. */
  ask(): void;
  stop(): void;
}

/**
 * Runs something at once when it is asked for, and after that at most once per pause, never leaving out the last wish.
 * @param pause ms
 */
export function paced(run: () => void, pause: number, timers: Timers = ofBrowser): Paced {
  let timer: unknown = null;
  let isWanted = false;
  const now = () => {
    isWanted = false;
    run();
    timer = timers.set(() => {
      timer = null;
      if (isWanted) now();
    }, pause);
  };
  return {
    ask() {
      if (timer === null) now();
      else isWanted = true;
    },
    stop() {
      if (timer !== null) timers.clear(timer);
      timer = null;
      isWanted = false;
    },
  };
}
