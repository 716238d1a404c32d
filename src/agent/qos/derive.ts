import type { Shape } from '../../linux/traffic-control.ts';

/** A rule of a policy, as the server tells it. */
export interface PolicyRule {
  readonly id: string;
  readonly type: string;
  readonly direction?: string;
  readonly max_kbps?: number;
  readonly max_burst_kbps?: number;
  readonly dscp_mark?: number;
}

export interface Policy {
  readonly id: string;
  readonly revision: number;
  readonly rules: readonly PolicyRule[];
}

/** What a pass of the bridge agent knows of a port that has a tap here. */
export interface QosPort {
  readonly device: string;
  readonly port_id: string;
  readonly device_owner: string;
  readonly mtu: number;
  readonly qos_policy_id: string | null;
  readonly qos_network_policy_id: string | null;
}

/** What becomes of the traffic of one tap, each with the rule that says so. */
export interface Treatment {
  readonly device: string;
  readonly portId: string;
  /** Null where no policy is for the port. */
  readonly policyId: string | null;
  readonly toGuest: Limit | null;
  readonly fromGuest: Limit | null;
  readonly mark: { readonly dscp: number; readonly rule: string } | null;
  /** Rules that cannot be enforced here, with the reason. */
  readonly problems: readonly { readonly rule: string; readonly reason: string }[];
}

export interface Limit extends Shape {
  readonly rule: string;
  readonly kbps: number;
  /** Bytes that may wait. */
  readonly limit: number;
}

export interface ShapingOptions {
  readonly kernelHz: number;
  readonly latencyMs: number;
}

/** Owners of ports that the policy of their network is not for, and those of them that it is for. */
const INFRASTRUCTURE = ['network:', 'neutron:'];
const GATEWAYS = ['network:router_gateway', 'network:floatingip_agent_gateway'];
/** Of what a second lets pass, where a rule does not say how much may pass at once. */
const DEFAULT_BURST = 0.8;
/** A frame's header and a tag; a bucket must hold a whole frame, or none ever passes. */
const FRAME_BYTES = 18;
/** More at once than a minute lets pass is no limit; the kernel counts the time in 32 bits. */
const MOST_SECONDS = 60;
const MOST_BURST_BYTES = 0x7fff_ffff;
/** Ticks a second, where no option says: that of the bridge agent. */
const ROUTER_HZ = 250;

/** The policy that counts for a port: its own, or that of its network; null: none (upstream: `should_apply_to_port`). */
export function policyOf({ qos_policy_id, qos_network_policy_id, device_owner }: QosPort): string | null {
  if (qos_policy_id !== null) return qos_policy_id;
  const isInfrastructure = INFRASTRUCTURE.some((prefix) => device_owner.startsWith(prefix));
  const isGateway = GATEWAYS.some((owner) => device_owner.startsWith(owner));
  return isInfrastructure && !isGateway ? null : qos_network_policy_id;
}

/** @param policy null where none is for the port, or the one that was is gone */
export function treatmentOf(port: QosPort, policy: Policy | null, options: ShapingOptions): Treatment {
  const problems: { rule: string; reason: string }[] = [];
  let toGuest: Limit | null = null;
  let fromGuest: Limit | null = null;
  let mark: Treatment['mark'] = null;
  for (const rule of policy?.rules ?? []) {
    if (rule.type === 'dscp_marking' && isMark(rule.dscp_mark)) mark = { dscp: rule.dscp_mark, rule: rule.id };
    else if (rule.type !== 'bandwidth_limit' || rule.max_kbps === undefined) {
      problems.push({ rule: rule.id, reason: `rules of type ${rule.type} are not enforced by this agent` });
    } else if (rule.max_kbps <= 0) problems.push({ rule: rule.id, reason: 'a limit of 0 kbit/s is not enforced' });
    else if (rule.direction === 'ingress') toGuest = limitOf(rule, port, options);
    else fromGuest = limitOf(rule, port, { ...options, isFromGuest: true });
  }
  const { device, port_id: portId } = port;
  return { device, portId, policyId: policy?.id ?? null, toGuest, fromGuest, mark, problems };
}

/**
 * What a policy makes of the traffic of one address of a router, which is policed both ways: from the guest's point of
 * view, as rules speak (upstream: agent/l3/extensions/qos/base.py).
 */
export function addressLimits(policy: Policy | null, mtu: number): { toGuest: Limit | null; fromGuest: Limit | null } {
  const options = { kernelHz: ROUTER_HZ, latencyMs: 0, isFromGuest: true };
  const of = (isIngress: boolean) => {
    const rule = policy?.rules.find(
      ({ type, direction, max_kbps }) =>
        type === 'bandwidth_limit' && (direction === 'ingress') === isIngress && (max_kbps ?? 0) > 0,
    );
    return rule ? limitOf(rule, { mtu }, options) : null;
  };
  return { toGuest: of(true), fromGuest: of(false) };
}

function isMark(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value < 64;
}

/**
 * As upstream: the burst of the rule, at least what passes between two ticks; from the guest, where the rule says nothing, so
 * much that TCP comes near the limit. Never less than a frame, which with upstream's numbers would not pass at all.
 */
function limitOf(
  rule: PolicyRule,
  { mtu }: Pick<QosPort, 'mtu'>,
  { kernelHz, latencyMs, isFromGuest = false }: ShapingOptions & { isFromGuest?: boolean },
): Limit {
  const kbps = rule.max_kbps!;
  const rate = kbps * 125;
  const asked = (rule.max_burst_kbps ?? 0) * 125 || (isFromGuest ? rate * DEFAULT_BURST : 0);
  const most = Math.min(rate * MOST_SECONDS, MOST_BURST_BYTES);
  const burst = Math.ceil(Math.max(Math.min(Math.max(asked, rate / kernelHz), most), mtu + FRAME_BYTES));
  return { rule: rule.id, kbps, rate, burst, limit: Math.ceil((rate * latencyMs) / 1000) + burst };
}
