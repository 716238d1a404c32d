import { describe, expect, test } from 'vitest';
import { defaultValues } from '../../lib/options.ts';
import type { Link, NetworkState } from '../../linux/contract.ts';
import type { NetworkInfo } from '../../rpc/contract.ts';
import { type DhcpState, deriveDhcpState } from './derive.ts';
import type { DhcpObserved } from './observe.ts';
import { type DhcpOptions, dhcpOptions } from './options.ts';
import { describeStep, planDhcp, stepsOf } from './plan.ts';
import { dhcpPortOf, ids, networkOf, portOf, subnet6Of, subnetOf } from './testing.ts';

const netns = `qdhcp-${ids.network}`;
const device = `ns-${ids.dhcp.slice(0, 11)}`;
const tap = `tap${ids.dhcp.slice(0, 11)}`;
const folder = `/s/dhcp/${ids.network}`;

function stateOf(network: NetworkInfo = networkOf(), changes: Partial<DhcpOptions> = {}): DhcpState {
  const paths = {
    dhcp_confs: '/s/dhcp',
    external_pids: '/s/external/pids',
    metadata_proxy_socket: '/s/metadata_proxy',
  };
  const settings = {
    statePath: '/s',
    options: defaultValues(dhcpOptions, { ...paths, ...changes }),
    dnsmasqUser: null,
  };
  return deriveDhcpState(network, dhcpPortOf(), settings)!;
}

/** The host as it is after the plan for a state was carried out. */
function hostOf(state: DhcpState): DhcpObserved {
  const { card } = state;
  const link: Link = {
    name: card.device,
    ifindex: 2,
    kind: 'veth',
    mac: card.mac,
    mtu: card.mtu,
    up: true,
    carrier: true,
    master: null,
    peer: { ifindex: 5, elsewhere: true },
    alias: null,
    addresses: [
      ...card.addresses.map((cidr) => ({
        cidr,
        family: 4 as const,
        scope: 'global' as const,
        dynamic: false,
        broadcast: null,
      })),
      { cidr: 'fe80::f816:3eff:fe00:2/64', family: 6, scope: 'link', dynamic: false, broadcast: null },
    ],
  };
  const routes = card.gateways.map(({ family, address }) => ({
    family,
    destination: 'default',
    via: address,
    device: card.device,
    metric: null,
    protocol: 'boot',
    scope: null,
    source: null,
  }));
  const running = (pid: number, argv: readonly string[]) => ({ pid, argv, byFile: true, inNamespace: true });
  return {
    namespace: { links: new Map([[link.name, link]]), routes },
    checksums: card.checksums,
    files: { ...state.files },
    leases: '',
    dnsmasq: running(10, state.dnsmasq.argv),
    proxy: state.proxy.isWanted
      ? { files: [state.proxy.files[0]!.text], running: running(11, state.proxy.spec.argv) }
      : { files: [null], running: null },
  };
}

const bare: DhcpObserved = {
  namespace: null,
  checksums: [],
  files: { interface: null, host: null, addn_hosts: null, opts: null },
  leases: null,
  dnsmasq: null,
  proxy: { files: [null], running: null },
};

const lines = (state: DhcpState, observed: DhcpObserved) => stepsOf(planDhcp(state, observed)).flatMap(describeStep);
const inside = (changes: Partial<Link>, state: DhcpState): NetworkState => {
  const { links, routes } = hostOf(state).namespace!;
  return { links: new Map([...links].map(([name, link]) => [name, { ...link, ...changes }])), routes };
};

test('from nothing: namespace, card, addresses, route, files, dnsmasq, haproxy', () => {
  const state = stateOf(networkOf(), { enable_isolated_metadata: true });
  expect(lines(state, bare)).toEqual([
    `write_file ${folder}/interface`,
    `ensure_namespace ${netns}`,
    `${netns}: sysctl key=net/ipv6/conf/default/accept_ra value=0`,
    `host: delete_link name=${tap}`,
    `host: ensure_veth name=${tap} peer=${device} peerNetns=${netns} peerMac=fa:16:3e:00:00:02`,
    `host: set_mtu name=${tap} mtu=1450`,
    `host: set_up name=${tap}`,
    `${netns}: set_mtu name=${device} mtu=1450`,
    `${netns}: set_up name=${device}`,
    `${netns}: add_address device=${device} cidr=10.0.0.2/24`,
    `${netns}: add_address device=${device} cidr=169.254.169.254/32`,
    `${netns}: replace_route family=4 destination=default via=10.0.0.1 device=${device}`,
    `${netns}: fill_checksums IPv4`,
    `write_file ${folder}/host`,
    `write_file ${folder}/addn_hosts`,
    `write_file ${folder}/opts`,
    `prepare_leases ${folder}/leases`,
    `start ${state.dnsmasq.argv.join(' ')}`,
    `write_file /s/ns-metadata-proxy/${ids.network}.conf`,
    `start haproxy -f /s/ns-metadata-proxy/${ids.network}.conf`,
  ]);
});

