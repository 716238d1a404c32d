import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DhcpNotifier,
  ExplainApi,
  type ExplainStep,
  type NetworkInfo,
  topics,
  type WirePort,
  type WireSubnet,
} from '../../src/rpc/contract.ts';
import { type LocalBus, serveLocalBus } from '../../src/rpc/local/serve.ts';
import type { EmulatedHost, HostProcess, Lab } from './hosts.ts';
import { until } from './wait.ts';

// biome-ignore lint/suspicious/noExplicitAny: arguments as they came over the wire, of whichever method
type Args = any;

/** A server as far as a DHCP agent can see one: networks in memory, its calls noted, its messages sent. */
export class DhcpStand implements AsyncDisposable {
  readonly host: EmulatedHost;
  readonly statePath: string;
  readonly networks = new Map<string, NetworkInfo>();
  /** What the agent asked, in order. */
  readonly calls: { method: string; args: Args }[] = [];
  readonly ready = new Set<string>();
  #bus: LocalBus;
  #notifier: DhcpNotifier;
  #explain: ExplainApi;
  readonly #agents: HostProcess[] = [];
  options: Record<string, unknown> = {};

  constructor(host: EmulatedHost, bus: LocalBus) {
    this.host = host;
    this.statePath = join(host.folder, 'state');
    this.#bus = bus;
    this.#notifier = new DhcpNotifier(bus.transport);
    this.#explain = new ExplainApi(bus.transport);
  }

  /** The bus goes away and comes back under the same path, as when the server restarts. */
  async restartServer(): Promise<void> {
    const { socketPath } = this.#bus;
    await this.#bus.close();
    this.ready.clear();
    this.#bus = await serveLocalBus({ socketPath });
    this.#notifier = new DhcpNotifier(this.#bus.transport);
    this.#explain = new ExplainApi(this.#bus.transport);
    await this.listen();
  }

