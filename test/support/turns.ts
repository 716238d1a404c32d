/** Days since 1970. Another one can be chosen, to see again what failed on it. */
const day = Number(process.env.NEUTRINO_TEST_DAY ?? Math.floor(Date.now() / 86_400_000));

/**
 * Of what only repeats under other conditions so many a day, the next ones on the next day; with `--long` all of it.
 *
 * @param ahead begins so many further on than others do on this day
 */
export function byTurns<T>(all: readonly T[], count: number, ahead = 0): T[] {
  if (process.env.NEUTRINO_TEST_LONG || count >= all.length) return [...all];
  const first = (day * count + ahead) % all.length;
  return Array.from({ length: count }, (_, at) => all[(first + at) % all.length]!);
}
