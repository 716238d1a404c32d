import type { Port } from '../../src/resources/shapes.ts';
import type { Site } from './site.ts';

/** Groups that all ports of a host share: 20 rules between them. */
export interface SharedGroups {
  readonly ids: readonly string[];
  /** The one whose members may reach the ports; its ports are elsewhere. */
  readonly remote: string;
}

export const RULES_PER_PORT = 20;
const BULK = 100;

/** What a web server's tenant writes down: both families, both directions, ranges, prefixes, two remote groups. */
function rulesOf(first: string, second: string, remote: string): Record<string, unknown>[] {
  const ingress = (id: string, ethertype: string, rule: Record<string, unknown>) => ({
    security_group_id: id,
    direction: 'ingress',
    ethertype,
    ...rule,
  });
  const tcp = (from: number, to = from) => ({ protocol: 'tcp', port_range_min: from, port_range_max: to });
  const udp = (from: number, to = from) => ({ protocol: 'udp', port_range_min: from, port_range_max: to });
  return [
    // Two rules of egress come with the first group.
    ingress(first, 'IPv4', { remote_group_id: first }),
    ingress(first, 'IPv6', { remote_group_id: first }),
    ingress(first, 'IPv4', { protocol: 'icmp' }),
    ingress(first, 'IPv6', { protocol: 'ipv6-icmp' }),
    ingress(first, 'IPv4', tcp(22)),
    ingress(first, 'IPv4', { ...tcp(80), remote_ip_prefix: '0.0.0.0/0' }),
    ingress(first, 'IPv4', { ...tcp(443), remote_ip_prefix: '0.0.0.0/0' }),
    ingress(first, 'IPv6', { ...tcp(443), remote_ip_prefix: '::/0' }),
    ingress(second, 'IPv4', { ...tcp(3306), remote_group_id: remote }),
    ingress(second, 'IPv4', { ...tcp(5432), remote_group_id: remote }),
    ingress(second, 'IPv4', { ...udp(PROBED_BY_GROUP), remote_group_id: remote }),
    ingress(second, 'IPv4', { ...tcp(9000, 9100), remote_ip_prefix: '10.0.0.0/8' }),
    ingress(second, 'IPv4', { ...udp(53), remote_ip_prefix: '10.0.0.0/8' }),
    ingress(second, 'IPv4', { ...udp(123), remote_ip_prefix: '192.168.0.0/16' }),
    ingress(second, 'IPv4', { ...udp(161, 162), remote_ip_prefix: '192.168.7.0/24' }),
    ingress(second, 'IPv4', { protocol: 'vrrp', remote_ip_prefix: '10.0.0.0/8' }),
    ingress(second, 'IPv6', { ...tcp(22), remote_ip_prefix: '2001:db8::/32' }),
    ingress(second, 'IPv6', { ...udp(53), remote_ip_prefix: '2001:db8::/32' }),
  ];
}

/** UDP to this port comes from the remote group alone. */
export const PROBED_BY_GROUP = 7001;

export async function makeGroups(site: Site, networkId: string, remoteMembers: number): Promise<SharedGroups> {
  const [first, second, remote] = [
    await makeGroup(site, 'first'),
    await makeGroup(site, 'second'),
    await makeGroup(site, 'remote'),
  ];
  for (const rule of second.rules) await site.api.expect('DELETE', `/v2.0/security-group-rules/${rule}`);
  const rules = rulesOf(first.id, second.id, remote.id);
  for (const group of [first, second]) {
    const own = rules.filter((rule) => rule.security_group_id === group.id);
    await site.api.expect('POST', '/v2.0/security-group-rules', { security_group_rules: own });
  }
  await makePorts(site, networkId, remoteMembers, { security_groups: [remote.id] });
  return { ids: [first.id, second.id], remote: remote.id };
}

async function makeGroup({ api }: Site, name: string): Promise<{ id: string; rules: string[] }> {
  const { security_group: made } = await api.expect('POST', '/v2.0/security-groups', { security_group: { name } });
  return { id: made.id, rules: made.security_group_rules.map(({ id }: { id: string }) => id) };
}

export async function makePorts(
  { api }: Site,
  networkId: string,
  count: number,
  attributes: Record<string, unknown>,
): Promise<Port[]> {
  const ports: Port[] = [];
  while (ports.length < count) {
    const some = Math.min(BULK, count - ports.length);
    const wanted = Array.from({ length: some }, () => ({ network_id: networkId, ...attributes }));
    ports.push(...(await api.createMany('port', wanted)));
  }
  return ports;
}

/** Ports of a host as its agent serves them: not Nova's, whose taps it would not put into bridges. */
export function portsOn(
  site: Site,
  networkId: string,
  { host, count, groups }: { host: string; count: number; groups: SharedGroups },
): Promise<Port[]> {
  return makePorts(site, networkId, count, {
    'binding:host_id': host,
    device_owner: 'bench:guest',
    security_groups: groups.ids,
  });
}
