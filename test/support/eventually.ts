import { vi } from 'vitest';

/**
 * Waits until `check` no longer throws and returns what it returned. Vitest's own `vi.waitFor` gives up after a second, which is
 * nothing on a machine that does much else.
 */
export const eventually = <T>(check: () => T | Promise<T>, { interval = 10 } = {}): Promise<T> =>
  vi.waitFor(check, { timeout: 40_000, interval });
