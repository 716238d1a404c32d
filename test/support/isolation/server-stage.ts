import { tapName } from '../../../src/lib/names.ts';
import type { Port } from '../../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from '../deployment.ts';
import { openStation } from '../frames/station.ts';
import { plugGuest } from '../guest.ts';
import type { EmulatedHost, Lab } from '../hosts.ts';
import type { Program } from '../programs.ts';
import type { Case } from './cases.ts';
import { misbehaviour, type Spot } from './run.ts';
import type { Guest, Rule, World } from './world.ts';

const groupsOn = { securitygroup: { enable_security_group: true, firewall_driver: 'iptables' } };

export interface Placement {
  /** What carries the networks. */
  type: 'local' | 'vxlan' | 'vlan';
  /** Names of the hosts with guests. The server has one of its own. */
  hosts: readonly string[];
  hostOf(guest: Guest): string;
}

/** The world made by the API of a real server, its guests plugged in on hosts with real agents. */
export class ServerStage implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly spots = new Map<string, Spot>();
  readonly agents = new Map<string, Program>();
  readonly #lab: Lab;
  readonly #world: World;
  readonly #placement: Placement;
  readonly #hosts = new Map<string, EmulatedHost>();
  readonly #ids = new Map<string, string>();
  readonly #ports = new Map<string, Port>();

  private constructor(parts: { lab: Lab; deployment: Deployment; world: World; placement: Placement }) {
    this.#lab = parts.lab;
    this.deployment = parts.deployment;
    this.#world = parts.world;
    this.#placement = parts.placement;
  }

  static async open(lab: Lab, world: World, placement: Placement): Promise<ServerStage> {
    const serverHost = await lab.addHost({ name: 'controller' });
    const deployment = await makeDeployment({
      folder: `${lab.folder}/deployment`,
      serverHost,
      server: {
        ml2: {
          type_drivers: 'local,flat,vlan,vxlan',
          tenant_network_types: placement.type,
          mechanism_drivers: 'linuxbridge,l2population',
        },
        ml2_type_vxlan: { vni_ranges: '70:79' },
        ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:109' },
        ...groupsOn,
      },
    });
    await deployment.start();
    const stage = new ServerStage({ lab, deployment, world, placement });
    for (const name of placement.hosts) await stage.raise(name);
    await stage.#makeGroups();
    await stage.#makePorts();
    await stage.#plug(Object.values(world.guests));
    return stage;
  }

  /** A host and its agent. One of that name that was there before has left its state folder. */
  async raise(name: string): Promise<void> {
    const host = await this.#lab.addHost({ name, wires: ['provider'] });
    this.#hosts.set(name, host);
    const sections = {
      linux_bridge: { physical_interface_mappings: 'physnet1:eth1' },
      vxlan: { local_ip: host.address, l2_population: true },
      ...groupsOn,
    };
    this.agents.set(name, await this.deployment.agent('neutron-linuxbridge-agent', host, sections));
  }

  /** Switches a host off, and on again: links, rules and processes are gone, files are not. */
  async reboot(name: string): Promise<void> {
    const guests = Object.values(this.#world.guests).filter((guest) => this.#placement.hostOf(guest) === name);
    for (const guest of guests) await this.#unplug(guest.name);
    await this.#lab.removeHost(this.#hosts.get(name)!);
    await this.agents.get(name)!.finished();
    await this.raise(name);
    // A real card has the same MAC afterwards.
    await Promise.all(this.#lab.hosts.map((host) => host.run(['ip', 'neigh', 'flush', 'all'])));
    await this.#plug(guests);
  }

  /** What went otherwise than these cases say. Sessions of before are forgotten. */
  async misbehaviour(cases: readonly Case[]): Promise<string[]> {
    await Promise.all([...this.#hosts.values()].map((host) => host.run(['conntrack', '-F'])));
    return await misbehaviour(cases, this.spots);
  }

  async addRule(group: string, rule: Rule): Promise<string> {
    const { direction, ethertype, protocol, min, max, prefix } = rule;
    const made = await this.deployment.api.create('security_group_rule', {
      security_group_id: this.#ids.get(group),
      direction,
      ethertype,
      ...(protocol !== undefined && { protocol: String(protocol) }),
      ...(min !== undefined && { port_range_min: min }),
      ...(max !== undefined && { port_range_max: max }),
      ...(prefix !== undefined && { remote_ip_prefix: prefix }),
      ...(rule.group !== undefined && { remote_group_id: this.#ids.get(rule.group) }),
      ...(rule.addressGroup !== undefined && { remote_address_group_id: this.#ids.get(rule.addressGroup) }),
    });
    return made.id;
  }

  async removeRule(id: string): Promise<void> {
    await this.deployment.api.remove('security_group_rule', id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.spots.keys()]) await this.#unplug(name);
    await this.deployment.close();
  }

  async #makeGroups(): Promise<void> {
    const { api } = this.deployment;
    for (const [name, addresses] of Object.entries(this.#world.addressGroups)) {
      this.#ids.set(name, (await api.create('address_group', { name, addresses })).id);
    }
    for (const name of Object.keys(this.#world.groups)) {
      const group = await api.create('security_group', { name });
      this.#ids.set(name, group.id);
      for (const rule of group.security_group_rules) await api.remove('security_group_rule', rule.id);
    }
    for (const [name, rules] of Object.entries(this.#world.groups)) {
      for (const rule of rules) await this.addRule(name, rule);
    }
  }

  async #makePorts(): Promise<void> {
    const { api } = this.deployment;
    const networks = new Map<string, string>();
    for (const guest of Object.values(this.#world.guests)) {
      if (!networks.has(guest.network)) networks.set(guest.network, await this.#makeNetwork(guest.network));
      const { pairs, security, groups } = guest;
      const allowed = pairs.map(({ ip, mac }) => ({ ip_address: ip, ...(mac && { mac_address: mac }) }));
      const port: Port = await api.create('port', {
        name: guest.name,
        network_id: networks.get(guest.network),
        mac_address: guest.mac,
        fixed_ips: [{ ip_address: guest.ipv4 }, { ip_address: guest.ipv6 }],
        device_owner: security === 'trusted' ? 'network:dhcp' : 'compute:nova',
        'binding:host_id': this.#placement.hostOf(guest),
        ...(security === 'on' && {
          security_groups: groups.map((name) => this.#ids.get(name)),
          allowed_address_pairs: allowed,
        }),
        ...(security === 'off' && { security_groups: [], port_security_enabled: false }),
      });
      this.#ports.set(guest.name, port);
    }
  }

  async #makeNetwork(name: string): Promise<string> {
    const { api } = this.deployment;
    const { id } = await api.create('network', { name });
    for (const [ip_version, cidr] of [
      [4, '10.7.0.0/24'],
      [6, 'fd07::/64'],
    ]) {
      await api.create('subnet', { network_id: id, ip_version, cidr, enable_dhcp: false, gateway_ip: null });
    }
    return id;
  }

  async #plug(guests: readonly Guest[]): Promise<void> {
    for (const guest of guests) {
      const host = this.#hosts.get(this.#placement.hostOf(guest))!;
      const port = this.#ports.get(guest.name)!;
      const { netns } = await plugGuest(host, port, guest.name);
      // Its kernel says nothing of its own accord.
      await host.ipBatch(['link set eth0 addrgenmode none', 'addr flush dev eth0'], netns);
      const [card, outside] = await Promise.all([
        openStation({ host, netns, device: 'eth0' }),
        openStation({ host, device: tapName(port.id) }),
      ]);
      this.spots.set(guest.name, { guest, card, outside });
    }
    for (const { name } of guests) await this.deployment.portStatus(this.#ports.get(name)!.id, 'ACTIVE', 60_000);
  }

  async #unplug(name: string): Promise<void> {
    const { card, outside } = this.spots.get(name)!;
    this.spots.delete(name);
    await Promise.all([card.close(), outside.close()]);
  }
}
