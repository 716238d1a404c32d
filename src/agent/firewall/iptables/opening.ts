import type { Together } from '../contract.ts';
import type { Desired } from './desired.ts';
import type { Ready } from './ready.ts';
import { isPassing } from './unit.ts';

/** A guard that waits for a lock must not keep the changes of other ports for longer. */
const PATIENCE_MS = 3_000;

/** Taps that nothing passes as yet, and something will. */
export function openingTaps({ families }: Pick<Ready, 'families'>, { ports }: Desired): ReadonlySet<string> {
  const opening = [...ports].filter(([tap, plan]) =>
    families.some(({ version, units }) => isPassing(plan.units[version]) && !isPassing(units.get(tap))),
  );
  return new Set(opening.map(([tap]) => tap));
}

/** Waits for the guards, where something is to be opened. @returns of `opening` what is not guarded, with the reason */
export async function mustStayShut(
  opening: ReadonlySet<string>,
  together: Pick<Together, 'unguarded'> | undefined,
  patienceMs = PATIENCE_MS,
): Promise<ReadonlyMap<string, string>> {
  if (!together || opening.size === 0) return new Map();
  const late = Promise.withResolvers<ReadonlyMap<string, string>>();
  const reason = 'protection against spoofing is not written yet';
  const timer = setTimeout(() => late.resolve(new Map([...opening].map((tap) => [tap, reason]))), patienceMs);
  try {
    const unguarded = await Promise.race([together.unguarded, late.promise]);
    return new Map([...unguarded].filter(([tap]) => opening.has(tap)));
  } finally {
    clearTimeout(timer);
  }
}
