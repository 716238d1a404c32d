import type { WireRule } from '../../../src/rpc/contract.ts';

/** One of each form there is. @param group whose members some of them speak of */
export function everyRule(group: string): WireRule[] {
  const four = { direction: 'ingress', ethertype: 'IPv4' } as const;
  const six = { direction: 'ingress', ethertype: 'IPv6' } as const;
  const both = (more: Partial<WireRule>): WireRule[] => [
    { ...four, ...more },
    { ...six, ...more },
    { ...four, ...more, direction: 'egress' },
  ];
  return [
    ...['tcp', 'udp', 'sctp', 'dccp', 'udplite', '6', '136'].flatMap((protocol) => [
      ...both({ protocol }),
      ...both({ protocol, port_range_min: 22, port_range_max: 22 }),
      ...both({ protocol, port_range_min: 22, port_range_max: 80 }),
      ...both({ protocol, port_range_min: 0, port_range_max: 65_535 }),
      ...both({ protocol, port_range_min: 0, port_range_max: 0 }),
      ...both({
        protocol,
        port_range_min: 68,
        port_range_max: 69,
        source_port_range_min: 67,
        source_port_range_max: 67,
      }),
      ...both({ protocol, source_port_range_min: 67, source_port_range_max: 70 }),
    ]),
    ...Array.from({ length: 256 }, (_, number) => both({ protocol: String(number) })).flat(),
    ...['icmp', '1'].flatMap((protocol) =>
      [0, 3, 8, 254].flatMap((type) => [
        { ...four, protocol, port_range_min: type },
        { ...four, protocol, port_range_min: type, port_range_max: 0 },
        { ...four, protocol, port_range_min: type, port_range_max: 255 },
      ]),
    ),
    ...['icmp', 'icmpv6', 'ipv6-icmp', '58'].flatMap((protocol) =>
      [0, 1, 128, 255].flatMap((type) => [
        { ...six, protocol, port_range_min: type },
        { ...six, protocol, port_range_min: type, port_range_max: 3 },
      ]),
    ),
    ...['10.0.0.5', '10.0.0.5/8', '0.0.0.0/0', '1.2.3.4/32'].map((source_ip_prefix) => ({ ...four, source_ip_prefix })),
    ...[
      '::/0',
      'FD00::5',
      '2001:db8::/33',
      '::ffff:1.2.3.4/128',
      '::ffff:0:0/96',
      '::1.2.3.4',
      '1:0:0:2::3',
      '1:0:2:3:4:5:6:7',
      '::1',
      '::',
    ].map((source_ip_prefix) => ({ ...six, source_ip_prefix })),
    {
      ...four,
      direction: 'egress',
      dest_ip_prefix: '10.2.0.0/16',
      protocol: 'tcp',
      port_range_min: 1,
      port_range_max: 2,
    },
    { ...four, remote_group_id: group, protocol: 'tcp', port_range_min: 1, port_range_max: 2 },
    { ...six, remote_address_group_id: group, protocol: 'udp', port_range_min: 5, port_range_max: 5 },
    { ...six, direction: 'egress', remote_group_id: group },
  ];
}