test.each([{}, { enable_isolated_metadata: true }, { force_metadata: true }])('nothing to do twice: %j', (options) => {
  const network = networkOf({ subnets: [subnetOf(), subnet6Of('dhcpv6-stateful')], ports: [dhcpPortOf(), portOf()] });
  const state = stateOf(network, options);
  expect(lines(state, hostOf(state))).toEqual([]);
});

describe('changes', () => {
  const state = stateOf(networkOf({ ports: [dhcpPortOf(), portOf()] }));
  const before = hostOf(state);

  test('a new port: files and a reload, the namespace is not looked at', () => {
    const old = {
      ...before,
      namespace: undefined,
      checksums: undefined,
      files: { ...before.files, host: '', addn_hosts: '' },
    };
    expect(lines(state, old)).toEqual([
      `write_file ${folder}/host`,
      `write_file ${folder}/addn_hosts`,
      `reload ${state.dnsmasq.argv.join(' ')}`,
    ]);
  });

  test('other arguments: a restart', () => {
    const old = { ...before, dnsmasq: { ...before.dnsmasq!, argv: ['dnsmasq', '--other'] } };
    expect(lines(state, old)).toEqual([
      `stop ${state.dnsmasq.argv.join(' ')}`,
      `prepare_leases ${folder}/leases`,
      `start ${state.dnsmasq.argv.join(' ')}`,
    ]);
  });

  test('in another namespace than the one of the name: a restart', () => {
    const old = { ...before, dnsmasq: { ...before.dnsmasq!, inNamespace: false } };
    expect(lines(state, old).map((line) => line.split(' ')[0])).toEqual(['stop', 'prepare_leases', 'start']);
  });

  test('found by its command line alone: the pid file again, nothing else', () => {
    const old = { ...before, dnsmasq: { ...before.dnsmasq!, byFile: false } };
    expect(lines(state, old)).toEqual([`write_file ${folder}/pid`]);
  });

  test('a reload that would crash dnsmasq is a restart: a tagged line with a v4 lease', () => {
    const extra_dhcp_opts = [{ opt_name: 'mtu', opt_value: '1400', ip_version: 4 as const }];
    const tagged = stateOf(networkOf({ ports: [dhcpPortOf(), portOf({ extra_dhcp_opts })] }));
    const old = { ...hostOf(tagged), files: before.files };
    const verbs = (observed: DhcpObserved) => lines(tagged, observed).map((line) => line.split(' ')[0]);
    const lease = (address: string) => `1795434035 fa:16:3e:00:00:01 ${address} host *\n`;
    expect(verbs({ ...old, leases: lease('10.0.0.5') }).slice(-3)).toEqual(['stop', 'prepare_leases', 'start']);
    expect(verbs({ ...old, leases: lease('10.0.0.6') }).at(-1)).toBe('reload');
    expect(verbs({ ...old, leases: 'duid 00:01\n1795434035 99 fd00::5 host 00:02\n' }).at(-1)).toBe('reload');
    // Also when the tag is just going away: dnsmasq still has it in memory.
    const untagged = { ...before, files: tagged.files, leases: lease('10.0.0.5') };
    expect(lines(state, untagged).at(-1)).toMatch(/^start/);
  });

  test('metadata proxy: started, restarted for another configuration, ended', () => {
    const proxied = stateOf(networkOf(), { force_metadata: true });
    const host = hostOf(proxied);
    const config = `/s/ns-metadata-proxy/${ids.network}.conf`;
    expect(lines(proxied, { ...host, proxy: { ...host.proxy, files: ['old'] } })).toEqual([
      `write_file ${config}`,
      `stop haproxy -f ${config}`,
      `start haproxy -f ${config}`,
    ]);
    expect(lines(proxied, { ...host, proxy: { ...host.proxy, running: null } })).toEqual([
      `start haproxy -f ${config}`,
    ]);
    const without = stateOf();
    expect(lines(without, { ...hostOf(without), proxy: { ...host.proxy, files: ['old'] } })).toEqual([
      `stop haproxy -f ${config}`,
      `remove ${config.replace(/conf$/, 'log')}`,
      `remove ${config}`,
    ]);
  });
});

