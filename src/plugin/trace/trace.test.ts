import { beforeEach, describe, expect, test } from 'vitest';
import { MadeWorld } from './testing.ts';
import { type Question, tracePort } from './trace.ts';

const anything = [{ direction: 'egress' }, { direction: 'ingress' }] as const;
let cloud: MadeWorld;

/** Two tenant networks behind one router with a gateway, another router beside it on the same outside. */
beforeEach(() => {
  cloud = new MadeWorld();
  cloud.addNetwork('public', ['198.51.100.0/24'], { 'router:external': true, 'provider:network_type': 'flat' });
  cloud.addNetwork('a', ['10.0.0.0/24']);
  cloud.addNetwork('b', ['10.1.0.0/24']);
  cloud.addNetwork('far', ['10.9.0.0/24']);
  cloud.addRouter('r', { a: ['10.0.0.1'], b: ['10.1.0.1'], public: ['198.51.100.10'] }, { enable_snat: true });
  cloud.addRouter('s', { far: ['10.9.0.1'], public: ['198.51.100.20'] }, { enable_snat: true });
  cloud.addGuest('a1', 'a', ['10.0.0.5'], anything);
  cloud.addGuest('a2', 'a', ['10.0.0.6'], anything);
  cloud.addGuest('b1', 'b', ['10.1.0.5'], anything);
  cloud.addGuest('f1', 'far', ['10.9.0.5'], anything);
});

async function trace(from: string, to: string, more: Partial<Question> = {}) {
  const port = (await cloud.port(from))!;
  return tracePort(cloud, port, { to, protocol: 'icmp', port: null, ...more }, () => true);
}

async function kinds(from: string, to: string, more: Partial<Question> = {}) {
  return (await trace(from, to, more)).hops.map(({ hop }) => hop);
}

