import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type HostProcess, type Lab, openLab } from '../support/hosts.ts';
import { OUTSIDE, openOutside } from '../support/outside.ts';
import { project, writeConfig } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/** What routers do beside routing, asked for by the API and seen by who is outside: all programs are the real ones. */
const FORWARDED = '198.51.100.50';
const FLOATING = '198.51.100.60';

let lab: Lab;
let host: EmulatedHost;
let deployment: Deployment;
let api: Deployment['api'];
let router: Json;
let guest: Guest;
let port: Json;
let forwarded: Json;
let namespace: string;
let external: Json;

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'host1', wires: [] });
  deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    serverHost: host,
    server: { DEFAULT: { service_plugins: 'router,port_forwarding,conntrack_helper,ndp_proxy,metering,qos' } },
  });
  await deployment.start();
  api = deployment.api;
  const unfiltered = { securitygroup: { enable_security_group: false }, vxlan: { enable_vxlan: false } };
  await deployment.agent('neutron-linuxbridge-agent', host, unfiltered);
  await deployment.agent('neutron-l3-agent', host, {
    DEFAULT: { enable_metadata_proxy: false },
    agent: { check_child_processes_interval: 5 },
  });
  external = await api.create('network', { 'router:external': true });
  await api.create('subnet', {
    ...{ network_id: external.id, ip_version: 4, cidr: '198.51.100.0/24', enable_dhcp: false },
    allocation_pools: [{ start: '198.51.100.10', end: '198.51.100.20' }],
  });
  await openOutside(host, external.id, ['198.51.100.1/24']);
  const network = await api.create('network');
  const subnet = await api.create('subnet', {
    ...{ network_id: network.id, ip_version: 4, cidr: '10.9.0.0/24', enable_dhcp: false },
  });
  router = await api.create('router', { external_gateway_info: { network_id: external.id } });
  await api.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  namespace = `qrouter-${router.id}`;
  port = await api.create('port', {
    ...{ network_id: network.id, fixed_ips: [{ ip_address: '10.9.0.11' }] },
    ...{ device_owner: 'compute:nova', 'binding:host_id': 'host1' },
  });
  guest = await plugGuest(host, port as never, 'guest');
  await host.ipBatch(['addr add 10.9.0.11/24 dev eth0', 'link set eth0 up', 'route add default via 10.9.0.1'], 'guest');
  forwarded = await api.create('floatingip', {
    floating_network_id: external.id,
    floating_ip_address: FORWARDED,
  });
  await until('the router leads outside', () => guest.ping('198.51.100.1', 1));
});
afterAll(async () => {
  await deployment?.close();
  await lab?.close();
});

/** Somebody in the guest who says the number of the port to whoever calls. */
function listen(portNumber: number): HostProcess {
  const listener = ['socat', `TCP-LISTEN:${portNumber},fork,reuseaddr`, `SYSTEM:echo port ${portNumber}; cat`];
  return host.spawn(listener, { netns: 'guest' });
}

/** What is said at an address, to who calls from outside; empty when nobody takes the call. */
async function call(address: string, portNumber: number): Promise<string> {
  const argv = ['socat', '-T', '1', 'STDIO,ignoreeof', `TCP:${address}:${portNumber},connect-timeout=1`];
  const { stdout } = await host.run(['timeout', '3', ...argv], { netns: OUTSIDE, okCodes: [0, 1, 124] });
  return stdout.trim();
}

