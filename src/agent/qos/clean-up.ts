import { portIdPrefix } from '../../lib/names.ts';
import type { Host } from '../../linux/contract.ts';
import { RuleTables } from '../../linux/iptables.ts';
import { withHostLocks } from '../../linux/lock.ts';
import { applyTraffic, describeTraffic, readTraffic } from '../../linux/traffic-control.ts';
import type { Treatment } from './derive.ts';
import { planMarks } from './marks.ts';
import { planTraffic } from './plan.ts';

const untreated = { policyId: null, toGuest: null, fromGuest: null, mark: null, problems: [] };

/**
 * Takes away limits and marks of taps that are gone, and of those that are not to be kept: for hosts that an agent leaves for
 * good.
 *
 * @param isThere whether what a tap has stays
 * @returns a line for each kind of thing that was removed
 * @throws Error for what could not be removed
 */
export async function removeLimits(
  host: Host,
  { isThere, lockPaths }: { isThere: (tap: string) => boolean; lockPaths: readonly string[] },
): Promise<string[]> {
  const { links } = await host.readNetwork();
  const names = [...links.keys()].filter((name) => portIdPrefix(name) !== null);
  const freed = names.filter((name) => !isThere(name));
  const treatments: Treatment[] = freed.map((device) => ({ device, portId: '', ...untreated }));
  const all = new Map(names.map((name) => [name, 0]));
  const operations = planTraffic(treatments, await readTraffic(host.exec, new Set(freed)), {
    means: 'police',
    taps: all,
  });
  const failed = await applyTraffic(host, operations);
  const removed = operations.length > 0 ? ['limits of ports (tc)'] : [];
  const kept = new Map(names.filter(isThere).map((name) => [name, 0]));
  for (const tool of ['iptables', 'ip6tables'] as const) {
    const tables = new RuleTables(host.exec, tool);
    await withHostLocks('iptables', lockPaths, async () => {
      // A host without the tool, or the table, has no marks.
      const saved = await tables.save('mangle').catch(() => null);
      const plan = saved === null ? null : planMarks([], saved, kept);
      if (plan === null) return;
      await tables.restore(plan.text);
      removed.push(`marks of ports (${tool})`);
    });
  }
  if (failed.length > 0)
    throw new Error(failed.map(({ operation, reason }) => `${describeTraffic(operation)}: ${reason}`).join('; '));
  return removed;
}
