import { describe, expect, it } from 'vitest';
import type { WireFloatingIp, WireRouter } from '../../../rpc/contract.ts';
import { chainName } from '../chains.ts';
import type { RouterState, RouterTable } from '../contract.ts';
import type { L3Options } from '../options.ts';
import { deriveRouter, makeParts } from '../parts.ts';
import { factsOf, ids, portOf, routerOf, subnetOf } from '../testing.ts';

const qr = 'qr-bbbbbbbb-00';
const qg = 'qg-cccccccc-00';
const internal = portOf(ids.internal, ['10.0.0.1/24'], { admin_state_up: true });
const outside = { subnets: [subnetOf('203.0.113.0/24', { gateway_ip: '203.0.113.1' })] };
const gateway = portOf(ids.gateway, ['203.0.113.5/24'], outside);
const floating = (more: Partial<WireFloatingIp> = {}): WireFloatingIp =>
  ({
    ...{ id: 'f1', floating_ip_address: '203.0.113.7', fixed_ip_address: '10.0.0.9', status: 'DOWN' },
    ...{ fixed_ip_address_scope: null, port_id: 'p', router_id: ids.router },
    ...more,
  }) as WireFloatingIp;
const whole = { gw_port: gateway, enable_snat: true, _interfaces: [internal] };

function derive(more: Partial<WireRouter> = {}, options: Partial<L3Options> = {}): RouterState {
  return deriveRouter(routerOf(more), makeParts([]), factsOf(options))!;
}

function rules(state: RouterState, table: RouterTable, chain: string, family: 4 | 6 = 4): string[] {
  return (state.rules[family].get(table)?.get(chainName(chain)) ?? []).map(({ body }) => body);
}