const forward = async (fields: object): Promise<Json> => {
  const asked = { internal_port_id: port.id, internal_ip_address: '10.9.0.11', protocol: 'tcp', ...fields };
  const path = `/v2.0/floatingips/${forwarded.id}/port_forwardings`;
  return (await api.expect('POST', path, { port_forwarding: asked })).port_forwarding;
};
/** What an agent that is started now would change. */
async function dryRun(): Promise<string> {
  const config = await writeConfig(lab.folder, 'dry.conf', {
    DEFAULT: {
      ...{ state_path: `${lab.folder}/deployment/host1`, host: 'host1', enable_metadata_proxy: false },
      transport_url: `local://${lab.folder}/deployment/bus.sock`,
    },
  });
  return host.read([join(project, 'bin', 'neutron-l3-agent'), '--config-file', config, '--dry-run']);
}
const unforward = (id: string) => api.expect('DELETE', `/v2.0/floatingips/${forwarded.id}/port_forwardings/${id}`);
const rules = (table: string, tool = 'iptables') => host.read([tool, '-t', table, '-S'], { netns: namespace });
const flows = async () =>
  (await host.run(['conntrack', '-L', '-d', FORWARDED], { netns: namespace, okCodes: [0, 1] })).stdout;

describe('a port forwarding', () => {
  it('leads from outside to the port of the guest, and makes its floating IP ACTIVE', async () => {
    const listener = listen(22);
    const { id } = await forward({ external_port: 2222, internal_port: 22 });
    await until('the guest answers', async () => (await call(FORWARDED, 2222)) === 'port 22');
    await until('ACTIVE', async () => (await api.show('floatingip', forwarded.id)).status === 'ACTIVE');
    expect(await rules('nat')).toContain(
      `-A neutron-l3-agent-pf-${id.slice(0, 8)} -d ${FORWARDED}/32 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 10.9.0.11:22`,
    );
    await unforward(id);
    await listener.stop();
  });

  it('of a range leads port by port', async () => {
    const listeners = [9000, 9001, 9002].map(listen);
    const { id } = await forward({ external_port_range: '8000:8002', internal_port_range: '9000:9002' });
    for (const [at, says] of [
      [8000, 'port 9000'],
      [8001, 'port 9001'],
      [8002, 'port 9002'],
    ] as const) {
      await until(says, async () => (await call(FORWARDED, at)) === says);
    }
    expect(await call(FORWARDED, 8003)).toBe('');
    await unforward(id);
    for (const listener of listeners) await listener.stop();
  });

  it('is reached by guests of the same network, too', async () => {
    const listener = listen(80);
    const { id } = await forward({ external_port: 80, internal_port: 80 });
    const argv = ['timeout', '3', 'socat', '-T', '1', 'STDIO,ignoreeof', `TCP:${FORWARDED}:80,connect-timeout=1`];
    await until('an answer', async () => {
      const { stdout } = await host.run(argv, { netns: 'guest', okCodes: [0, 1, 124] });
      return stdout.trim() === 'port 80';
    });
    await unforward(id);
    await listener.stop();
  });

  it('that goes ends its connections, and leaves nothing', async () => {
    const listener = listen(22);
    const { id } = await forward({ external_port: 2222, internal_port: 22 });
    await until('the guest answers', async () => (await call(FORWARDED, 2222)) === 'port 22');
    const client = host.spawn(['socat', 'STDIO', `TCP:${FORWARDED}:2222`], { netns: OUTSIDE });
    await until('a connection', () => client.output.includes('port 22'));
    expect(await flows()).toContain('dport=2222');
    await unforward(id);
    await until('no connection', async () => !(await flows()).includes('dport=2222'));
    const all = await rules('nat');
    expect(all).not.toContain('fip-pf');
    expect(all).not.toContain('pf-');
    await until('DOWN', async () => (await api.show('floatingip', forwarded.id)).status === 'DOWN');
    await client.stop();
    await listener.stop();
  });
});

