import { tapName } from '../../lib/names.ts';
import type { TrafficState } from '../../linux/traffic-control.ts';
import type { ExplainStep, WirePort } from '../../rpc/contract.ts';
import { type Limit, policyOf, type Treatment } from './derive.ts';
import { marksOf } from './marks.ts';
import { detourName, type Means, planTraffic } from './plan.ts';
import type { Qos } from './qos.ts';

export interface QosFindings {
  state: TrafficState;
  means: Means;
  /** The mangle table, where marks are wanted. */
  saved: string;
}

/** The step of a port; an agent without the extension says where it matters that it has none. */
export async function explainQos(qos: Qos | null, port: WirePort): Promise<ExplainStep[]> {
  const { qos_policy_id = null, qos_network_policy_id = null } = port as {
    qos_policy_id?: string | null;
    qos_network_policy_id?: string | null;
  };
  const { id: port_id, device_owner } = port;
  const seen = { device: tapName(port_id), port_id, device_owner, mtu: 0, qos_policy_id, qos_network_policy_id };
  if (qos !== null) return await qos.explain(seen);
  const policy = policyOf(seen);
  if (policy === null) return [];
  return [
    {
      step: 'qos',
      state: 'fault',
      expected: `as policy ${policy} says`,
      found: 'this agent does not limit or mark anything: [agent] extensions has no qos',
      remedy: 'set [agent] extensions = qos in linuxbridge_agent.ini, and start the agent anew',
    },
  ];
}

/** What the policy says, with its rules, and what the kernel has, with the commands that show it. Nothing where there is neither. */
export function explainTreatment(treatment: Treatment, { state, means, saved }: QosFindings): ExplainStep[] {
  const step = 'qos';
  const { device, policyId, problems, mark } = treatment;
  const operations = planTraffic([treatment], state, { means, taps: new Map([[device, 0]]) });
  const marks = mark === null ? [] : marksOf(device, saved);
  const isMarked = mark === null || marks.some((rule) => rule.includes(`rule ${mark.rule}"`));
  const found = [
    `to the guest ${rateOf(state, device)} (tc qdisc show dev ${device})`,
    `from the guest ${filterOf(state, device)}`,
    ...(mark === null ? [] : [`marks: ${marks[0] ?? 'none'} (iptables -t mangle -S)`]),
  ].join('; ');
  if (policyId === null) {
    if (operations.length === 0) return [];
    return [{ step, state: 'fault', expected: 'no policy, no limit', found, remedy: MENDING }];
  }
  const wanted = [
    `to the guest ${limitText(treatment.toGuest)}`,
    `from the guest ${limitText(treatment.fromGuest)}`,
    ...(mark === null ? [] : [`DSCP ${mark.dscp} (rule ${mark.rule})`]),
    ...problems.map(({ rule, reason }) => `rule ${rule}: ${reason}`),
  ];
  const expected = `policy ${policyId}: ${wanted.join('; ')}`;
  if (operations.length > 0 || !isMarked) return [{ step, state: 'fault', expected, found, remedy: MENDING }];
  if (problems.length > 0) {
    const remedy = 'take the rule out of the policy, or give the port another';
    return [{ step, state: 'fault', expected, found, remedy }];
  }
  return [{ step, state: 'ok', expected, found }];
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
