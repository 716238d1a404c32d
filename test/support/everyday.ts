/** Whether all that there is to try is tried, however long it takes: `npm run test:long`. */
export const isLong = Boolean(process.env.NEUTRINO_TEST_LONG);

/** How often something drawn by chance is tried. */
export const runs = (everyday: number, long: number): number => (isLong ? long : everyday);

/**
 * What goes by turns: with `--long` all of it, otherwise each `of`th from `turn` on. So cases that say the same under other
 * conditions are shared out among those conditions, and each is run once.
 */
export function inTurn<T>(all: readonly T[], turn: number, of: number): readonly T[] {
  return isLong ? all : all.filter((_, i) => i % of === turn % of);
}

/** The turn of the database that the project's tests run on: what is tried on each kind with `--long` has one of them otherwise. */
export const databaseTurn = (): number =>
  ['sqlite', 'mysql', 'postgres'].indexOf(process.env.NEUTRINO_TEST_ON ?? 'sqlite');
