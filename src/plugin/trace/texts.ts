import { type Address, formatAddress, parseAddress } from '../../lib/ip/address.ts';
import type { Port } from '../../resources/shapes.ts';
import type { KnownRule, Packet } from './contract.ts';

export function shown({ value, version }: Address): string {
  return formatAddress(value, version);
}

export function ruleName({ id, group }: KnownRule): string {
  return `rule ${id} of group ${group}`;
}

export function kind({ protocol, port }: Packet): string {
  return port === null ? protocol : `${protocol} ${port}`;
}

export function far(packet: Packet, direction: 'egress' | 'ingress'): string {
  return direction === 'egress' ? `to ${shown(packet.dst)}` : `from ${shown(packet.src)}`;
}

export function ruleOptions(packet: Packet, direction: 'egress' | 'ingress'): string {
  const { protocol, port, version } = packet;
  const ports = port === null ? '' : ` --port-range-min ${port} --port-range-max ${port}`;
  const far = direction === 'egress' ? packet.dst : packet.src;
  const prefix = `${shown(far)}/${version === 4 ? 32 : 128}`;
  return `--direction ${direction} --ethertype IPv${version} --protocol ${protocol}${ports} --remote-ip-prefix ${prefix}`;
}

/** The rule of `ruleOptions`, as the API takes it. */
export function ruleValues(group: string, packet: Packet, direction: 'egress' | 'ingress'): Record<string, unknown> {
  const { protocol, port, version } = packet;
  const far = direction === 'egress' ? packet.dst : packet.src;
  return {
    security_group_id: group,
    direction,
    ethertype: `IPv${version}`,
    protocol,
    ...(port === null ? {} : { port_range_min: port, port_range_max: port }),
    remote_ip_prefix: `${shown(far)}/${version === 4 ? 32 : 128}`,
  };
}

/** The first address of a port from which it would send to another; null: it has none of that version. */
export function sourceFor(port: Port, dst: Address): Address | null {
  const own = port.fixed_ips.map(({ ip_address }) => parseAddress(ip_address)!);
  return own.find(({ version }) => version === dst.version) ?? null;
}