describe('the card', () => {
  const state = stateOf();
  const withInside = (changes: Partial<Link>): DhcpObserved => ({
    ...hostOf(state),
    namespace: inside(changes, state),
  });

  test('what changed and nothing else', () => {
    expect(lines(state, withInside({ mac: 'fa:16:3e:99:99:99' }))).toEqual([
      `${netns}: set_mac name=${device} mac=fa:16:3e:00:00:02`,
    ]);
    expect(lines(state, withInside({ mtu: 1500 }))).toEqual([
      `host: set_mtu name=${tap} mtu=1450`,
      `${netns}: set_mtu name=${device} mtu=1450`,
    ]);
    expect(lines(state, withInside({ carrier: false }))).toEqual([`host: set_up name=${tap}`]);
  });

  test('foreign addresses go, the kernel’s own link-local one stays', () => {
    const foreign = {
      cidr: '10.0.0.77/24',
      family: 4 as const,
      scope: 'global' as const,
      dynamic: false,
      broadcast: null,
    };
    const link = hostOf(state).namespace!.links.get(device)!;
    expect(lines(state, withInside({ addresses: [...link.addresses, foreign] }))).toEqual([
      `${netns}: delete_address device=${device} cidr=10.0.0.77/24`,
    ]);
  });

  test('a card of a port before is unplugged', () => {
    const host = hostOf(state);
    const old = { ...host.namespace!.links.get(device)!, name: 'ns-99999999-99' };
    const links = new Map([...host.namespace!.links, [old.name, old]]);
    expect(lines(state, { ...host, namespace: { ...host.namespace!, links } })).toEqual([
      `${netns}: delete_link name=ns-99999999-99`,
    ]);
  });

  test('default route: changed in place, removed without a gateway', () => {
    const moved = stateOf(networkOf({ subnets: [subnetOf({ gateway_ip: '10.0.0.254' })] }));
    const host = { ...hostOf(moved), namespace: hostOf(state).namespace };
    expect(lines(moved, host)).toEqual([
      `${netns}: replace_route family=4 destination=default via=10.0.0.254 device=${device}`,
    ]);
    const none = stateOf(networkOf({ subnets: [subnetOf({ gateway_ip: null })] }));
    expect(lines(none, { ...hostOf(none), namespace: hostOf(state).namespace })).toEqual([
      `${netns}: delete_route family=4 destination=default via=10.0.0.1 device=${device}`,
    ]);
  });

  test('a gateway outside of the subnet gets a route of its own first', () => {
    const outside = stateOf(networkOf({ subnets: [subnetOf({ gateway_ip: '192.0.2.1' })] }));
    expect(lines(outside, bare).filter((line) => line.includes('route'))).toEqual([
      `${netns}: replace_route family=4 destination=192.0.2.1 via=null device=${device}`,
      `${netns}: replace_route family=4 destination=default via=192.0.2.1 device=${device}`,
    ]);
  });
});

test('no state where nothing is to be served', () => {
  expect(stateOf(networkOf({ admin_state_up: false }))).toBeNull();
  expect(stateOf(networkOf({ subnets: [subnetOf({ enable_dhcp: false })] }))).toBeNull();
});

test('addresses: each with its prefix, metadata’s where it may be served, in v6 too', () => {
  const subnets = [subnetOf({ cidr: '10.0.0.0/20' }), subnet6Of('slaac')];
  const network = networkOf({ subnets });
  const port = dhcpPortOf({
    fixed_ips: [
      { subnet_id: ids.v4, ip_address: '10.0.0.2' },
      { subnet_id: ids.v6, ip_address: 'fd00::2' },
    ],
  });
  const settings = {
    statePath: '/s',
    dnsmasqUser: null,
    options: defaultValues(dhcpOptions, { enable_isolated_metadata: true }),
  };
  const { card } = deriveDhcpState(network, port, settings)!;
  expect(card.addresses).toEqual(['10.0.0.2/20', 'fd00::2/64', '169.254.169.254/32', 'fe80::a9fe:a9fe/128']);
  expect(card.gateways).toEqual([
    { family: 4, address: '10.0.0.1', onLink: false },
    { family: 6, address: 'fd00::1', onLink: false },
  ]);
  expect(card.checksums).toEqual([4, 6]);
});
