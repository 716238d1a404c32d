import { tapName } from '../../../src/lib/names.ts';
import { type Deployment, makeDeployment } from '../deployment.ts';
import { openStations } from '../frames/station.ts';
import { plugGuest } from '../guest.ts';
import type { EmulatedHost, Lab } from '../hosts.ts';
import type { Program } from '../programs.ts';
import type { Case } from './cases.ts';
import { MadeWorld, type Placement } from './made-world.ts';
import { misbehaviour, type Spot } from './run.ts';
import type { Guest, World } from './world.ts';

/** As many packets at a time: each by itself has marks of its own behind it, which are more than it is. */
const AT_ONCE = 50;

const groupsOn = { securitygroup: { enable_security_group: true, firewall_driver: 'iptables' } };

/** The world made by the API of a real server, its guests plugged in on hosts with real agents. */
export class ServerStage implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly spots = new Map<string, Spot>();
  readonly agents = new Map<string, Program>();
  readonly #lab: Lab;
  readonly #world: World;
  readonly #placement: Placement;
  readonly #hosts = new Map<string, EmulatedHost>();
  readonly made: MadeWorld;

  private constructor(parts: { lab: Lab; deployment: Deployment; world: World; placement: Placement }) {
    this.#lab = parts.lab;
    this.deployment = parts.deployment;
    this.#world = parts.world;
    this.#placement = parts.placement;
    this.made = new MadeWorld(parts.world, parts.placement, parts.deployment.api);
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
    await stage.made.make();
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
    return await misbehaviour(cases, this.spots, { atOnce: AT_ONCE });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.spots.keys()]) await this.#unplug(name);
    await this.deployment.close();
  }

  async #plug(guests: readonly Guest[]): Promise<void> {
    for (const [name, host] of this.#hosts) {
      const there = guests.filter((guest) => this.#placement.hostOf(guest) === name);
      const places = [];
      for (const guest of there) {
        const port = this.made.port(guest);
        const { netns } = await plugGuest(host, port, guest.name);
        // Its kernel says nothing of its own accord.
        await host.ipBatch(['link set eth0 addrgenmode none', 'addr flush dev eth0'], netns);
        places.push({ host, netns, device: 'eth0' }, { host, device: tapName(port.id) });
      }
      if (there.length === 0) continue;
      const stations = await openStations(places);
      for (const [at, guest] of there.entries())
        this.spots.set(guest.name, { guest, card: stations[2 * at]!, outside: stations[2 * at + 1]! });
    }
    for (const guest of guests) await this.deployment.portStatus(this.made.port(guest).id, 'ACTIVE', 60_000);
  }

  async #unplug(name: string): Promise<void> {
    const { card, outside } = this.spots.get(name)!;
    this.spots.delete(name);
    await Promise.all([card.close(), outside.close()]);
  }
}