describe('a conntrack helper', () => {
  const path = () => `/v2.0/routers/${router.id}/conntrack_helpers`;

  it('has a rule in both families as long as it is wanted; an agent that starts changes nothing of it', async () => {
    const asked = { conntrack_helper: { protocol: 'tcp', port: 21, helper: 'ftp' } };
    const { id } = (await api.expect('POST', path(), asked)).conntrack_helper;
    const chain = `neutron-l3-agent-cth-${id.slice(0, 7)}`;
    for (const tool of ['iptables', 'ip6tables']) {
      await until(`a rule of ${tool}`, async () =>
        (await rules('raw', tool)).includes(`-A ${chain} -p tcp -m tcp --dport 21 -j CT --helper ftp`),
      );
      expect(await rules('raw', tool)).toContain('-A neutron-l3-agent-PREROUTING -j neutron-l3-agent-cth');
    }
    const { id: forwarding } = await forward({ external_port: 2121, internal_port: 21 });
    await until('a forwarding', async () => (await rules('nat')).includes('--dport 2121'));
    await until('all of it', async () => (await dryRun()) === 'nothing to change: this host is as it should be\n');
    await unforward(forwarding);
    await api.expect('DELETE', `${path()}/${id}`);
    await until('no rule', async () => !(await rules('raw')).includes('cth'));
  });
});

describe('limits of addresses', () => {
  const KBPS = 1000;
  const SENT = 8_000_000;

  /** How many bytes come out where one sends as fast as it can. */
  async function blast(from: string, to: string, address: string): Promise<number> {
    const read = async () => Number(await host.read(['cat', '/sys/class/net/eth0/statistics/rx_bytes'], { netns: to }));
    const before = await read();
    const argv = ['socat', '-u', '-b', '1400', `EXEC:head -c ${SENT} /dev/zero`, `UDP-SENDTO:${address}:7000`];
    await host.run(argv, { netns: from });
    return (await read()) - before;
  }
  const up = () => blast('guest', OUTSIDE, '198.51.100.1');
  const down = () => blast(OUTSIDE, 'guest', FLOATING);

  async function policyOf(direction: string): Promise<string> {
    const { policy } = await api.expect('POST', '/v2.0/qos/policies', { policy: { name: `slow ${direction}` } });
    await api.expect('POST', `/v2.0/qos/policies/${policy.id}/bandwidth_limit_rules`, {
      bandwidth_limit_rule: { max_kbps: KBPS, max_burst_kbps: 100, direction },
    });
    return policy.id;
  }

  /** The limits by which packets leave the gateway, or come in by it. */
  async function filters(parent: '1:' | 'ffff:' = '1:'): Promise<string> {
    const gateway = `qg-${(await gatewayPort()).slice(0, 11)}`;
    const argv = ['tc', 'filter', 'show', 'dev', gateway, 'parent', parent];
    return (await host.run(argv, { netns: namespace, okCodes: [0, 2] })).stdout;
  }
  const limited = async (at: 12 | 16) =>
    new RegExp(`match [0-9a-f]{8}/ffffffff at ${at}`).test(await filters(at === 12 ? '1:' : 'ffff:'));

  it('let a floating IP send as much as its policy says, and all without one', async () => {
    const floating = await api.create('floatingip', {
      ...{ floating_network_id: external.id, floating_ip_address: FLOATING, port_id: port.id },
    });
    await until('from outside', async () => {
      const { code } = await host.run(['ping', '-c1', '-W1', FLOATING], { netns: OUTSIDE, okCodes: [0, 1] });
      return code === 0;
    });
    expect(await up()).toBeGreaterThan(SENT / 2);
    expect(await down()).toBeGreaterThan(SENT / 2);
    const set = (qos_policy_id: string | null) => api.update('floatingip', floating.id, { qos_policy_id });
    await set(await policyOf('egress'));
    await until('a limit', () => limited(12));
    // What waits in queues comes, too: a thousand packets.
    expect(await up()).toBeLessThan(SENT / 2);
    expect(await down()).toBeGreaterThan(SENT / 2);
    await set(await policyOf('ingress'));
    await until('the other limit', async () => !(await limited(12)) && (await limited(16)));
    expect(await up()).toBeGreaterThan(SENT / 2);
    expect(await down()).toBeLessThan(SENT / 2);
    await set(null);
    await until('no limit', async () => !(await limited(16)));
    expect(await down()).toBeGreaterThan(SENT / 2);
    await api.remove('floatingip', floating.id);
    await until('the address is gone', async () => !(await addresses()).includes(FLOATING));
  });

  it('let a router send from its own address as much as the policy of its gateway says', async () => {
    expect(await up()).toBeGreaterThan(SENT / 2);
    const set = (qos_policy_id: string | null) =>
      api.update('router', router.id, { external_gateway_info: { network_id: external.id, qos_policy_id } });
    await set(await policyOf('egress'));
    await until('a limit', () => limited(12));
    expect(await up()).toBeLessThan(SENT / 2);
    await set(null);
    await until('no limit', async () => !(await limited(12)));
  });
});

