import { addressVersion } from '../../lib/ip/address.ts';
import { formatCidr, parseCidr } from '../../lib/ip/cidr.ts';
import { protocolNumbers } from '../../lib/protocols.ts';
import type { RuleMatch } from '../../resources/shapes.ts';
import { securityGroupErrors as errors } from './errors.ts';

/** What a rule matches: its one normal form, and what is refused (upstream: db/securitygroups_db.py). */

const portProtocols = new Set(['dccp', 'sctp', 'tcp', 'udp', 'udplite'].map((name) => protocolNumbers[name]!));
const icmp = new Set([protocolNumbers.icmp!, protocolNumbers['ipv6-icmp']!]);
const ICMPV6 = String(protocolNumbers['ipv6-icmp']);

/** Protocols that only IPv6 has, by name and number. */
const ipv6Only = new Set(
  ['ipv6-encap', 'ipv6-frag', 'ipv6-icmp', 'icmpv6', 'ipv6-nonxt', 'ipv6-opts', 'ipv6-route'].flatMap((name) => [
    name,
    String(protocolNumbers[name]),
  ]),
);

/** A number's one name; of the two that 0 and 58 have, upstream's. */
const nameOfNumber = new Map(
  Object.entries(protocolNumbers).flatMap(([name, number]) =>
    name === 'hopopt' || name === 'icmpv6' ? [] : [[String(number), name] as const],
  ),
);

/**
 * A rule as it is stored: ICMP of IPv6 under its own name, the range of all ports as none.
 *
 * @throws the SecurityGroup… error of the first thing that is wrong, in upstream's order
 */
export function normalMatch(given: RuleMatch): RuleMatch {
  const match = { ...given };
  if (match.ethertype === 'IPv6') {
    if (match.protocol === 'icmp' || match.protocol === 'icmpv6') match.protocol = 'ipv6-icmp';
    else if (match.protocol === '1') match.protocol = ICMPV6;
  }
  if (match.port_range_min === 1 && match.port_range_max === 65_535) {
    match.port_range_min = null;
    match.port_range_max = null;
  }
  checkPorts(match);
  const { ethertype, protocol, remote_ip_prefix: cidr } = match;
  if (cidr !== null && ethertype !== `IPv${addressVersion(cidr.split('/')[0]!)}`) {
    throw errors.SecurityGroupRuleParameterConflict({ ethertype, cidr });
  }
  if (protocol !== null && ethertype === 'IPv4' && ipv6Only.has(protocol)) {
    throw errors.SecurityGroupEthertypeConflictWithProtocol({ ethertype, protocol });
  }
  const remotes = [match.remote_ip_prefix, match.remote_group_id, match.remote_address_group_id];
  if (remotes.filter((remote) => remote !== null).length > 1) throw errors.SecurityGroupMultipleRemoteEntites();
  return match;
}

function checkPorts({ protocol, port_range_min: min, port_range_max: max }: RuleMatch): void {
  if (min === null && max === null) return;
  if (protocol === null) throw errors.SecurityGroupProtocolRequiredWithPorts();
  const number = protocolNumbers[protocol] ?? Number(protocol);
  if (portProtocols.has(number)) {
    if (min === 0 || max === 0) throw errors.SecurityGroupInvalidPortValue({ port: 0 });
    if (min === null || max === null || min > max) throw errors.SecurityGroupInvalidPortRange();
  } else if (icmp.has(number)) {
    checkIcmp('type', 'port_range_min', min);
    checkIcmp('code', 'port_range_max', max);
    if (min === null) throw errors.SecurityGroupMissingIcmpType({ value: max });
  } else {
    throw errors.SecurityGroupInvalidProtocolForPort({
      protocol: number,
      valid_port_protocols: 'DCCP, SCTP, TCP, UDP, UDPLITE',
    });
  }
}

function checkIcmp(field: string, attr: string, value: number | null): void {
  if (value !== null && value > 255) throw errors.SecurityGroupInvalidIcmpValue({ field, attr, value });
}

/** Two rules of a group with the same key are the same rule. Of a normal match. */
export function keyOfMatch(match: RuleMatch): string {
  const { protocol, remote_ip_prefix: prefix } = match;
  return [
    match.direction,
    match.ethertype,
    protocol === null ? null : (nameOfNumber.get(protocol) ?? protocol),
    match.port_range_min,
    match.port_range_max,
    // From anywhere is what no prefix says, too.
    prefix === '0.0.0.0/0' || prefix === '::/0' ? null : prefix,
    match.remote_group_id,
    match.remote_address_group_id,
  ]
    .map((value) => value ?? '+')
    .join('_');
}

/** The prefix without host bits; it has been checked. */
export function normalizedCidr(prefix: string | null): string | null {
  const cidr = prefix === null ? null : parseCidr(prefix);
  return cidr === null ? null : formatCidr(cidr);
}
