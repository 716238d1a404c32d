import { describe, expect, it } from 'vitest';
import type { WireFloatingIp, WireRouter } from '../../../rpc/contract.ts';
import type { RouterState } from '../contract.ts';
import { asObserved, type RouterObserved } from '../kernel/observe.ts';
import { deriveRouter, makeParts } from '../parts.ts';
import { factsOf, ids, portOf, routerOf, subnetOf } from '../testing.ts';
import { isEmpty, planRouter } from './plan.ts';

const qr = 'qr-bbbbbbbb-00';
const qg = 'qg-cccccccc-00';
const whole: Partial<WireRouter> = {
  gw_port: portOf(ids.gateway, ['203.0.113.5/24'], {
    subnets: [subnetOf('203.0.113.0/24', { gateway_ip: '203.0.113.1' })],
  }),
  enable_snat: true,
  _interfaces: [portOf(ids.internal, ['10.0.0.1/24'], { admin_state_up: true })],
};
const floating = (fixed_ip_address: string): Partial<WireRouter> => ({
  _floatingips: [
    { id: 'f1', floating_ip_address: '203.0.113.7', fixed_ip_address, status: 'DOWN' } as unknown as WireFloatingIp,
  ],
});

function derive(more: Partial<WireRouter> = {}): RouterState {
  const options = { enable_metadata_proxy: false };
  return deriveRouter(routerOf({ ...whole, ...more }), makeParts([]), factsOf(options))!;
}
const lines = (state: RouterState, seen: RouterObserved | null) =>
  planRouter(state, seen).inside.map(({ line }) => line);

