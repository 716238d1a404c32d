import { createHash } from 'node:crypto';

/** One rule of a QoS policy that guarantees something. */
export interface Guarantee {
  readonly id: string;
  readonly kind: 'minimum_bandwidth' | 'minimum_packet_rate';
  readonly direction: string;
  /** Kilobits, or thousands of packets, per second. */
  readonly amount: number;
}

/** What Nova asks Placement for a port (upstream: services/qos/qos_plugin.py `_extend_port_resource_request`). */
export interface ResourceRequest {
  request_groups: { id: string; required: string[]; resources: Record<string, number> }[];
  same_subtree: string[];
}

const resourceClasses: Readonly<Record<Guarantee['kind'], Readonly<Record<string, string>>>> = {
  minimum_bandwidth: { ingress: 'NET_BW_IGR_KILOBIT_PER_SEC', egress: 'NET_BW_EGR_KILOBIT_PER_SEC' },
  minimum_packet_rate: {
    ingress: 'NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC',
    egress: 'NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC',
    any: 'NET_PACKET_RATE_KILOPACKET_PER_SEC',
  },
};

/** Null when its policy guarantees it nothing. Bandwidth is the physical network's: without one none is asked for. */
export function resourceRequest(
  port: { id: string; vnic_type: string; physical_network: string | null },
  guarantees: readonly Guarantee[],
): ResourceRequest | null {
  const kind = trait(`VNIC_TYPE_${port.vnic_type}`);
  const groups: ResourceRequest['request_groups'] = [];
  const add = (of: Guarantee['kind'], required: string[]) => {
    const rules = guarantees.filter((rule) => rule.kind === of);
    if (rules.length === 0) return;
    const resources = Object.fromEntries(rules.map((rule) => [resourceClasses[of][rule.direction]!, rule.amount]));
    groups.push({ id: uuidV5(port.id, rules.map(({ id }) => id).join(':')), required, resources });
  };
  if (port.physical_network !== null) add('minimum_bandwidth', [trait(`PHYSNET_${port.physical_network}`), kind]);
  add('minimum_packet_rate', [kind]);
  return groups.length === 0 ? null : { request_groups: groups, same_subtree: groups.map(({ id }) => id) };
}

/** A trait of Placement's (os-traits `normalize_name`). */
function trait(name: string): string {
  return `CUSTOM_${name.toUpperCase().replace(/[^A-Z0-9_]/g, '_')}`;
}

/** RFC 9562, 5.5. */
export function uuidV5(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex').slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
