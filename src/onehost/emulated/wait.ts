/** How many times longer everything may take, and how much more seldom it is looked at: tests in an emulated machine set it. */
export const patience = Number(process.env.NEUTRINO_TEST_PATIENCE ?? 1);
/** Looking costs whom one waits for. */
const pauses = patience === 1 ? 1 : patience * 2;
/** So a pause is this part of what was waited before it, up to the longest. */
const SHARE = 1 / 10;
const LONGEST_PAUSE_MS = 250 * patience;

/**
 * Waits until `check` answers with something true and returns it. What `check` throws meanwhile counts as "not yet" and is
 * told when time is up, so that a failed wait says what was last seen. It looks more and more seldom.
 *
 * @throws Error naming `what`, the time waited and the last answer or error
 */
export async function until<T>(
  what: string,
  check: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  { timeoutMs = 30_000, everyMs = 25 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const begin = performance.now();
  const end = begin + timeoutMs * patience;
  for (;;) {
    let last: unknown;
    try {
      const answer = await check();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(
        `waited ${timeoutMs * patience} ms in vain for ${what}; last seen: ${seen}`,
        last instanceof Error ? { cause: last } : undefined,
      );
    }
    const growing = Math.min((performance.now() - begin) * SHARE, LONGEST_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, Math.max(everyMs * pauses, growing)));
  }
}
