import type { IpVersion } from '../../../lib/ip/address.ts';
import type { FirewallOutcome } from '../contract.ts';
import type { Desired, PortPlan } from './desired.ts';
import type { Ready } from './ready.ts';
import { isPassing, type Unit } from './unit.ts';

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
      return reason === null ? [] : [{ reason, isUncovered: isUncovered(plan, version, units.get(tap)) }];
    });
    if (wrong.length === 0) continue;
    const reason = (wrong[0] as { reason: string }).reason;
    if (wrong.some((one) => one.isUncovered) || plan.port.filter === 'closed') closed.set(tap, reason);
    else late.set(tap, reason);
  }
  return { closed, late };
}

/**
 * Nothing stands for the port, or something that does not filter as it now must, or nothing passes that should: a port of
 * which one family has never had its rules is not said to work for the sake of the other one.
 */
function isUncovered({ port, units }: PortPlan, version: IpVersion, unit: Unit | undefined): boolean {
  if (unit === undefined || (isPassing(units[version]) && !isPassing(unit))) return true;
  return port.filter === 'filtered' && unit.chains.size === 0 && isPassing(unit);
}
