import { afterAll, beforeAll } from 'vitest';
import { ChromiumBrowser, type Screen, type ScreenOptions } from './browser.ts';

/** A browser and what it looks at, for all tests of a file. */
export interface BrowserStand<Stage> {
  readonly stage: Stage;
  /** For one test. */
  open(options?: ScreenOptions): Promise<Screen>;
}

/**
 * Opens a browser and what it looks at before the tests of a file, and closes them after these.
 * @param set gives what is looked at; what it puts into the stack is closed, also when it fails half-way
 */
export function browserStand<Stage>(set: (kept: AsyncDisposableStack) => Promise<Stage>): BrowserStand<Stage> {
  const kept = new AsyncDisposableStack();
  let opened: { stage: Stage; browser: ChromiumBrowser } | undefined;
  const before = () => {
    if (opened === undefined) throw new Error('nothing is looked at before the tests begin');
    return opened;
  };
  beforeAll(async () => {
    const launched = ChromiumBrowser.launch().then((browser) => kept.use(browser));
    // A browser that comes when all is closed already would stay for ever.
    const [staged] = await Promise.allSettled([set(kept), launched]);
    if (staged.status === 'rejected') throw staged.reason;
    opened = { stage: staged.value, browser: await launched };
  }, 300_000);
  afterAll(() => kept.disposeAsync());
  return {
    get stage() {
      return before().stage;
    },
    open: (options) => before().browser.open(options),
  };
}
