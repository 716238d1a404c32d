/** Whether all that there is to try is tried, however long it takes: `npm run test:long`. */
export const isLong = Boolean(process.env.NEUTRINO_TEST_LONG);

/** Days since 1970. Another one can be chosen, to see again what failed on it. */
const day = Number(process.env.NEUTRINO_TEST_DAY ?? Math.floor(Date.now() / 86_400_000));

/** How often something drawn by chance is tried. */
export const runs = (everyday: number, long: number): number => (isLong ? long : everyday);

/**
 * Of what only repeats under other conditions so many a day, the next ones on the next day; with `--long` all of it.
 *
 * @param ahead begins so many further on than others do on this day
 */
export function byTurns<T>(all: readonly T[], count: number, ahead = 0): T[] {
  if (isLong || count >= all.length) return [...all];
  const first = (day * count + ahead) % all.length;
  return Array.from({ length: count }, (_, at) => all[(first + at) % all.length]!);
}

/** How far ahead the database is on which the project's tests run: so each kind tries something else of what goes by turns. */
export const databaseTurn = (): number =>
  ['sqlite', 'mysql', 'postgres'].indexOf(process.env.NEUTRINO_TEST_ON ?? 'sqlite');
