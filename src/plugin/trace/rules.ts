import { type Address, parseAddress } from '../../lib/ip/address.ts';
import { cidrHas, parseCidr } from '../../lib/ip/cidr.ts';
import { protocolNumbers } from '../../lib/protocols.ts';
import type { Port } from '../../resources/shapes.ts';
import type { KnownRule, Packet } from './contract.ts';

/** ICMP's echo request, by IP version: type, and code 0. */
const ECHO = { 4: 8, 6: 128 } as const;

/** Whether groups decide what passes a port: not for ports of routers and DHCP servers, nor without port security. */
export function isFiltered(port: Port): boolean {
  return port.port_security_enabled !== false && !port.device_owner.startsWith('network:');
}

/** The first rule that lets a packet pass; null: none does. */
export function allowingRule(
  rules: readonly KnownRule[],
  direction: KnownRule['direction'],
  packet: Packet,
): KnownRule | null {
  const other = direction === 'egress' ? packet.dst : packet.src;
  return rules.find((rule) => rule.direction === direction && allows(rule, packet, other)) ?? null;
}

/**
 * A rule of an answer's direction for which it does not matter that its port is the one the first packet came from, which
 * nobody knows beforehand: what a stateless group needs for answers.
 */
export function allowingAnyPort(
  rules: readonly KnownRule[],
  direction: KnownRule['direction'],
  packet: Packet,
): KnownRule | null {
  const other = direction === 'egress' ? packet.dst : packet.src;
  const anyPort = (rule: KnownRule) => rule.port_range_min === null;
  return rules.find((rule) => rule.direction === direction && anyPort(rule) && allows(rule, packet, other)) ?? null;
}

function allows(rule: KnownRule, packet: Packet, other: Address): boolean {
  if (rule.ethertype !== `IPv${packet.version}`) return false;
  const number = numberOf(packet.protocol === 'icmp' && packet.version === 6 ? 'ipv6-icmp' : packet.protocol);
  if (rule.protocol !== null && !isAny(rule.protocol) && numberOf(rule.protocol) !== number) return false;
  if (!isOfPorts(rule, packet)) return false;
  return rule.remote === null || rule.remote.some((block) => isIn(other, block));
}

function isAny(protocol: string): boolean {
  return protocol === 'any' || protocol === '0' || protocol === 'ip' || protocol === 'hopopt';
}

function numberOf(protocol: string): number {
  return protocolNumbers[protocol] ?? Number(protocol);
}

function isOfPorts({ port_range_min: min, port_range_max: max }: KnownRule, packet: Packet): boolean {
  if (min === null && max === null) return true;
  if (packet.protocol === 'icmp') return (min === null || min === ECHO[packet.version]) && (max === null || max === 0);
  const { port } = packet;
  return port !== null && port >= (min ?? 0) && port <= (max ?? min ?? 65_535);
}

/** @param block an address or a CIDR */
export function isIn(address: Address, block: string): boolean {
  const cidr = parseCidr(block);
  if (cidr !== null) return cidrHas(cidr, address);
  const single = parseAddress(block);
  return single !== null && single.version === address.version && single.value === address.value;
}
