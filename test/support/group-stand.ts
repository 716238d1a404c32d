import type { Port } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from './deployment.ts';
import { type Guest, plugGuest } from './guest.ts';
import { type EmulatedHost, type Lab, openLab } from './hosts.ts';
import type { Program } from './programs.ts';
import { until } from './wait.ts';

const filtering = { enable_security_group: true, firewall_driver: 'iptables' };

/** A guest on a port, with the address that its port has. */
export interface PluggedGuest {
  readonly name: string;
  port: Port;
  readonly guest: Guest;
  readonly address: string;
}

/**
 * Server, bridge agent and DHCP agent on one emulated host as operators run them, security groups in force, and a network with a
 * subnet. Guests are namespaces.
 */
export class GroupStand implements AsyncDisposable {
  readonly lab: Lab;
  readonly host: EmulatedHost;
  readonly deployment: Deployment;
  readonly agent: Program;
  readonly networkId: string;

  constructor(parts: { lab: Lab; host: EmulatedHost; deployment: Deployment; agent: Program; networkId: string }) {
    this.lab = parts.lab;
    this.host = parts.host;
    this.deployment = parts.deployment;
    this.agent = parts.agent;
    this.networkId = parts.networkId;
  }

  get api() {
    return this.deployment.api;
  }

  /** A port of a guest on this host, made and not plugged. */
  async port(attributes: object = {}): Promise<Port> {
    return await this.api.create('port', {
      network_id: this.networkId,
      device_owner: 'compute:nova',
      'binding:host_id': this.host.name,
      ...attributes,
    });
  }

  /** A guest that has its address from the DHCP server. */
  async guest(name: string, attributes: object = {}): Promise<PluggedGuest> {
    const port = await this.port(attributes);
    const guest = await plugGuest(this.host, port, name);
    await this.deployment.portStatus(port.id, 'ACTIVE');
    const { address } = await guest.dhcp();
    return { name, port, guest, address };
  }

  /** A guest whose port is nobody's business yet: it gives itself the address. */
  async quietGuest(name: string, port: Port): Promise<PluggedGuest> {
    const guest = await plugGuest(this.host, port, name);
    const address = port.fixed_ips[0]!.ip_address;
    await guest.run(['ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0']);
    return { name, port, guest, address };
  }

  async reaches(from: PluggedGuest, to: PluggedGuest): Promise<boolean> {
    return await from.guest.ping(to.address, 1);
  }

  async comes(from: PluggedGuest, to: PluggedGuest, wanted = true, timeoutMs = 15_000): Promise<void> {
    const what = `${from.name} ${wanted ? 'reaches' : 'no longer reaches'} ${to.name}`;
    await until(what, async () => (await this.reaches(from, to)) === wanted, { timeoutMs });
  }

  /** Ends the agent and starts it again. */
  async restartAgent(env: Record<string, string> = {}): Promise<void> {
    if (this.agent.running) await this.agent.stop();
    this.agent.start(env);
    await this.agentWorks();
  }

  async agentWorks(): Promise<void> {
    await this.agent.ready('at work', () => this.agent.recentOutput.includes('The Linux-bridge agent works'));
  }

  /** All rules of this host, without counters and comments of the programs that print them. */
  async rules(): Promise<string> {
    const printed = await Promise.all(
      [['iptables-save'], ['ip6tables-save'], ['ebtables-save'], ['ipset', 'save']].map((argv) => this.host.read(argv)),
    );
    return printed.join('\n').replace(/^#.*\n|\[\d+:\d+\]/gm, '');
  }

  async close(): Promise<void> {
    await this.deployment.close();
    await this.lab.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** @param prepare what is to be done in the host before anything of ours runs there */
export async function openGroupStand({
  prepare,
  server = {},
}: {
  prepare?: (host: EmulatedHost) => Promise<unknown>;
  server?: object;
} = {}): Promise<GroupStand> {
  const lab = await openLab();
  try {
    const host = await lab.addHost({ name: 'host1' });
    await prepare?.(host);
    const folder = `${lab.folder}/deployment`;
    const deployment = await makeDeployment({
      folder,
      serverHost: host,
      server: { securitygroup: filtering, quotas: { quota_port: -1 }, ...server },
    });
    await deployment.start();
    const agent = await deployment.agent('neutron-linuxbridge-agent', host, {
      vxlan: { enable_vxlan: false },
      securitygroup: filtering,
    });
    await deployment.agent('neutron-dhcp-agent', host, { DEFAULT: { interface_driver: 'linuxbridge' } });
    const network = await deployment.api.create('network');
    await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.1.0.0/24' });
    return new GroupStand({ lab, host, deployment, agent, networkId: network.id });
  } catch (error) {
    await lab.close();
    throw error;
  }
}
