import { fileURLToPath } from 'node:url';
import type { FloatingIp, Network, Port, Router, Subnet } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from './deployment.ts';
import { type Guest, plugGuest } from './guest.ts';
import { HostRabbit } from './host-rabbit.ts';
import { type EmulatedHost, type HostProcess, type Lab, openLab } from './hosts.ts';
import type { Program } from './programs.ts';
import { until } from './wait.ts';

type Sections = Record<string, Record<string, string | number | boolean>>;

/** A guest with the port it is on. */
export interface RoutedGuest {
  readonly port: Port;
  readonly guest: Guest;
  readonly address: string;
}

const FLOW = fileURLToPath(new URL('../functional/programs/flow.mjs', import.meta.url));

/**
 * Hosts with bridge and L3 agents, networks of projects as VXLANs between them, and a machine outside, 203.0.113.1, on the
 * wire of the external network. Everything is the program itself.
 */
export class RoutedLab implements AsyncDisposable {
  readonly lab: Lab;
  readonly deployment: Deployment;
  readonly outside: EmulatedHost;
  readonly bridges: ReadonlyMap<string, Program>;
  readonly routing: ReadonlyMap<string, Program>;
  readonly external: Network;
  readonly rabbit: HostRabbit | null;

  constructor(
    parts: Pick<RoutedLab, 'lab' | 'deployment' | 'outside' | 'bridges' | 'routing' | 'external' | 'rabbit'>,
  ) {
    this.lab = parts.lab;
    this.deployment = parts.deployment;
    this.outside = parts.outside;
    this.bridges = parts.bridges;
    this.routing = parts.routing;
    this.external = parts.external;
    this.rabbit = parts.rabbit;
  }

  get api() {
    return this.deployment.api;
  }

  host(name: string): EmulatedHost {
    return this.lab.hosts.find((host) => host.name === name)!;
  }

  async network(cidr: string, more: Record<string, unknown> = {}): Promise<{ network: Network; subnet: Subnet }> {
    const network = await this.api.create('network', {});
    const ip_version = cidr.includes(':') ? 6 : 4;
    const subnet = await this.api.create('subnet', { network_id: network.id, ip_version, cidr, ...more });
    return { network, subnet };
  }

  async attach(router: Router, subnet: Subnet): Promise<void> {
    await this.api.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  }

