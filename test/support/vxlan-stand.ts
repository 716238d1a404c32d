import { expect } from 'vitest';
import type { Network, Port } from '../../src/resources/shapes.ts';
import { type Deployment, type DeploymentOptions, makeDeployment } from './deployment.ts';
import { type Guest, plugGuest } from './guest.ts';
import { type EmulatedHost, type Lab, openLab } from './hosts.ts';
import type { Program } from './programs.ts';

export interface Member {
  guest: Guest;
  port: Port;
  host: EmulatedHost;
}

type Sections = NonNullable<DeploymentOptions['server']>;

export interface VxlanStandOptions {
  wires?: readonly string[];
  /** Which of the hosts is the server's as well. */
  serverAt?: number;
  /** What the server is told besides: sections of its file, over those that make VXLAN the kind of tenants' networks. */
  server: Sections;
  /** What a bridge agent is told. */
  agent(host: EmulatedHost): Sections;
}

/** Three hosts with bridge agents that carry the networks of tenants by VXLAN (VNIs 70 to 79), and a server on one of them. */
export class VxlanStand implements AsyncDisposable {
  readonly lab: Lab;
  readonly hosts: EmulatedHost[];
  readonly deployment: Deployment;
  /** In the order of the hosts. */
  readonly agents: Program[] = [];

  private constructor(lab: Lab, hosts: EmulatedHost[], deployment: Deployment) {
    this.lab = lab;
    this.hosts = hosts;
    this.deployment = deployment;
  }

  static async open({ wires = [], serverAt = 0, server, agent }: VxlanStandOptions): Promise<VxlanStand> {
    await using undo = new AsyncDisposableStack();
    const lab = await openLab();
    undo.defer(() => lab.close());
    const hosts: EmulatedHost[] = [];
    for (const name of ['host1', 'host2', 'host3']) hosts.push(await lab.addHost({ name, wires: [...wires] }));
    const deployment = await makeDeployment({
      folder: `${lab.folder}/deployment`,
      serverHost: hosts[serverAt]!,
      server: {
        ...server,
        ml2: { type_drivers: 'local,flat,vxlan', tenant_network_types: 'vxlan', ...server.ml2 },
        ml2_type_vxlan: { vni_ranges: '70:79' },
      },
    });
    undo.defer(() => deployment.close());
    await deployment.start();
    const stand = new VxlanStand(lab, hosts, deployment);
    for (const host of hosts) {
      stand.agents.push(await deployment.agent('neutron-linuxbridge-agent', host, agent(host)));
    }
    undo.move();
    return stand;
  }

  /** A network with a subnet of each of these, none with DHCP or a gateway. */
  async makeNetwork(name: string, cidrs: readonly string[]): Promise<Network> {
    const { api } = this.deployment;
    const network = await api.create('network', { name });
    for (const cidr of cidrs) {
      const ip_version = cidr.includes(':') ? 6 : 4;
      await api.create('subnet', { network_id: network.id, ip_version, cidr, enable_dhcp: false, gateway_ip: null });
    }
    return network;
  }

  /** A guest of Nova's with its addresses (IPv4: /24, IPv6: /64), once its port is ACTIVE. */
  async addGuest(network: Network, host: EmulatedHost, addresses: readonly string[]): Promise<Member> {
    const port = await this.deployment.api.create('port', {
      ...{ network_id: network.id, device_owner: 'compute:nova', 'binding:host_id': host.name },
      fixed_ips: addresses.map((ip_address) => ({ ip_address })),
    });
    expect(port['binding:vif_type']).toBe('bridge');
    const guest = await plugGuest(host, port);
    const adding = addresses.map(
      (one) => `addr add ${one}${one.includes(':') ? '/64 dev eth0 nodad' : '/24 dev eth0'}`,
    );
    await host.ipBatch(['link set eth0 mtu 1450', ...adding], guest.netns);
    await this.deployment.portStatus(port.id, 'ACTIVE');
    return { guest, port, host };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployment.close();
    await this.lab.close();
  }
}
