import { bridgeName } from '../../src/lib/names.ts';
import type { FloatingIp, Network, Port, Router, Subnet } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from './deployment.ts';
import { type Guest, plugGuest } from './guest.ts';
import { type EmulatedHost, type Lab, openLab } from './hosts.ts';
import type { Program } from './programs.ts';
import { until } from './wait.ts';

/** A guest with its port and network, its card configured by hand. */
export interface Placed {
  readonly guest: Guest;
  readonly port: Port;
}

/** The first address of a kind that a guest's port has. */
export function addressOf({ port }: Placed, version: 4 | 6 = 4): string {
  return port.fixed_ips.find(({ ip_address }) => ip_address.includes(':') === (version === 6))!.ip_address;
}

type Sections = Record<string, Record<string, string | number | boolean>>;

/**
 * A server, a bridge agent and an L3 agent on one host, and an external network: a wire whose other end, with the addresses
 * 203.0.113.1 and 2001:db8:f::1, is everybody outside.
 */
export class L3Stand implements AsyncDisposable {
  readonly lab: Lab;
  readonly host: EmulatedHost;
  readonly deployment: Deployment;
  agent: Program;
  readonly external: Network;
  readonly options: Sections;

  constructor(parts: {
    lab: Lab;
    host: EmulatedHost;
    deployment: Deployment;
    agent: Program;
    external: Network;
    options: Sections;
  }) {
    this.lab = parts.lab;
    this.host = parts.host;
    this.deployment = parts.deployment;
    this.agent = parts.agent;
    this.external = parts.external;
    this.options = parts.options;
  }

  get api() {
    return this.deployment.api;
  }

  /** A network with these subnets, each with its first address for the router. */
  async network(...cidrs: string[]): Promise<{ network: Network; subnets: Subnet[] }> {
    const network = await this.api.create('network', { 'provider:network_type': 'local' });
    const subnets: Subnet[] = [];
    for (const cidr of cidrs) {
      const ip_version = cidr.includes(':') ? 6 : 4;
      subnets.push(await this.api.create('subnet', { network_id: network.id, ip_version, cidr, enable_dhcp: false }));
    }
    return { network, subnets };
  }

  async router(subnets: readonly Subnet[], more: Record<string, unknown> = {}): Promise<Router> {
    const router = await this.api.create('router', more);
    for (const { id } of subnets) await this.attach(router, { subnet_id: id });
    return router;
  }

  /** Two networks, 10.1.0.0/24 and 10.2.0.0/24 with fd01::/64 and fd02::/64, and a router between them. */
  async twoNetworks(more: Record<string, unknown> = {}): Promise<{ router: Router; near: Network; far: Network }> {
    const near = await this.network('10.1.0.0/24', 'fd01::/64');
    const far = await this.network('10.2.0.0/24', 'fd02::/64');
    const router = await this.router([...near.subnets, ...far.subnets], more);
    return { router, near: near.network, far: far.network };
  }