describe('planning a router', () => {
  it('makes everything where there is nothing', () => {
    const plan = planRouter(derive(), null);
    expect(plan.makeNamespace).toBe(true);
    expect(plan.pairs.map(({ op }) => op)).toEqual([
      ...['delete_link', 'ensure_veth', 'set_mtu', 'set_up'],
      ...['delete_link', 'ensure_veth', 'set_mtu', 'set_up'],
    ]);
    expect(plan.inside.map(({ line }) => line)).toEqual([
      'link set dev lo up',
      `link set dev ${qr} mtu 1450`,
      `link set dev ${qr} up`,
      `address add 10.0.0.1/24 broadcast + dev ${qr}`,
      `link set dev ${qg} mtu 1450`,
      `link set dev ${qg} up`,
      `address add 203.0.113.5/24 broadcast + dev ${qg}`,
      `route replace 0.0.0.0/0 proto static via 203.0.113.1 dev ${qg}`,
    ]);
    expect(plan.rules[4]).toContain('-I FORWARD 1 -j neutron-filter-top\n-I FORWARD 2 -j neutron-l3-agent-FORWARD\n');
    expect(plan.announce).toEqual([
      { device: qr, address: '10.0.0.1' },
      { device: qg, address: '203.0.113.5' },
    ]);
  });

  it('does nothing where all is in force', () => {
    const state = derive(floating('10.0.0.9'));
    expect(isEmpty(planRouter(state, asObserved(state)))).toBe(true);
  });

  it('adds a floating IP with its rules alone', () => {
    const plan = planRouter(derive(floating('10.0.0.9')), asObserved(derive()));
    expect(plan.inside.map(({ line }) => line)).toEqual([`address add 203.0.113.7/32 dev ${qg}`]);
    expect(plan.rules[4].match(/^\*\w+/gm)).toEqual(['*nat']);
    expect(plan.rules[6]).toBe('');
    expect(plan.announce).toEqual([{ device: qg, address: '203.0.113.7' }]);
    expect(plan.forget).toEqual([]);
  });

  it('ends connections by a floating IP that goes or moves, and those only', () => {
    const before = asObserved(derive(floating('10.0.0.9')));
    expect(planRouter(derive(), before).forget).toEqual(['203.0.113.7']);
    expect(planRouter(derive(floating('10.0.0.10')), before).forget).toEqual(['203.0.113.7']);
    expect(planRouter(derive({ ...floating('10.0.0.9'), routes: [] }), before).forget).toEqual([]);
  });

  it('leaves rules of others where they are, and takes away chains of ours that nobody wants', () => {
    const state = derive();
    const observed = asObserved(state);
    const filter = observed.rules[4].get('filter') as Map<string, string[]>;
    filter.set('FORWARD', [...filter.get('FORWARD')!, '-s 192.0.2.1/32 -j DROP', '-j neutron-meter-FORWARD']);
    filter.set('neutron-meter-FORWARD', ['-j ACCEPT']);
    expect(isEmpty(planRouter(state, observed))).toBe(true);
    filter.set('neutron-l3-agent-old', ['-j DROP']);
    expect(planRouter(state, observed).rules[4]).toBe(
      '*filter\n-F neutron-l3-agent-old\n-X neutron-l3-agent-old\nCOMMIT\n',
    );
  });

  it('puts a rule back that somebody flushed, with its whole chain', () => {
    const state = derive();
    const observed = asObserved(state);
    (observed.rules[4].get('nat') as Map<string, string[]>).set('neutron-l3-agent-POSTROUTING', []);
    expect(planRouter(state, observed).rules[4]).toBe(
      `*nat\n:neutron-l3-agent-POSTROUTING - [0:0]\n-A neutron-l3-agent-POSTROUTING ! -o ${qg} -m conntrack ! --ctstate DNAT -j ACCEPT\nCOMMIT\n`,
    );
  });

  it('removes devices, addresses and routes of its own that nobody wants', () => {
    const routes = [{ destination: '10.9.0.0/16', nexthop: '10.0.0.50' }];
    const seen = asObserved(derive({ ...floating('10.0.0.9'), routes }));
    expect(lines(derive(), seen)).toEqual([
      `address del 203.0.113.7/32 dev ${qg}`,
      `route del 10.9.0.0/16 proto static via 10.0.0.50 dev ${qr}`,
    ]);
    expect(lines(derive({ _interfaces: [] }), asObserved(derive()))).toEqual([]);
    expect(planRouter(derive({ _interfaces: [] }), asObserved(derive())).stale.map(({ line }) => line)).toEqual([
      `link del dev ${qr}`,
    ]);
  });

  it('ends connections by addresses of the gateway that are still there while nobody wants them', () => {
    const plain = derive();
    const led = asObserved(derive(floating('10.0.0.9')));
    // The rules are the new ones already, as after a crash between rules and connections.
    expect(planRouter(plain, { ...led, rules: asObserved(plain).rules }).forget).toEqual(['203.0.113.7']);
    const moved = portOf(ids.gateway, ['203.0.113.6/24'], { subnets: [subnetOf('203.0.113.0/24')] });
    expect(planRouter(derive({ gw_port: moved }), asObserved(plain)).forget).toEqual(['203.0.113.5']);
    expect(planRouter(derive({ gw_port: undefined }), asObserved(plain)).forget).toEqual(['203.0.113.5']);
  });

  it('waits for nobody to object to an address of IPv6', () => {
    const _interfaces = [portOf(ids.internal, ['fd01::1/64'], { admin_state_up: true })];
    expect(lines(derive({ _interfaces }), null)).toContain(`address add fd01::1/64 nodad dev ${qr}`);
  });

  it('leaves routes alone that a router advertisement or a person made', () => {
    const state = derive();
    const observed = asObserved(state);
    const made = {
      family: 6 as const,
      destination: 'default',
      nexthops: [{ via: 'fe80::1', device: qg }],
      metric: 1024,
    };
    const routes = [
      ...observed.routes,
      { ...made, protocol: 'ra' },
      { ...made, destination: 'fd99::/64', protocol: 'boot' },
    ];
    expect(isEmpty(planRouter(state, { ...observed, routes }))).toBe(true);
  });

  it('sets routes again that went with a device which is down', () => {
    const state = derive();
    const observed = asObserved(state);
    const links = new Map(observed.links).set(qg, { ...observed.links.get(qg)!, up: false });
    expect(lines(state, { ...observed, links })).toEqual([
      `link set dev ${qg} up`,
      `route replace 0.0.0.0/0 proto static via 203.0.113.1 dev ${qg}`,
    ]);
  });

  it('writes settings that changed, and those of a device that is made anew', () => {
    const state = derive();
    const observed = asObserved(state);
    const sysctls = new Map(observed.sysctls).set('net/ipv4/ip_forward', '0');
    expect(planRouter(state, { ...observed, sysctls }).sysctls).toEqual([['net/ipv4/ip_forward', '1']]);
    const links = new Map(observed.links);
    links.delete(qg);
    expect(planRouter(state, { ...observed, links }).sysctls).toEqual([[`net/ipv6/conf/${qg}/accept_ra`, '2']]);
  });
});
