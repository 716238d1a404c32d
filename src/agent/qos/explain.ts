import type { TrafficState } from '../../linux/traffic-control.ts';
import type { ExplainStep } from '../../rpc/contract.ts';
import type { Limit, Treatment } from './derive.ts';
import { marksOf } from './marks.ts';
import { detourName, type Means, planTraffic } from './plan.ts';

export interface QosFindings {
  state: TrafficState;
  means: Means;
  /** The mangle table, where marks are wanted. */
  saved: string;
}

/** What the policy says, with its rules, and what the kernel has, with the commands that show it. */
export function explainTreatment(treatment: Treatment, { state, means, saved }: QosFindings): ExplainStep {
  const step = 'qos';
  const { device, policyId, problems, mark } = treatment;
  const operations = planTraffic([treatment], state, { means, taps: new Set([device]) });
  const marks = mark === null ? [] : marksOf(device, saved);
  const isMarked = mark === null || marks.some((rule) => rule.includes(`rule ${mark.rule}"`));
  const found = [
    `to the guest ${rateOf(state, device)} (tc qdisc show dev ${device})`,
    `from the guest ${filterOf(state, device)}`,
    ...(mark === null ? [] : [`marks: ${marks[0] ?? 'none'} (iptables -t mangle -S)`]),
  ].join('; ');
  if (policyId === null) {
    if (operations.length === 0) return { step, state: 'not_applicable', expected: 'no policy', found: 'no limit' };
    return { step, state: 'fault', expected: 'no policy, no limit', found, remedy: MENDING };
  }
  const wanted = [
    `to the guest ${limitText(treatment.toGuest)}`,
    `from the guest ${limitText(treatment.fromGuest)}`,
    ...(mark === null ? [] : [`DSCP ${mark.dscp} (rule ${mark.rule})`]),
    ...problems.map(({ rule, reason }) => `rule ${rule}: ${reason}`),
  ];
  const expected = `policy ${policyId}: ${wanted.join('; ')}`;
  if (operations.length > 0 || !isMarked) return { step, state: 'fault', expected, found, remedy: MENDING };
  if (problems.length > 0) {
    return {
      step,
      state: 'fault',
      expected,
      found,
      remedy: 'take the rule out of the policy, or give the port another',
    };
  }
  return { step, state: 'ok', expected, found };
}

const MENDING = 'it is mended within 20 s; if not, see the log of the bridge agent';

function limitText(limit: Limit | null): string {
  return limit === null ? 'no limit' : `${limit.kbps} kbit/s, ${limit.burst} bytes at once (rule ${limit.rule})`;
}

function rateOf({ roots }: TrafficState, device: string): string {
  const shape = roots.get(device)?.shape;
  return shape ? `${(shape.rate * 8) / 1000} kbit/s` : 'not limited';
}

function filterOf(state: TrafficState, device: string): string {
  const filter = state.entrances.get(device)?.filter ?? null;
  const check = `tc filter show dev ${device} ingress`;
  if (filter?.kind === 'police') return `${(filter.shape.rate * 8) / 1000} kbit/s, policed (${check})`;
  if (filter?.kind !== 'redirect') return `not limited (${check})`;
  const name = detourName(device);
  return `${rateOf(state, name)} on ${filter.to} (${check}; tc qdisc show dev ${name})`;
}
