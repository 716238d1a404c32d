import { parseAddress } from '../../../lib/ip/address.ts';
import { kernelAddress } from '../../../lib/ip/kernel-text.ts';
import type { WirePortForwarding } from '../../../rpc/contract.ts';

/** One port, or some in a row. */
export interface Ports {
  readonly first: number;
  readonly last: number;
}

/** What one forwarding does with packets. */
export interface Forwarding {
  readonly id: string;
  readonly floatingIpId: string;
  /** The floating address. */
  readonly address: string;
  readonly protocol: string;
  readonly external: Ports;
  readonly to: string;
  readonly internal: Ports;
}

/** What iptables and conntrack know by these names, and has ports. */
const PROTOCOLS = ['tcp', 'udp', 'sctp', 'dccp', 'udplite'];

/** Null for what is no forwarding of IPv4: nothing of it may reach a rule. */
export function forwardingOf(object: WirePortForwarding): Forwarding | null {
  const address = ipv4(object.floating_ip_address);
  const to = ipv4(object.internal_ip_address);
  const external = portsOf(object.external_port_range, object.external_port);
  const internal = portsOf(object.internal_port_range, object.internal_port);
  const protocol = String(object.protocol).toLowerCase();
  if (address === null || to === null || external === null || internal === null) return null;
  // The server may be any: the id is part of a chain's name.
  if (!PROTOCOLS.includes(protocol) || !/^[\w-]+$/.test(object.id)) return null;
  return { id: object.id, floatingIpId: object.floatingip_id, address, protocol, external, to, internal };
}

/**
 * The rule, as iptables-save prints it. Ranges of the same size go port by port: the number behind the slash is what is
 * taken off a packet's port, before the first internal one is added.
 */
export function forwardingRule({ address, protocol, external, to, internal }: Forwarding): string {
  const isRange = external.first !== external.last;
  const ports = isRange ? `${external.first}:${external.last}` : `${external.first}`;
  const isMapped = isRange && internal.first !== internal.last;
  const target = isMapped ? `${internal.first}-${internal.last}/${external.first}` : `${internal.first}`;
  return `-d ${address}/32 -p ${protocol} -m ${protocol} --dport ${ports} -j DNAT --to-destination ${to}:${target}`;
}

/** Where a packet to this port goes. */
export function internalPort({ external, internal }: Forwarding, port: number): number {
  return internal.first === internal.last ? internal.first : internal.first + (port - external.first);
}

/** Upstream's name: cut to what fits behind the prefix of the program. Forwardings with the same first digits share it. */
export function forwardingChain(id: string): string {
  return `pf-${id}`.slice(0, 11);
}

function ipv4(text: unknown): string | null {
  const address = parseAddress(String(text));
  return address?.version === 4 ? kernelAddress(address.value, 4) : null;
}

/** `8000:8010`, or what older servers say: one number. */
function portsOf(range: unknown, single: unknown): Ports | null {
  const text = typeof range === 'string' && range !== '' ? range : String(single);
  const [, from, to = from] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (from === undefined) return null;
  const ports = { first: Number(from), last: Number(to) };
  const isPort = (port: number) => port >= 1 && port <= 65_535;
  return isPort(ports.first) && isPort(ports.last) && ports.first <= ports.last ? ports : null;
}