const addresses = () => host.read(['ip', 'address'], { netns: namespace });

async function gatewayPort(): Promise<string> {
  const [found] = await api.list('port', `device_id=${router.id}&device_owner=network:router_gateway`);
  return found!.id;
}

describe('an NDP proxy', () => {
  /** A pool that both networks take their addresses from: what is inside is reached from outside as it is. */
  async function ipv6(): Promise<{ address: string; inside: Json; proxied: Json }> {
    const scope = { name: 'six', ip_version: 6 };
    const { address_scope } = await api.expect('POST', '/v2.0/address-scopes', { address_scope: scope });
    const pool = await api.create('subnetpool', {
      ...{ name: 'six', prefixes: ['2001:db8:5::/48'], default_prefixlen: 64, address_scope_id: address_scope.id },
    });
    const subnet = (network_id: string) =>
      api.create('subnet', { network_id, ip_version: 6, subnetpool_id: pool.id, enable_dhcp: false });
    const outer = await subnet(external.id);
    const network = await api.create('network');
    const inside = await subnet(network.id);
    const six = await api.create('router', {
      external_gateway_info: { network_id: external.id },
      enable_ndp_proxy: true,
    });
    await api.expect('PUT', `/v2.0/routers/${six.id}/add_router_interface`, { subnet_id: inside.id });
    const proxied: Json = await api.create('port', {
      ...{ network_id: network.id, device_owner: 'compute:nova', 'binding:host_id': 'host1' },
    });
    await plugGuest(host, proxied as never, 'six');
    const [{ ip_address: address }] = proxied.fixed_ips;
    await host.ipBatch(
      [`addr add ${address}/64 dev eth0 nodad`, 'link set eth0 up', `route add default via ${inside.gateway_ip}`],
      'six',
    );
    await host.ipBatch(
      [`addr add ${outer.gateway_ip}/64 dev eth0 nodad`, `route add ${inside.cidr} dev eth0`],
      OUTSIDE,
    );
    return { address, inside: six, proxied };
  }

  it('answers for a guest outside as long as it is wanted', async () => {
    const { address, inside: six, proxied } = await ipv6();
    const reaches = async () => {
      const argv = ['ping', '-6', '-c1', '-W1', address];
      return (await host.run(argv, { netns: OUTSIDE, okCodes: [0, 1, 2] })).code === 0;
    };
    const asked = { ndp_proxy: { router_id: six.id, port_id: proxied.id } };
    const { ndp_proxy } = await api.expect('POST', '/v2.0/ndp_proxies', asked);
    await until('the guest is reached', reaches);
    await api.expect('DELETE', `/v2.0/ndp_proxies/${ndp_proxy.id}`);
    await until('no proxy', async () => {
      const there = await host.read(['ip', '-6', 'neigh', 'show', 'proxy'], { netns: `qrouter-${six.id}` });
      const rules = await host.read(['ip6tables', '-S', 'neutron-l3-agent-NDP'], { netns: `qrouter-${six.id}` });
      return there === '' && !rules.includes(address);
    });
    expect(await reaches()).toBe(false);
  });
});

