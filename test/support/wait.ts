import { patience, until as untilWithin } from '../../src/onehost/emulated/wait.ts';

export { patience };

/** The least that a test waits before it gives up: how long something takes on a busy machine is nobody's business. */
const LEAST_MS = 60_000 / patience;

/** `until` of `src/onehost`, which waits at least as long as a machine may need that does much else. */
export const until: typeof untilWithin = (what, check, { timeoutMs = 0, ...options } = {}) =>
  untilWithin(what, check, { ...options, timeoutMs: Math.max(timeoutMs, LEAST_MS) });