  async listen(): Promise<void> {
    const noted =
      (method: string, work: (args: Args) => unknown) =>
      async (args: Args): Promise<unknown> => {
        this.calls.push({ method, args });
        return work(args);
      };
    const plugin = {
      get_active_networks_info: noted('get_active_networks_info', () => [...this.networks.values()]),
      get_network_info: noted('get_network_info', ({ network_id }) => this.networks.get(network_id) ?? null),
      create_dhcp_port: noted('create_dhcp_port', ({ port }) => this.#createDhcpPort(port.port)),
      update_dhcp_port: noted('update_dhcp_port', ({ port_id, port }) => this.#updateDhcpPort(port_id, port.port)),
      release_dhcp_port: noted('release_dhcp_port', ({ network_id, device_id }) =>
        this.#releaseDhcpPort(network_id, device_id),
      ),
      dhcp_ready_on_ports: noted('dhcp_ready_on_ports', ({ port_ids }) => {
        for (const id of port_ids) this.ready.add(id);
        return null;
      }),
    };
    await this.#bus.transport.listen(topics.plugin, 'server', [{ version: '1.10', methods: plugin }]);
    const report_state = noted('report_state', () => 'alive');
    await this.#bus.transport.listen(topics.reports, 'server', [{ version: '1.2', methods: { report_state } }]);
  }

  /** Starts the agent and waits for its first sync. */
  async startAgent(): Promise<HostProcess> {
    const agent = this.#runner({});
    await until(
      'the agent’s first sync',
      () => {
        if (!agent.running) throw new Error(agent.output);
        return agent.output.includes('synchronized\n');
      },
      { timeoutMs: 30_000 },
    );
    return agent;
  }

  /** The lines of `--dry-run`. */
  async dryRun(): Promise<string[]> {
    const { stdout, stderr } = await this.#runner({ dryRun: true }).finished;
    const plan = /^plan: (.*)$/m.exec(stdout);
    if (!plan) throw new Error(stderr || stdout);
    return JSON.parse(plan[1]!);
  }

  #runner(more: object): HostProcess {
    const settings = {
      socketPath: this.#bus.socketPath,
      host: 'host1',
      statePath: this.statePath,
      options: this.options,
      ...more,
    };
    const program = new URL('./dhcp-runner.ts', import.meta.url).pathname;
    const process_ = this.host.spawn([process.execPath, program, JSON.stringify(settings)]);
    this.#agents.push(process_);
    return process_;
  }

  addNetwork(subnets: (Partial<WireSubnet> & { cidr: string })[], more: Partial<NetworkInfo> = {}): NetworkInfo {
    const id = randomUUID();
    const network: NetworkInfo = {
      id,
      project_id: 'p',
      tenant_id: 'p',
      admin_state_up: true,
      mtu: 1450,
      subnets: subnets.map((subnet) => makeSubnet(id, subnet)),
      non_local_subnets: [],
      ports: [],
      segments: [],
      ...more,
    };
    this.networks.set(id, network);
    return network;
  }

  /** Adds a port to the server's network, without telling the agent. */
  addPort(network: NetworkInfo, addresses: string[], more: Partial<WirePort> = {}): WirePort {
    const at = this.networks.get(network.id)!;
    const port = makePort(
      network.id,
      addresses.map((ip_address) => ({
        subnet_id: at.subnets.find((subnet) => (subnet.ip_version === 6) === ip_address.includes(':'))!.id,
        ip_address,
      })),
      more,
    );
    this.put(port);
    return port;
  }

  put(port: WirePort): void {
    const network = this.networks.get(port.network_id)!;
    network.ports = [...network.ports.filter((other) => other.id !== port.id), port];
  }

  tell: DhcpNotifier['tell'] = (_host, method, payload) => this.#notifier.tell('host1', method, payload);

  tellCreated(port: WirePort): Promise<void> {
    return this.#notifier.tell('host1', 'port_create_end', { port });
  }

  tellUpdated(port: WirePort): Promise<void> {
    return this.#notifier.tell('host1', 'port_update_end', { port });
  }

  async removePort(port: WirePort): Promise<void> {
    const network = this.networks.get(port.network_id)!;
    network.ports = network.ports.filter((other) => other.id !== port.id);
    const { id: port_id, network_id, fixed_ips } = port;
    await this.#notifier.tell('host1', 'port_delete_end', { port_id, network_id, fixed_ips });
  }

  tellNetwork(network: NetworkInfo): Promise<void> {
    return this.#notifier.tell('host1', 'network_create_end', { network: { id: network.id } });
  }

  tellRemoved(network: NetworkInfo): Promise<void> {
    return this.#notifier.tellAll('network_delete_end', { network_id: network.id });
  }

  /** The agent's admin state changed. */
  tellAgent(up: boolean): Promise<void> {
    return this.#notifier.agentUpdated('host1', up);
  }

  explain(port: WirePort): Promise<ExplainStep[]> {
    return this.#explain.explainPort('dhcp', 'host1', { port, network: this.networks.get(port.network_id)! });
  }

  explainNetwork(network: NetworkInfo): Promise<ExplainStep[]> {
    return this.#explain.explainNetwork('dhcp', 'host1', { network: { ...network, ports: [] }, port_ids: [] });
  }

  /** The DHCP port the agent has on a network. */
  dhcpPort(network: NetworkInfo): WirePort {
    return this.networks.get(network.id)!.ports.find((port) => port.device_owner === 'network:dhcp')!;
  }

  /** A file of the network's dnsmasq; empty when it is not there. */
  async file(network: NetworkInfo, name: string): Promise<string> {
    return await readFile(join(this.statePath, 'dhcp', network.id, name), 'utf8').catch(() => '');
  }

  /** Process ids (of the host) whose command line holds the text. */
  async pids(program: string, text: string): Promise<number[]> {
    const processes = await this.host.processes();
    return processes.filter(({ command }) => command.includes(program) && command.includes(text)).map(({ pid }) => pid);
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) if (agent.running) await agent.stop();
    await this.#bus.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #createDhcpPort(request: Args): WirePort | null {
    const network = this.networks.get(request.network_id);
    if (!network) return null;
    const fixed_ips = request.fixed_ips.map(({ subnet_id }: { subnet_id: string }) =>
      this.#dhcpAddress(network, subnet_id),
    );
    const port = makePort(network.id, fixed_ips, {
      device_id: request.device_id,
      device_owner: 'network:dhcp',
      'binding:host_id': 'host1',
    });
    this.put(port);
    return port;
  }

