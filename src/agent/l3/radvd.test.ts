import { describe, expect, test } from 'vitest';
import type { WireRouterPort } from '../../rpc/contract.ts';
import { Draft } from './draft.ts';
import type { L3Options } from './options.ts';
import { radvdPart } from './radvd.ts';
import { factsOf, ids, portOf, routerOf, subnetOf } from './testing.ts';

function daemonOf(ports: readonly WireRouterPort[], options: Partial<L3Options> = {}, isActive = true) {
  const draft = new Draft(routerOf());
  draft.isActive = isActive;
  for (const port of ports) draft.device('internal', port);
  radvdPart.derive(draft, routerOf(), factsOf(options));
  return draft.daemons[0]!;
}

const slaac = subnetOf('fd00:1::/64', { ipv6_ra_mode: 'slaac', dns_nameservers: ['fd00::53', 'fd00::54'] });
const stateful = subnetOf('fd00:2::/64', { ipv6_ra_mode: 'dhcpv6-stateful', dns_nameservers: ['fd00::55'] });
const stateless = subnetOf('fd00:3::/64', { ipv6_ra_mode: 'dhcpv6-stateless' });
const dual = portOf(ids.internal, [], { subnets: [subnetOf('10.0.0.0/24'), slaac] });

test('the whole configuration, and how it is run', () => {
  const daemon = daemonOf([dual]);
  expect(daemon.files).toEqual([
    {
      path: `/s/ra/${ids.router}.radvd.conf`,
      text: `interface qr-bbbbbbbb-00
{
   AdvSendAdvert on;
   MinRtrAdvInterval 30;
   MaxRtrAdvInterval 100;
   AdvLinkMTU 1450;
   RDNSS fd00::53 fd00::54 {};
   prefix fd00:1::/64
   {
        AdvOnLink on;
        AdvAutonomous on;
   };
   route fe80::a9fe:a9fe/128 {
   };
};
`,
    },
  ]);
  const pidFile = `/s/external/pids/${ids.router}.pid.radvd`;
  expect(daemon).toMatchObject({
    isWanted: true,
    onChange: 'SIGHUP',
    spec: { netns: `qrouter-${ids.router}`, pidFile },
  });
  expect(daemon.spec.argv).toEqual(['radvd', '-C', daemon.files[0]!.path, '-p', pidFile, '-m', 'syslog']);
});

describe('by the mode of the subnet', () => {
  const textOf = (...subnets: (typeof slaac)[]) => daemonOf([portOf(ids.internal, [], { subnets })]).files[0]!.text;

  test('stateful: addresses by DHCP, the prefix is on the link and makes no address', () => {
    expect(textOf(stateful)).toMatch(
      /AdvManagedFlag on;\n {3}prefix fd00:2::\/64\n {3}\{\n {8}AdvOnLink on;\n {8}AdvAutonomous off;/,
    );
    expect(textOf(stateful)).not.toMatch(/RDNSS|AdvOtherConfigFlag/);
  });

  test('stateless: addresses by the prefix, the rest by DHCP', () => {
    expect(textOf(stateless)).toMatch(/AdvOtherConfigFlag on;\n {3}prefix fd00:3::\/64\n[^}]*AdvAutonomous on;/);
  });

  test('two subnets on one network are one interface', () => {
    const text = textOf(slaac, stateful);
    expect(text.match(/^interface /gm)).toHaveLength(1);
    expect(text.match(/prefix /g)).toHaveLength(2);
  });
});

test.each<[string, boolean, WireRouterPort[]]>([
  ['no network', false, []],
  ['IPv4 only', false, [portOf(ids.internal, ['10.0.0.1/24'])]],
  ['IPv6 without advertisements', false, [portOf(ids.internal, ['fd00::1/64'])]],
  [
    'a prefix that is still to be delegated',
    false,
    [portOf(ids.internal, [], { subnets: [{ ...slaac, cidr: '::/64' }] })],
  ],
  ['one network of two', true, [portOf(ids.gateway, ['10.1.0.1/24']), dual]],
])('wanted: %s', (_, isWanted, ports) => {
  expect(daemonOf(ports).isWanted).toBe(isWanted);
});

test('a standby says nothing', () => {
  expect(daemonOf([dual], {}, false)).toMatchObject({ isWanted: false });
});

test('options: intervals that radvd takes, a user, no MTU below what IPv6 needs', () => {
  const daemon = daemonOf([{ ...dual, mtu: 1200 }], {
    min_rtr_adv_interval: 30,
    max_rtr_adv_interval: 20,
    radvd_user: 'neutron',
  });
  expect(daemon.files[0]!.text).toMatch(/MinRtrAdvInterval 15;\n {3}MaxRtrAdvInterval 20;\n(?! {3}AdvLinkMTU)/);
  expect(daemon.spec.argv.slice(-2)).toEqual(['-u', 'neutron']);
  expect(daemonOf([dual], { radvd_user: 'root' }).spec.argv).not.toContain('-u');
});

test('nothing but addresses and prefixes comes into the file', () => {
  const cidr = { ...slaac, cidr: 'fd00::/64\n};' };
  const servers = { ...slaac, dns_nameservers: ['fd00::1 {}; };', '192.0.2.53', 'fd00::2'] };
  const text = daemonOf([portOf(ids.internal, [], { subnets: [servers, cidr] })]).files[0]!.text;
  expect(text).toContain('   RDNSS fd00::2 {};\n');
  expect(text.match(/prefix /g)).toHaveLength(1);
});
