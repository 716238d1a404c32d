import type { FirewallPort } from '../../../src/agent/firewall/contract.ts';

/** What upstream's agent (2024.1) has for ports with one group (ICMP, and the group itself) and one without port security. */
export function pythonRules(
  version: 4 | 6,
  group: string,
  filtered: readonly FirewallPort[],
  open: FirewallPort,
): string {
  const w = 'neutron-linuxbri-';
  const note = (text: string) => `-m comment --comment "${text}"`;
  const via = (way: string, tap: string) => `-m physdev --physdev-${way} ${tap} --physdev-is-bridged`;
  const all = ['INPUT', 'OUTPUT', 'FORWARD', 'local', 'sg-chain', 'sg-fallback'];
  const chains = filtered.flatMap(({ tap }) => ['i', 'o', 's'].map((kind) => `${kind}${tap.slice(3, 13)}`));
  const lines = [
    '*filter',
    ':neutron-filter-top - [0:0]',
    ...[...all, ...chains].map((name) => `:${w}${name} - [0:0]`),
    '-A INPUT -j neutron-linuxbri-INPUT',
    '-A FORWARD -j neutron-filter-top',
    '-A FORWARD -j neutron-linuxbri-FORWARD',
    '-A OUTPUT -j neutron-filter-top',
    '-A OUTPUT -j neutron-linuxbri-OUTPUT',
    '-A neutron-filter-top -j neutron-linuxbri-local',
    `-A ${w}sg-fallback ${note('Default drop rule for unmatched traffic.')} -j DROP`,
  ];
  const established = `-m state --state RELATED,ESTABLISHED ${note('Direct packets associated with a known session to the RETURN chain.')} -j RETURN`;
  const end = [
    `-m state --state INVALID ${note('Drop packets that appear related to an existing connection (e.g. TCP ACK/FIN) but do not have an entry in conntrack.')} -j DROP`,
    `${note('Send unmatched traffic to the fallback chain.')} -j ${w}sg-fallback`,
  ];
  for (const { tap, mac, fixedIps } of filtered) {
    const key = tap.slice(3, 13);
    const toGroups = note('Direct traffic from the VM interface to the security group chain.');
    lines.push(
      `-A ${w}FORWARD ${via('out', tap)} ${toGroups} -j ${w}sg-chain`,
      `-A ${w}FORWARD ${via('in', tap)} ${toGroups} -j ${w}sg-chain`,
    );
    lines.push(
      `-A ${w}INPUT ${via('in', tap)} ${note('Direct incoming traffic from VM to the security group chain.')} -j ${w}o${key}`,
    );
    const toPort = note('Jump to the VM specific chain.');
    lines.push(
      `-A ${w}sg-chain ${via('out', tap)} ${toPort} -j ${w}i${key}`,
      `-A ${w}sg-chain ${via('in', tap)} ${toPort} -j ${w}o${key}`,
    );
    const to =
      version === 4
        ? [established, '-p icmp -j RETURN', `-m set --match-set NIPv4${group.slice(0, 24)} src -j RETURN`, ...end]
        : [
            ...[130, 135, 136].map((type) => `-p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j RETURN`),
            established,
            '-p ipv6-icmp -j RETURN',
            ...end,
          ];
    const client = note('Allow DHCP client traffic.');
    const spoof = note('Prevent DHCP Spoofing by VM.');
    const icmp = note('Allow IPv6 ICMP traffic.');
    const from =
      version === 4
        ? [
            `-s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -m udp --sport 68 --dport 67 ${client} -j RETURN`,
            `-j ${w}s${key}`,
            `-p udp -m udp --sport 68 --dport 67 ${client} -j RETURN`,
            `-p udp -m udp --sport 67 --dport 68 ${spoof} -j DROP`,
          ]
        : [
            ...[131, 135, 143].map(
              (type) => `-s ::/128 -d ff02::/16 -p ipv6-icmp -m icmp6 --icmpv6-type ${type} ${icmp} -j RETURN`,
            ),
            `-j ${w}s${key}`,
            `-p ipv6-icmp -m icmp6 --icmpv6-type 134 ${note('Drop IPv6 Router Advts from VM Instance.')} -j DROP`,
            `-p ipv6-icmp ${icmp} -j RETURN`,
            `-p udp -m udp --sport 546 --dport 547 ${client} -j RETURN`,
            `-p udp -m udp --sport 547 --dport 546 ${spoof} -j DROP`,
          ];
    const last = mac
      .slice(-5)
      .split(':')
      .map((octet) => octet.replace(/^0/, ''));
    const linkLocal = `fe80::f816:3eff:fe00:${Number.parseInt(last.map((octet) => octet.padStart(2, '0')).join(''), 16).toString(16)}/128`;
    const own = version === 4 ? [`${fixedIps[0]}/32`] : [`${fixedIps[1]}/128`, linkLocal];
    lines.push(...to.map((body) => `-A ${w}i${key} ${body}`));
    lines.push(...[...from, established, '-j RETURN', ...end].map((body) => `-A ${w}o${key} ${body}`));
    lines.push(
      ...own.map(
        (ip) =>
          `-A ${w}s${key} -s ${ip} -m mac --mac-source ${mac.toUpperCase()} ${note('Allow traffic from defined IP/MAC pairs.')} -j RETURN`,
      ),
      `-A ${w}s${key} ${note('Drop traffic without an IP/MAC allow rule.')} -j DROP`,
    );
  }
  const accept = note('Accept all packets when port security is disabled.');
  lines.push(`-A ${w}sg-chain -j ACCEPT`);
  for (const way of ['out', 'in']) lines.push(`-A ${w}FORWARD ${via(way, open.tap)} ${accept} -j ACCEPT`);
  lines.push(`-A ${w}INPUT ${via('in', open.tap)} ${accept} -j ACCEPT`, 'COMMIT', '*raw');
  lines.push(...['PREROUTING', 'OUTPUT'].flatMap((name) => [`:${w}${name} - [0:0]`, `-A ${name} -j ${w}${name}`]));
  for (const { tap, bridge } of filtered) {
    const zone = `${note(`Set zone for ${tap.slice(4)}`)} -j CT --zone 4105`;
    for (const match of [`-m physdev --physdev-in ${bridge}`, `-i ${bridge}`, `-m physdev --physdev-in ${tap}`]) {
      lines.push(`-A ${w}PREROUTING ${match} ${zone}`);
    }
  }
  return `${[...lines, 'COMMIT'].join('\n')}\n`;
}