  #updateDhcpPort(id: string, changes: Args): WirePort | null {
    const network = this.networks.get(changes.network_id);
    const port = network?.ports.find((other) => other.id === id);
    if (!network || !port) return null;
    const fixed_ips = (changes.fixed_ips ?? port.fixed_ips).map((ip: { subnet_id: string; ip_address?: string }) =>
      ip.ip_address ? ip : this.#dhcpAddress(network, ip.subnet_id),
    );
    const next = {
      ...port,
      device_id: changes.device_id ?? port.device_id,
      fixed_ips,
      revision_number: port.revision_number + 1,
    };
    this.put(next);
    return next;
  }

  #releaseDhcpPort(networkId: string, deviceId: string): null {
    const network = this.networks.get(networkId);
    if (network) network.ports = network.ports.filter((port) => port.device_id !== deviceId);
    return null;
  }

  #dhcpAddress(network: NetworkInfo, subnetId: string) {
    const subnet = network.subnets.find((one) => one.id === subnetId)!;
    const base = subnet.cidr.split('/')[0]!;
    return { subnet_id: subnetId, ip_address: subnet.ip_version === 4 ? base.replace(/\d+$/, '2') : `${base}2` };
  }
}

export async function openDhcpStand(lab: Lab, host: EmulatedHost): Promise<DhcpStand> {
  await mkdir(join(host.folder, 'state'), { recursive: true });
  const bus = await serveLocalBus({ socketPath: join(lab.folder, `bus-${host.name}.sock`) });
  const stand = new DhcpStand(host, bus);
  await stand.listen();
  return stand;
}

/** Enslaves the DHCP port's tap, as the bridge agent does, and returns the bridge's name. */
export async function bridgeOf(stand: DhcpStand, network: NetworkInfo): Promise<string> {
  const bridge = `brq${network.id.slice(0, 11)}`;
  const tap = `tap${stand.dhcpPort(network).id.slice(0, 11)}`;
  const links = await stand.host.links();
  const make = links.includes(bridge)
    ? []
    : [`link add ${bridge} type bridge forward_delay 0 stp_state 0`, `link set ${bridge} up`];
  await stand.host.ipBatch([...make, `link set ${tap} master ${bridge}`]);
  return bridge;
}

export function makeSubnet(networkId: string, more: Partial<WireSubnet> & { cidr: string }): WireSubnet {
  const v6 = more.cidr.includes(':');
  return {
    id: randomUUID(),
    name: '',
    network_id: networkId,
    tenant_id: 'p',
    project_id: 'p',
    ip_version: v6 ? 6 : 4,
    enable_dhcp: true,
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    gateway_ip: null,
    allocation_pools: [],
    host_routes: [],
    dns_nameservers: [],
    revision_number: 0,
    ...more,
  };
}

let macs = 0;

export function makePort(
  networkId: string,
  fixed_ips: { subnet_id: string; ip_address: string }[],
  more: Partial<WirePort> = {},
): WirePort {
  macs += 1;
  return {
    id: randomUUID(),
    name: '',
    network_id: networkId,
    tenant_id: 'p',
    project_id: 'p',
    mac_address: `fa:16:3e:00:${(macs >> 8).toString(16).padStart(2, '0')}:${(macs & 255).toString(16).padStart(2, '0')}`,
    admin_state_up: true,
    status: 'DOWN',
    device_id: '',
    device_owner: 'compute:nova',
    fixed_ips,
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    'binding:vnic_type': 'normal',
    'binding:profile': {},
    'binding:host_id': '',
    'binding:vif_type': 'unbound',
    'binding:vif_details': {},
    revision_number: 1,
    ...more,
  };
}
