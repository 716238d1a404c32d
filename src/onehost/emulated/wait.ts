/** How many times longer everything may take, and how much more seldom it is looked at: tests in an emulated machine set it. */
export const patience = Number(process.env.NEUTRINO_TEST_PATIENCE ?? 1);
/** Looking costs whom one waits for. */
const pauses = patience === 1 ? 1 : patience * 2;

/**
 * Waits until `check` answers with something true and returns it. What `check` throws meanwhile counts as "not yet" and is
 * told when time is up, so that a failed wait says what was last seen.
 *
 * @throws Error naming `what`, the time waited and the last answer or error
 */
export async function until<T>(
  what: string,
  check: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  { timeoutMs = 30_000, everyMs = 25 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const end = performance.now() + timeoutMs * patience;
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
    await new Promise((resolve) => setTimeout(resolve, everyMs * pauses));
  }
}
