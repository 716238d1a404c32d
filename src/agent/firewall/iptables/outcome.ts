import type { IpVersion } from '../../../lib/ip/address.ts';
import type { FirewallOutcome } from '../contract.ts';
import type { Desired } from './desired.ts';
import type { Ready } from './ready.ts';
import { isPassing } from './unit.ts';

/**
 * Which ports must stay shut, and which go on with older rules.
 *
 * @param reasonFor why a port's rules of one family are not what they should be; null when they are
 */
export function outcomeOf(
  { families }: Ready,
  desired: Desired,
  reasonFor: (tap: string, version: IpVersion) => string | null,
): FirewallOutcome {
  const closed = new Map(desired.refused);
  const late = new Map<string, string>();
  for (const [tap, plan] of desired.ports) {
    const wrong = families.flatMap(({ version, units }) => {
      const reason = reasonFor(tap, version);
      return reason === null ? [] : [{ reason, isUncovered: units.get(tap) === undefined }];
    });
    if (wrong.length === 0) continue;
    const reason = (wrong[0] as { reason: string }).reason;
    const passes = families.some(({ units }) => isPassing(units.get(tap)));
    if (wrong.some(({ isUncovered }) => isUncovered) || !passes || plan.port.filter === 'closed')
      closed.set(tap, reason);
    else late.set(tap, reason);
  }
  return { closed, late };
}