describe('deriving a router', () => {
  it('gives it its cards, and a way out of the external network', () => {
    const state = derive(whole);
    expect([...state.devices.values()].map(({ name, tap, addresses }) => [name, tap, addresses])).toEqual([
      [qr, 'tapbbbbbbbb-00', ['10.0.0.1/24']],
      [qg, 'tapcccccccc-00', ['203.0.113.5/24']],
    ]);
    expect(state.routes).toMatchObject([
      { family: 4, destination: 'default', nexthops: [{ via: '203.0.113.1', device: qg }] },
    ]);
  });

  it('reaches a gateway outside of its subnet on the link', () => {
    const port = portOf(ids.gateway, ['203.0.113.5/24'], {
      subnets: [subnetOf('203.0.113.0/24', { gateway_ip: '198.51.100.1' })],
    });
    expect(derive({ ...whole, gw_port: port }).routes[0]!.nexthops).toEqual([
      { via: '198.51.100.1', device: qg, onLink: true },
    ]);
  });

  it('has other subnets of the external network on the link', () => {
    const port = portOf(ids.gateway, ['203.0.113.5/24'], { ...outside, extra_subnets: [subnetOf('198.51.100.0/24')] });
    expect(derive({ ...whole, gw_port: port }).routes[0]).toMatchObject({
      destination: '198.51.100.0/24',
      nexthops: [{ via: null, device: qg }],
    });
  });

  it('keeps its own network where a subnet of the external one has the same addresses', () => {
    const extra_subnets = [subnetOf('10.0.0.0/24'), subnetOf('10.0.0.0/8')];
    const port = portOf(ids.gateway, ['203.0.113.5/24'], { ...outside, extra_subnets });
    const { routes } = derive({ ...whole, gw_port: port });
    expect(routes.map(({ destination }) => destination)).toEqual(['10.0.0.0/8', 'default']);
  });

  it('takes router advertisements where no IPv6 gateway is known, or the configured one', () => {
    expect(derive(whole).devices.get(qg)!.sysctls).toContainEqual(['ipv6', 'accept_ra', '2']);
    const state = derive(whole, { ipv6_gateway: 'fe80::1' });
    // It listened before it had one: the kernel must be told to stop.
    expect(state.devices.get(qg)!.sysctls).toContainEqual(['ipv6', 'accept_ra', '0']);
    expect(state.routes).toContainEqual(
      expect.objectContaining({ family: 6, destination: 'default', nexthops: [{ via: 'fe80::1', device: qg }] }),
    );
  });

  it('rewrites what leaves, and leaves alone what goes from one own network to another', () => {
    const state = derive(whole);
    expect(rules(state, 'nat', 'snat')).toEqual([
      '-j neutron-l3-agent-float-snat',
      `-o ${qg} -j SNAT --to-source 203.0.113.5 --random-fully`,
      '-m mark ! --mark 0x2/0xffff -m conntrack --ctstate DNAT -j SNAT --to-source 203.0.113.5 --random-fully',
    ]);
    expect(rules(state, 'nat', 'POSTROUTING')).toEqual([`! -o ${qg} -m conntrack ! --ctstate DNAT -j ACCEPT`]);
    expect(rules(state, 'mangle', 'mark')).toEqual([`-i ${qg} -j MARK --set-xmark 0x2/0xffff`]);
    expect(rules(derive({ ...whole, enable_snat: false }), 'nat', 'snat')).not.toContainEqual(
      expect.stringContaining(`-o ${qg} -j SNAT`),
    );
  });

  it('leads a floating IP to its fixed address and back', () => {
    const state = derive({ ...whole, _floatingips: [floating()] });
    const there = '-d 203.0.113.7/32 -j DNAT --to-destination 10.0.0.9';
    expect(rules(state, 'nat', 'PREROUTING')).toContain(there);
    expect(rules(state, 'nat', 'OUTPUT')).toEqual([there]);
    expect(rules(state, 'nat', 'float-snat')).toEqual([
      '-s 10.0.0.9/32 -j SNAT --to-source 203.0.113.7 --random-fully',
    ]);
    expect(state.devices.get(qg)!.addresses).toEqual(['203.0.113.5/24', '203.0.113.7/32']);
  });

  it('drops what goes from one address scope to another, and accepts within the external one', () => {
    const scope = { address_scopes: { '4': 'scope-a', '6': null } };
    const state = derive({
      ...whole,
      gw_port: { ...gateway, ...scope },
      _interfaces: [{ ...internal, ...scope }],
    });
    const mark = /-i qr-\S+ -j MARK --set-xmark (\S+)/.exec(rules(state, 'mangle', 'scope').join('\n'))![1]!;
    expect(mark).toMatch(/^0x[4-7][\da-f]{6}\/0xffff0000$/);
    expect(rules(state, 'filter', 'scope')).toContain(`-o ${qr} -m mark ! --mark ${mark} -j DROP`);
    expect(rules(state, 'filter', 'scope', 6)).toContain(`-o ${qr} -m mark ! --mark 0x4000000/0xffff0000 -j DROP`);
    expect(rules(state, 'nat', 'snat')[1]).toBe(`-o ${qg} -m connmark --mark ${mark} -j ACCEPT`);
  });

  it('marks packets to a floating IP with the scope of its fixed address', () => {
    const scoped = floating({ fixed_ip_address_scope: 'scope-a' });
    const port = { ...internal, address_scopes: { '4': 'scope-a', '6': null } };
    const state = derive({ ...whole, _interfaces: [port], _floatingips: [scoped] });
    expect(rules(state, 'mangle', 'floatingip')[0]).toMatch(
      /^-d 203.0.113.7\/32 -j MARK --set-xmark 0x\w+\/0xffff0000$/,
    );
    expect(rules(state, 'mangle', 'FORWARD')).toEqual(['-s 10.0.0.9/32 -j neutron-l3-agent-float-snat']);
  });

  it('makes one route of several ways to one destination', () => {
    const routes = ['10.0.0.50', '10.0.0.51'].map((nexthop) => ({ destination: '10.9.0.0/16', nexthop }));
    expect(derive({ ...whole, routes }).routes.at(-1)).toMatchObject({
      destination: '10.9.0.0/16',
      nexthops: [
        { via: '10.0.0.50', device: qr },
        { via: '10.0.0.51', device: qr },
      ],
    });
  });

  it('leads everywhere by an extra route instead of the gateway, and by halves beside it', () => {
    const [nexthop, via] = ['10.0.0.50', '203.0.113.1'];
    const routed = (...destinations: string[]) =>
      derive({ ...whole, routes: destinations.map((destination) => ({ destination, nexthop })) }).routes.map(
        ({ destination, nexthops }) => [destination, nexthops[0]!.via],
      );
    expect(routed('0.0.0.0/0')).toEqual([['default', nexthop]]);
    const halves = routed('0.0.0.0/1', '128.0.0.0/1', '0.0.0.0/32');
    expect(halves).toEqual([
      ['default', via],
      ...['0.0.0.0/1', '128.0.0.0/1', '0.0.0.0/32'].map((to) => [to, nexthop]),
    ]);
  });

  it('marks what comes from outside as it is configured, in the lower half of the mark', () => {
    const state = derive(whole, { external_ingress_mark: '0x70005' });
    expect(rules(state, 'mangle', 'mark')).toEqual([`-i ${qg} -j MARK --set-xmark 0x5/0xffff`]);
    expect(rules(state, 'nat', 'snat').at(-1)).toMatch(/^-m mark ! --mark 0x5\/0xffff -m conntrack --ctstate DNAT /);
  });

  it('has no route beside the kernel’s to a subnet it is on', () => {
    const routes = [{ destination: '10.0.0.0/24', nexthop: '10.0.0.2' }];
    const { routes: derived, problems } = derive({ ...whole, routes });
    expect(derived.map(({ destination }) => destination)).toEqual(['default']);
    expect(problems).toEqual([]);
  });

  it('keeps the way to a subnet that it joined after a route led there', () => {
    const routes = [{ destination: '10.0.5.0/24', nexthop: '10.0.0.2' }];
    const joined = portOf(ids.gateway, ['10.0.5.1/24'], { admin_state_up: true });
    expect(derive({ _interfaces: [internal], routes }).routes).toHaveLength(1);
    expect(derive({ _interfaces: [internal, joined], routes }).routes).toEqual([]);
    // Another subnet of a network that it is in is none that it is on.
    const beside = portOf(ids.internal, ['10.0.0.1/24'], {
      ...{ admin_state_up: true, extra_subnets: [subnetOf('10.0.5.0/24')] },
    });
    expect(derive({ _interfaces: [beside], routes }).routes).toHaveLength(1);
  });

  it('says which routes and addresses it cannot have', () => {
    const routes = [{ destination: '10.9.0.0/16', nexthop: '192.0.2.1' }];
    const _floatingips = [floating({ fixed_ip_address: '10.0.0.9; reboot' })];
    const state = derive({ ...whole, routes, _floatingips });
    expect(state.problems.map(({ resource }) => resource)).toEqual(['router', 'floatingip']);
    expect(state.floatingIps.size).toBe(0);
  });

  it('leaves out what is no port', () => {
    const evil = { ...internal, id: '../../x' };
    expect(derive({ ...whole, _interfaces: [evil] }).devices.has(qr)).toBe(false);
  });

  it('is not here while it is down, distributed, or without gateway where those are not handled', () => {
    const facts = factsOf({ handle_internal_only_routers: false });
    expect(deriveRouter(routerOf({ admin_state_up: false }), makeParts([]), factsOf())).toBeNull();
    expect(deriveRouter(routerOf({ distributed: true }), makeParts([]), factsOf())).toBeNull();
    expect(deriveRouter(routerOf(), makeParts([]), facts)).toBeNull();
    expect(deriveRouter(routerOf({ gw_port: gateway }), makeParts([]), facts)).not.toBeNull();
  });
});