describe('within a network', () => {
  test('it goes from tap to tap', async () => {
    expect(await kinds('a1', '10.0.0.6')).toEqual(['tap', 'egress', 'route', 'bridge', 'tap', 'ingress', 'arrival']);
  });

  test('an address that nobody has is not answered for', async () => {
    const { verdict, summary } = await trace('a1', '10.0.0.77');
    expect({ verdict, summary }).toEqual({ verdict: 'dropped', summary: 'nobody on network a has 10.0.0.77' });
  });

  test('the group that lets nothing in is named, with the rule to make', async () => {
    cloud.addGuest('a2', 'a', ['10.0.0.6'], [{ direction: 'egress' }]);
    const { hops, verdict } = await trace('a1', '10.0.0.6', { protocol: 'tcp', port: 22 });
    expect(verdict).toBe('dropped');
    expect(hops.at(-1)).toEqual({
      hop: 'ingress',
      state: 'drops',
      text: 'no ingress rule of the groups of port a2 lets tcp 22 from 10.0.0.5 pass',
      cause: 'group a2-group',
      remedy:
        'neutron security-group-rule-create a2-group --direction ingress --ethertype IPv4 --protocol tcp --port-range-min 22 --port-range-max 22 --remote-ip-prefix 10.0.0.5/32',
      mend: {
        resource: 'security_group_rules',
        id: null,
        values: {
          ...{ security_group_id: 'a2-group', direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp' },
          ...{ port_range_min: 22, port_range_max: 22, remote_ip_prefix: '10.0.0.5/32' },
        },
      },
    });
  });

  test.each([
    ['a rule for the port', { protocol: 'tcp', port_range_min: 20, port_range_max: 30 }, 'arrives'],
    ['a rule for another port', { protocol: 'tcp', port_range_min: 80, port_range_max: 80 }, 'dropped'],
    ['a rule for another protocol', { protocol: 'udp' }, 'dropped'],
    ['the protocol by its number', { protocol: '6' }, 'arrives'],
    ['a rule for members of a group it is in', { remote: ['10.0.0.5'] }, 'arrives'],
    ['a rule for members of a group it is not in', { remote: ['10.0.0.9'] }, 'dropped'],
    ['a rule of the other IP version', { ethertype: 'IPv6' }, 'dropped'],
  ] as const)('%s decides', async (_, rule, verdict) => {
    cloud.addGuest('a2', 'a', ['10.0.0.6'], [{ direction: 'ingress', ...rule }]);
    expect((await trace('a1', '10.0.0.6', { protocol: 'tcp', port: 22 })).verdict).toBe(verdict);
  });

  test('where hosts filter nothing, groups mean nothing', async () => {
    cloud.addGuest('a2', 'a', ['10.0.0.6'], []);
    cloud.filters = false;
    expect((await trace('a1', '10.0.0.6')).verdict).toBe('arrives');
  });

  test('answers pass stateful groups without a rule, and stateless ones only by theirs', async () => {
    cloud.addGuest('a2', 'a', ['10.0.0.6'], [{ direction: 'ingress' }]);
    expect((await trace('a1', '10.0.0.6')).answer?.verdict).toBe('arrives');
    cloud.addGuest('a2', 'a', ['10.0.0.6'], [{ direction: 'ingress', stateful: false }]);
    expect((await trace('a1', '10.0.0.6')).answer?.verdict).toBe('dropped');
  });

  test.each([
    ['switched off', { admin_state_up: false }, 'dropped', 'port a2 is switched off'],
    ['on no host', { 'binding:host_id': '', 'binding:vif_type': 'unbound' }, 'dropped', 'port a2 is on no host'],
    ['not yet ACTIVE', { status: 'DOWN' }, 'unknown', 'arrives at port a2'],
  ])('a port that is %s is said to be so', async (_, more, verdict, summary) => {
    cloud.addGuest('a2', 'a', ['10.0.0.6'], anything, more);
    expect(await trace('a1', '10.0.0.6')).toMatchObject({ verdict, summary });
  });
});

describe('through a router', () => {
  test('it goes in by one leg and out by the other, and the answer back', async () => {
    const { verdict, hops, answer } = await trace('a1', '10.1.0.5');
    expect(verdict).toBe('arrives');
    expect(answer?.verdict).toBe('arrives');
    expect(hops.map(({ hop }) => hop).join(' ')).toBe('tap egress route bridge router leg bridge tap ingress arrival');
  });

  test('its own addresses answer pings and nothing else', async () => {
    expect((await trace('a1', '10.1.0.1')).verdict).toBe('arrives');
    expect((await trace('a1', '10.1.0.1', { protocol: 'tcp', port: 22 })).verdict).toBe('dropped');
  });

  test('a network without one has nobody at its gateway, and is told how to get one', async () => {
    cloud.routers.delete('r');
    for (const id of ['r-a', 'r-b', 'r-public']) cloud.ports.delete(id);
    const { hops } = await trace('a1', '10.1.0.5');
    expect(hops.at(-1)).toMatchObject({
      hop: 'bridge',
      state: 'drops',
      remedy: 'neutron router-interface-add ROUTER a-0',
      mend: { resource: 'routers', id: null, values: {}, join: 'a' },
    });
  });

  test('one that is on no agent, or switched off, passes nothing', async () => {
    const known = cloud.routers.get('r')!;
    cloud.routers.set('r', { ...known, agents: [] });
    expect((await trace('a1', '10.1.0.5')).summary).toBe('router r is on no L3 agent');
    cloud.routers.set('r', { ...known, router: { ...known.router, admin_state_up: false } });
    expect((await trace('a1', '10.1.0.5')).summary).toBe('router r is switched off');
  });

  test('one whose agent is dead goes on; that is no certainty', async () => {
    cloud.routers.set('r', { ...cloud.routers.get('r')!, agents: [{ host: 'net1', alive: false }] });
    expect((await trace('a1', '10.1.0.5')).verdict).toBe('unknown');
  });

  test('an extra route goes before the gateway, the longest first', async () => {
    cloud.addNetwork('link', ['10.5.0.0/24']);
    cloud.addRouter('t', { link: ['10.5.0.2'], far: ['10.9.0.2'] });
    const { router } = cloud.routers.get('r')!;
    cloud.addRouter(
      'r',
      { a: ['10.0.0.1'], link: ['10.5.0.1'], public: ['198.51.100.10'] },
      {
        enable_snat: true,
        routes: [
          { destination: '10.0.0.0/8', nexthop: '10.5.0.77' },
          { destination: '10.9.0.0/24', nexthop: '10.5.0.2' },
        ],
      },
    );
    expect(router.routes).toEqual([]);
    const { verdict, hops, answer } = await trace('a1', '10.9.0.5');
    expect(verdict).toBe('arrives');
    expect(hops.find(({ hop }) => hop === 'leg')!.cause).toBe('route 10.9.0.0/24 via 10.5.0.2 of router r');
    // The guest's own gateway is another router, which knows no way back.
    expect(answer?.verdict).toBe('leaves');
    expect((await trace('a1', '10.8.0.5')).summary).toBe('nobody on network link has 10.5.0.77');
  });

  test('routes that send it round are found out', async () => {
    cloud.addNetwork('link', ['10.5.0.0/24']);
    const back = { routes: [{ destination: '10.77.0.0/16', nexthop: '10.5.0.1' }] };
    cloud.addRouter('t', { link: ['10.5.0.2'] }, back);
    const there = { routes: [{ destination: '10.77.0.0/16', nexthop: '10.5.0.2' }] };
    cloud.addRouter('r', { a: ['10.0.0.1'], link: ['10.5.0.1'] }, there);
    expect(await trace('a1', '10.77.0.1')).toMatchObject({
      verdict: 'dropped',
      summary: 'goes round in a ring of routers until its hops are used up',
    });
  });

  test('of routes that share a destination each must end the same, or nobody knows', async () => {
    cloud.addNetwork('link', ['10.5.0.0/24']);
    cloud.addRouter('t', { link: ['10.5.0.2'], far: ['10.9.0.2'] });
    const routes = ['10.5.0.2', '10.5.0.3'].map((nexthop) => ({ destination: '10.9.0.0/24', nexthop }));
    cloud.addRouter('r', { a: ['10.0.0.1'], link: ['10.5.0.1'] }, { routes });
    expect((await trace('a1', '10.9.0.5')).verdict).toBe('unknown');
    cloud.addRouter('u', { link: ['10.5.0.3'], far: ['10.9.0.3'] });
    expect((await trace('a1', '10.9.0.5')).verdict).toBe('arrives');
  });

  test('a ring in which every router has two ways is not followed on all of them', async () => {
    cloud.addNetwork('left', ['10.5.0.0/24']);
    cloud.addNetwork('right', ['10.6.0.0/24']);
    const by = (host: number) =>
      ['10.5.0', '10.6.0'].map((net) => ({ destination: '0.0.0.0/0', nexthop: `${net}.${host}` }));
    cloud.addRouter('r', { a: ['10.0.0.1'], left: ['10.5.0.1'], right: ['10.6.0.1'] }, { routes: by(2) });
    cloud.addRouter('t', { left: ['10.5.0.2'], right: ['10.6.0.2'] }, { routes: by(1) });
    let asked = 0;
    const { holder } = cloud;
    cloud.holder = (...which) => {
      asked += 1;
      if (asked > 10_000) throw new Error('it is followed for ever');
      return holder.call(cloud, ...which);
    };
    expect((await trace('a1', '203.0.113.9')).verdict).toBe('unknown');
    expect(asked).toBeLessThan(1000);
  });

  test('metadata is answered by the router', async () => {
    const { verdict, summary } = await trace('a1', '169.254.169.254', { protocol: 'tcp', port: 80 });
    expect({ verdict, summary }).toEqual({
      verdict: 'arrives',
      summary: 'the metadata proxy of the router answers it',
    });
  });
});

describe('to the outside and from it', () => {
  test('it leaves with the address of the router', async () => {
    const { verdict, hops } = await trace('a1', '203.0.113.9');
    expect(verdict).toBe('leaves');
    expect(hops.slice(-3)).toMatchObject([
      { hop: 'gateway', cause: 'gateway of router r' },
      { hop: 'nat', cause: 'SNAT of router r' },
      { hop: 'gateway', text: 'leaves by network public to 198.51.100.1, which is none of our ports' },
    ]);
  });

  test('it leaves with its own floating IP', async () => {
    cloud.addFloating('r', 'public', '198.51.100.50', '10.0.0.5');
    const { hops } = await trace('a1', '203.0.113.9');
    expect(hops.at(-2)).toMatchObject({ hop: 'nat', cause: 'floating IP f-198.51.100.50' });
  });

  test('without SNAT it leaves as it is', async () => {
    cloud.routers.get('r')!.router.enable_snat = false;
    expect((await trace('a1', '203.0.113.9')).hops.map(({ hop }) => hop)).not.toContain('nat');
  });

  test('another router’s floating IP is reached, and its answer comes back translated', async () => {
    cloud.addFloating('s', 'public', '198.51.100.60', '10.9.0.5');
    const { verdict, answer, hops } = await trace('a1', '198.51.100.60');
    expect({ verdict, answer: answer?.verdict }).toEqual({ verdict: 'arrives', answer: 'arrives' });
    expect(hops.filter(({ hop }) => hop === 'nat').map(({ text }) => text)).toEqual([
      "the sender becomes the router's own address 198.51.100.10",
      '198.51.100.60 is 10.9.0.5 inside',
    ]);
  });

  test('a floating IP of the own router is reached from inside, too', async () => {
    cloud.addFloating('r', 'public', '198.51.100.50', '10.1.0.5');
    const { verdict, answer } = await trace('a1', '198.51.100.50');
    expect({ verdict, answer: answer?.verdict }).toEqual({ verdict: 'arrives', answer: 'arrives' });
  });

  test('groups see the address that the packet has there', async () => {
    cloud.addFloating('s', 'public', '198.51.100.60', '10.9.0.5');
    cloud.addGuest('f1', 'far', ['10.9.0.5'], [{ direction: 'ingress', remote: ['198.51.100.10/32'] }]);
    expect((await trace('a1', '198.51.100.60')).verdict).toBe('arrives');
    cloud.addGuest('f1', 'far', ['10.9.0.5'], [{ direction: 'ingress', remote: ['10.0.0.0/24'] }]);
    expect((await trace('a1', '198.51.100.60')).verdict).toBe('dropped');
  });

  test('a forwarded port leads inside, others of that address nowhere', async () => {
    cloud.addFloating('s', 'public', '198.51.100.60', null);
    cloud.routers.get('s')!.forwardings.push({
      ...{ id: 'pf', floating_ip_address: '198.51.100.60', protocol: 'tcp', external_port_start: 2000 },
      ...{ external_port_end: 2010, internal_ip_address: '10.9.0.5', internal_port_start: 20, internal_port_end: 30 },
    });
    const { verdict, hops } = await trace('a1', '198.51.100.60', { protocol: 'tcp', port: 2002 });
    expect(verdict).toBe('arrives');
    expect(hops.findLast(({ hop }) => hop === 'nat')!.text).toBe('198.51.100.60:2002 is 10.9.0.5:22 inside');
    const { verdict: other, summary } = await trace('a1', '198.51.100.60', { protocol: 'tcp', port: 80 });
    expect({ other, summary }).toEqual({
      other: 'dropped',
      summary: '198.51.100.60 is router s itself, which serves nothing on that port',
    });
    expect((await trace('f1', '198.51.100.60')).summary).toMatch(/^router s itself answers/);
  });

  test('address scopes keep legs apart, and floating IPs go over them', async () => {
    const { router } = cloud.routers.get('r')!;
    router._interfaces![1]!.address_scopes = { '4': 'scope', '6': null };
    expect(await trace('a1', '10.1.0.5')).toMatchObject({
      verdict: 'dropped',
      summary: 'address scopes differ: none on one side of router r, scope on the other',
    });
    cloud.addFloating('r', 'public', '198.51.100.50', '10.1.0.5');
    router._floatingips![0]!.fixed_ip_address_scope = 'scope';
    expect((await trace('a1', '198.51.100.50')).verdict).toBe('arrives');
  });

  test('who has a floating IP speaks with an address of the outside’s scope, also to networks of that scope', async () => {
    const { router } = cloud.routers.get('r')!;
    router._interfaces![0]!.address_scopes = { '4': 'scope', '6': null };
    expect((await trace('a1', '10.1.0.5')).verdict).toBe('dropped');
    cloud.addFloating('r', 'public', '198.51.100.50', '10.0.0.5');
    router._floatingips![0]!.fixed_ip_address_scope = 'scope';
    expect(await trace('a1', '10.1.0.5')).toMatchObject({ verdict: 'arrives', answer: { verdict: 'arrives' } });
    router._interfaces![1]!.address_scopes = { '4': 'another', '6': null };
    expect((await trace('a1', '10.1.0.5')).verdict).toBe('dropped');
  });

  test('without SNAT a scope ends at the gateway, but for who has a floating IP', async () => {
    const { router } = cloud.routers.get('r')!;
    router.enable_snat = false;
    router._interfaces![0]!.address_scopes = { '4': 'scope', '6': null };
    expect((await trace('a1', '203.0.113.9')).verdict).toBe('dropped');
    cloud.addFloating('r', 'public', '198.51.100.50', '10.0.0.5');
    expect((await trace('a1', '203.0.113.9')).verdict).toBe('leaves');
  });
});

describe('guests', () => {
  test('a host route goes before the gateway', async () => {
    const { subnets } = cloud.networks.get('a')!;
    subnets[0]!.host_routes = [{ destination: '10.1.0.0/24', nexthop: '10.0.0.6' }];
    const { verdict, summary } = await trace('a1', '10.1.0.5');
    expect({ verdict, summary }).toEqual({
      verdict: 'unknown',
      summary: 'port a2 has 10.0.0.6: whether its guest passes it on, rows do not say',
    });
  });

  test('without an address of the version nothing is sent', async () => {
    expect((await trace('a1', '2001:db8::1')).verdict).toBe('dropped');
  });

  test('things of other projects are named by their kind alone', async () => {
    const port = (await cloud.port('a1'))!;
    const question: Question = { to: '10.0.0.6', protocol: 'icmp', port: null };
    const { hops, summary } = await tracePort(cloud, port, question, (project) => project === 'somebody');
    expect(new Set(hops.flatMap((hop) => Object.keys(hop)))).toEqual(new Set(['hop', 'state', 'text']));
    expect(summary).toMatch(/^at the port of another project/);
  });
});