  async detach(router: Router, subnet: Subnet): Promise<void> {
    await this.api.expect('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, { subnet_id: subnet.id });
  }

  /** With an address of its subnet and the way out by the subnet's gateway, as DHCP would give them. */
  async guest(
    host: EmulatedHost,
    { network, subnet }: { network: Network; subnet: Subnet },
    name: string,
  ): Promise<RoutedGuest> {
    const owner = { device_owner: 'compute:nova', 'binding:host_id': host.name };
    const port = await this.api.create('port', { network_id: network.id, ...owner });
    const guest = await plugGuest(host, port, name);
    const address = port.fixed_ips[0]!.ip_address;
    await host.ipBatch(
      [`addr add ${address}/${subnet.cidr.split('/')[1]} dev eth0`, `route add default via ${subnet.gateway_ip}`],
      name,
    );
    // Not by its status: nobody gives addresses by DHCP here.
    await until(`${name} to reach its router`, () => guest.ping(subnet.gateway_ip!, 1), { timeoutMs: 30_000 });
    return { port, guest, address };
  }

  async floatingIp(port: Port): Promise<FloatingIp> {
    return await this.api.create('floatingip', { floating_network_id: this.external.id, port_id: port.id });
  }

  /** Waits until the machine outside has an answer of an address. */
  async answers(address: string, timeoutMs = 30_000): Promise<void> {
    await until(`an answer of ${address}`, () => this.reaches(address), { timeoutMs });
  }

  async reaches(address: string): Promise<boolean> {
    const argv = ['ping', '-n', '-c', '1', '-W', '1', address];
    return (await this.outside.run(argv, { okCodes: [0, 1, 2] })).code === 0;
  }

  async close(): Promise<void> {
    await this.deployment.close();
    await this.lab.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

export interface RoutedLabOptions {
  /** Names of hosts with an L3 agent. */
  readonly routing: readonly string[];
  /** Of those with a bridge agent alone. */
  readonly compute?: readonly string[];
  /** A host `controller` with the server and RabbitMQ between the programs, instead of a local bus. */
  readonly rabbit?: boolean;
  /** Tunnels by what the server tells, instead of by multicast. */
  readonly l2Population?: boolean;
  /** Options of the L3 agents, and of the server. */
  readonly l3?: Sections;
  readonly server?: Sections;
}

export async function openRoutedLab({
  routing,
  compute = [],
  rabbit = false,
  l2Population = false,
  l3 = {},
  server = {},
}: RoutedLabOptions): Promise<RoutedLab> {
  const lab = await openLab();
  const outside = await lab.addHost({ name: 'outside', wires: ['ext'] });
  await outside.ipBatch(['addr add 203.0.113.1/24 dev eth1', 'addr add 2001:db8:e::1/64 dev eth1']);
  const names = [...routing, ...compute];
  for (const name of names) await lab.addHost({ name, wires: ['ext'] });
  const controller = rabbit ? await lab.addHost({ name: 'controller' }) : null;
  const broker = controller && (await HostRabbit.start(controller));
  const url = controller && `rabbit://openstack:openstack@${controller.address}:5672/`;
  const transport: Record<string, string> = url ? { transport_url: url } : {};
  const deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    serverHost: controller,
    server: {
      ...server,
      DEFAULT: { service_plugins: 'router', ...transport, ...server.DEFAULT },
      ml2: {
        ...{ type_drivers: 'flat,vxlan', tenant_network_types: 'vxlan' },
        mechanism_drivers: l2Population ? 'linuxbridge,l2population' : 'linuxbridge',
      },
      ml2_type_flat: { flat_networks: 'ext' },
      ml2_type_vxlan: { vni_ranges: '100:199' },
    },
  });
  await deployment.start();
  const hostOf = (name: string) => lab.hosts.find((host) => host.name === name)!;
  const bridge = (name: string) => ({
    DEFAULT: transport,
    linux_bridge: { physical_interface_mappings: 'ext:eth1' },
    vxlan: { local_ip: hostOf(name).address, l2_population: l2Population },
  });
  const started = <T>(all: readonly string[], work: (name: string) => Promise<T>) =>
    Promise.all(all.map(async (name) => [name, await work(name)] as const)).then((entries) => new Map(entries));
  const bridges = await started(names, (name) =>
    deployment.agent('neutron-linuxbridge-agent', hostOf(name), bridge(name)),
  );
  const agents = await started(routing, (name) =>
    deployment.agent('neutron-l3-agent', hostOf(name), { ...l3, DEFAULT: { ...transport, ...l3.DEFAULT } }),
  );
  const external = await deployment.api.create('network', {
    'router:external': true,
    'provider:network_type': 'flat',
    'provider:physical_network': 'ext',
  });
  const subnet = { network_id: external.id, ip_version: 4, cidr: '203.0.113.0/24', gateway_ip: '203.0.113.1' };
  await deployment.api.create('subnet', { ...subnet, enable_dhcp: false });
  return new RoutedLab({ lab, deployment, outside, bridges, routing: agents, external, rabbit: broker });
}

/** A TCP connection that is never silent: how long its answers took to come. */
export class Flow {
  readonly #process: HostProcess;

  constructor(process: HostProcess) {
    this.#process = process;
  }

  /** Listens on the machine outside, on `listener`, and speaks from the guest. */
  static async listen(on: { spawn(argv: readonly string[]): HostProcess }, port: number): Promise<void> {
    const listener = on.spawn([process.execPath, FLOW, 'listen', String(port)]);
    await until('a listener', () => listener.output.includes('listening'));
  }

  static async open(
    from: { spawn(argv: readonly string[]): HostProcess },
    address: string,
    port: number,
  ): Promise<Flow> {
    const flow = new Flow(from.spawn([process.execPath, FLOW, 'send', address, String(port)]));
    await flow.goesOn();
    return flow;
  }

  /** Waits for answers that come after this moment. @throws when it ended */
  async goesOn(): Promise<void> {
    const before = this.gapsMs.length;
    await until('answers', () => {
      if (!this.#process.running) throw new Error(this.#process.output);
      return this.gapsMs.length > before + 10;
    });
  }

  /** Between one answer and the next. */
  get gapsMs(): number[] {
    return this.#process.output.split('\n').slice(0, -1).map(Number);
  }

  /** Longest silence since so many answers were there. */
  longestGapMs(since = 0): number {
    return Math.max(0, ...this.gapsMs.slice(since));
  }

  async close(): Promise<void> {
    await this.#process.kill('SIGKILL');
  }
}