describe('the metering agent', () => {
  it('counts beside the L3 agent what a label names, and tells of it', async () => {
    const agent = await deployment.agent('neutron-metering-agent', host, {
      DEFAULT: { measure_interval: 1, report_interval: 1 },
      oslo_messaging_notifications: { driver: 'log' },
    });
    const label = { metering_label: { name: 'guests' } };
    const { metering_label } = await api.expect('POST', '/v2.0/metering/metering-labels', label);
    const { id } = metering_label;
    const rule = { metering_label_id: id, direction: 'egress', remote_ip_prefix: '10.9.0.0/24' };
    await api.expect('POST', '/v2.0/metering/metering-label-rules', { metering_label_rule: rule });
    const chain = `neutron-meter-l-${id}`.slice(0, 28);
    await until('a rule', async () => (await rules('filter')).includes(`-s 10.9.0.0/24 -o qg-`));
    await until('an answer', () => guest.ping('198.51.100.1', 1));
    await until('a notification', () => {
      const told = agent.output.split('\n').filter((line) => line.includes('l3.meter') && line.includes(id));
      return told.some((line) => /"pkts":\s*[1-9]|'pkts': [1-9]|pkts=[1-9]/.test(line));
    });
    await until('all works', async () => (await explain('routers', router.id)).verdict === 'works');
    expect(await rules('filter')).toContain(chain);
    const config = join(deployment.folder, host.name, 'neutron-metering-agent.conf');
    const dryRun = [join(project, 'bin/neutron-metering-agent'), '--config-file', config, '--dry-run'];
    expect(await host.read(dryRun)).toBe('nothing to change: this host is as it should be\n');
    await api.expect('DELETE', `/v2.0/metering/metering-labels/${id}`);
    await until('no chain', async () => !(await rules('filter')).includes('neutron-meter'));
    await agent.stop();
    const { metering_label: other } = await api.expect('POST', '/v2.0/metering/metering-labels', label);
    expect(await host.read(dryRun)).toContain(`${namespace}: iptables :neutron-meter-l-${other.id}`.slice(0, 80));
    expect(await rules('filter')).not.toContain('neutron-meter');
  });
});

const explain = async (what: string, id: string): Promise<Json> =>
  (await api.expect('GET', `/v2.0/${what}/${id}/explain`)).explanation;

describe('explain', () => {
  const faults = ({ steps }: Json) => steps.filter(({ state }: Json) => state === 'fault');

  it('says that a router and a floating IP work', async () => {
    const floating = await api.create('floatingip', {
      ...{ floating_network_id: external.id, floating_ip_address: FLOATING, port_id: port.id },
    });
    await until('all works', async () => {
      const [one, other] = [await explain('routers', router.id), await explain('floatingips', floating.id)];
      return one.verdict === 'works' && other.verdict === 'works';
    });
    await api.remove('floatingip', floating.id);
    await until('the address is gone', async () => !(await addresses()).includes(FLOATING));
  });

  it('names a rule that somebody deleted, with what to do, until the agent has mended it', async () => {
    const snat = (await rules('nat')).split('\n').find((line) => line.startsWith('-A neutron-l3-agent-snat -o qg-'))!;
    // The agent may have mended it before it is asked.
    const rule = await until('the rule is named', async () => {
      const argv = ['iptables', '-t', 'nat', ...snat.replace(/^-A/, '-D').split(' ')];
      await host.run(argv, { netns: namespace, okCodes: [0, 1] });
      return faults(await explain('routers', router.id)).find(({ step }: Json) => step === 'rule');
    });
    expect(rule.found).toBe('there is no such rule');
    expect(rule.expected).toContain(snat);
    expect(rule.remedy).toContain('mends this within a minute');
    await until('the agent mends it', async () => (await explain('routers', router.id)).verdict === 'works', {
      timeoutMs: 60_000,
    });
  });
});
