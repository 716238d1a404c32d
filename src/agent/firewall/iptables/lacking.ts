import type { IpVersion } from '../../../lib/ip/address.ts';
import type { Desired } from './desired.ts';
import { setName } from './names.ts';
import type { Ready } from './ready.ts';

/** A port whose rules refer to a set that is not as it should be. */
export interface Lacking {
  readonly versions: ReadonlySet<IpVersion>;
  readonly reason: string;
  /** There is no such set: rules that refer to it cannot be made. */
  readonly isMissing: boolean;
}

/** @param failed sets that could not be made or changed, with the reason */
export function lackingSets(
  { sets }: Ready,
  desired: Desired,
  failed: ReadonlyMap<string, string>,
): Map<string, Lacking> {
  const lacking = new Map<string, Lacking>();
  if (failed.size === 0) return lacking;
  for (const [tap, plan] of desired.ports) {
    for (const version of [4, 6] as const) {
      for (const id of plan.remotes[version]) {
        const name = setName(id, version);
        const why = failed.get(name);
        if (why === undefined) continue;
        const before = lacking.get(tap);
        const isMissing = !sets?.has(name) || (before?.isMissing ?? false);
        const versions = new Set([...(before?.versions ?? []), version]);
        lacking.set(tap, { versions, isMissing, reason: `set ${name} of group ${id}: ${why}` });
      }
    }
  }
  return lacking;
}
