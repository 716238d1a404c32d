import type { Logger } from '../../lib/log.ts';
import { runBatch } from '../../linux/batch.ts';
import { endFlowsBy } from '../../linux/conntrack.ts';
import type { Host } from '../../linux/contract.ts';
import { writeSysctls } from '../../linux/sysctl.ts';
import type { NamespaceFilters } from './kernel/observe.ts';
import type { InsideStep } from './plan/inside.ts';
import type { RouterPlan } from './plan/plan.ts';
import type { RouterStopPoint } from './stop-point.ts';

/** What of a plan failed though the rest was done. */
export interface ApplyOutcome {
  /** CIDRs that could not be added. */
  readonly addresses: readonly string[];
  /** As for people; empty: all was done. */
  readonly failures: readonly string[];
  /** Connections by addresses were ended that the router had and has no more. */
  readonly forgot?: boolean;
}

/**
 * Does a plan. What can be done without each other is done at the same time, each as one batch; a line that fails holds up
 * none but itself.
 *
 * @throws what makes everything behind it useless
 */
export async function applyRouter(
  host: Host,
  filters: NamespaceFilters,
  plan: RouterPlan,
  logger: Logger,
  stopPoint: RouterStopPoint = () => {},
): Promise<ApplyOutcome> {
  const { namespace: netns, pairs, rules } = plan;
  // A name whose mount is gone cannot be entered.
  if (plan.makeNamespace && (await host.listNetns()).includes(netns)) await host.removeNetns(netns);
  const kept = await applyInside(host, netns, plan.stale);
  if (kept.failures.length > 0) throw new Error(kept.failures.join('; '));
  if (plan.stale.length > 0) stopPoint('after_stale');
  const make = async () => {
    const operations = [...(plan.makeNamespace ? [{ op: 'ensure_namespace' as const, name: netns }] : []), ...pairs];
    if (operations.length === 0) return;
    await host.apply(operations);
    stopPoint('after_pairs');
  };
  const set = async () => {
    if (plan.sysctls.length === 0) return;
    await writeSysctls(host.exec, netns, plan.sysctls);
    stopPoint('after_settings');
  };
  const restore = async (family: 4 | 6) => {
    if (!rules[family]) return;
    await filters.restore(family, netns, rules[family]);
    stopPoint(`after_rules_ipv${family}`);
  };
  if (plan.makeNamespace) await make();
  const makeAndSet = async () => {
    if (!plan.makeNamespace) await make();
    await set();
  };
  const done = await Promise.allSettled([makeAndSet(), restore(4), restore(6)]);
  const failed = done.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  if (plan.forget.length > 0) {
    stopPoint('before_conntrack');
    await endFlowsBy(host.exec, netns, plan.forget).catch((error) => {
      // Tried again later, unless that would be in vain for ever.
      if (!/is not installed/.test(String(error))) throw error;
      logger.warn({ netns, error: String(error) }, 'connections by floating addresses could not be ended');
    });
    stopPoint('after_conntrack');
  }
  if (plan.inside.length > 0) stopPoint('before_addresses');
  const outcome = await applyInside(host, netns, plan.inside);
  if (plan.inside.length > 0) stopPoint('after_routes');
  return { ...outcome, forgot: plan.forget.length > 0 };
}

async function applyInside(host: Host, netns: string, steps: readonly InsideStep[]): Promise<ApplyOutcome> {
  const failed = await runBatch(
    host.exec,
    'ip',
    steps.map(({ line }) => line),
    netns,
  );
  const addresses: string[] = [];
  const failures: string[] = [];
  for (const { line, reason } of failed) {
    const step = steps[line];
    if (!step || step.tolerate?.test(reason)) continue;
    failures.push(`ip ${step.line}: ${reason}`);
    if (step.address) addresses.push(step.address);
  }
  return { addresses, failures };
}