  async attach(router: Pick<Router, 'id'>, by: { subnet_id: string } | { port_id: string }): Promise<void> {
    await this.api.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, by);
  }

  /** A guest with all its port's addresses and default routes to the first addresses of its subnets. */
  async guest(network: Network, name: string, more: Record<string, unknown> = {}): Promise<Placed> {
    const port = await this.api.create('port', {
      network_id: network.id,
      device_owner: 'compute:nova',
      'binding:host_id': this.host.name,
      ...more,
    });
    const guest = await plugGuest(this.host, port, name);
    const lines: string[] = [];
    for (const { ip_address, subnet_id } of port.fixed_ips) {
      const { cidr, gateway_ip } = await this.api.show('subnet', subnet_id);
      const isV6 = ip_address.includes(':');
      lines.push(`addr add ${ip_address}/${cidr.split('/')[1]} dev eth0${isV6 ? ' nodad' : ''}`);
      if (gateway_ip) lines.push(`route add ${isV6 ? '::/0' : '0.0.0.0/0'} via ${gateway_ip} dev eth0`);
    }
    await this.host.ipBatch(lines, guest.netns);
    await until(`${name} in its bridge`, async () => (await this.host.links()).includes(bridgeName(network.id)));
    return { guest, port };
  }

  async floatingIp(port: Pick<Port, 'id'> | null, more: Record<string, unknown> = {}): Promise<FloatingIp> {
    const floating_network_id = this.external.id;
    return await this.api.create('floatingip', { floating_network_id, port_id: port?.id ?? null, ...more });
  }

  /** Whether somebody gets an answer to a ping before long. */
  async reaches(from: Guest, address: string): Promise<void> {
    await until(`${from.netns} reaches ${address}`, () => from.ping(address, 1), { timeoutMs: 20_000 });
  }

  async outsideReaches(address: string): Promise<void> {
    const ping = ['ping', '-n', '-W', '1', '-c', '1', address];
    const answered = async () => (await this.lab.fabric.run(ping, { okCodes: [0, 1, 2] })).code === 0;
    await until(`outside reaches ${address}`, answered, { timeoutMs: 20_000 });
  }

  /** What is in a router's namespace, as text; without counters and what lives for a while. */
  async inside(routerId: string): Promise<string> {
    const netns = `qrouter-${routerId}`;
    const texts = await Promise.all([
      this.host.read(['ip', '-n', netns, 'addr']),
      this.host.read(['ip', '-n', netns, 'route']),
      this.host.read(['ip', '-n', netns, '-6', 'route']),
      this.host.read(['iptables-save'], { netns }),
      this.host.read(['ip6tables-save'], { netns }),
    ]);
    return texts
      .join('\n')
      .replace(/^#.*$/gm, '')
      .replace(/\[\d+:\d+\]/g, '')
      .replace(/ expires \d+sec/g, '')
      .replace(/valid_lft \S+ preferred_lft \S+/g, '');
  }

  async has(routerId: string): Promise<boolean> {
    return (await this.host.namespaces()).includes(`qrouter-${routerId}`);
  }

  /** What the agent wrote to its log from now on. */
  mark(): () => string {
    const { length } = this.agent.output;
    return () => this.agent.output.slice(length);
  }

  async close(): Promise<void> {
    await this.deployment.close();
    await this.lab.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

export async function openL3Stand({
  options = {},
  server = {},
}: {
  options?: Sections;
  server?: Sections;
} = {}): Promise<L3Stand> {
  const lab = await openLab();
  const host = await lab.addHost({ name: 'net1', wires: ['ext'] });
  await lab.fabric.ipBatch(['addr add 203.0.113.1/24 dev ext', 'addr add 2001:db8:f::1/64 dev ext nodad']);
  const deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    serverHost: host,
    server: {
      ...server,
      DEFAULT: { service_plugins: 'router', ...server.DEFAULT },
      ml2: { flat_networks: '*', ...server.ml2 },
    },
  });
  await deployment.start();
  await deployment.agent('neutron-linuxbridge-agent', host, {
    linux_bridge: { physical_interface_mappings: 'ext:eth1' },
    securitygroup: { enable_security_group: false },
  });
  const agent = await deployment.agent('neutron-l3-agent', host, options);
  const { api } = deployment;
  const external = await api.create('network', {
    'router:external': true,
    'provider:network_type': 'flat',
    'provider:physical_network': 'ext',
  });
  const allocation_pools = [{ start: '203.0.113.10', end: '203.0.113.99' }];
  await api.create('subnet', {
    ...{ network_id: external.id, ip_version: 4, cidr: '203.0.113.0/24', gateway_ip: '203.0.113.1' },
    ...{ enable_dhcp: false, allocation_pools },
  });
  return new L3Stand({ lab, host, deployment, agent, external, options });
}
