import { bridgeName, tapName } from '../../../src/lib/names.ts';
import { all, createFixture, type Fixture, type Port } from '../../../src/plugin/fixture.ts';
import { crossed, openStations, type Station, settled } from '../frames/station.ts';
import type { EmulatedHost, Lab } from '../hosts.ts';
import { ServedHost } from '../served-host.ts';
import { VlanSwitch } from '../vlan-switch.ts';
import { until } from '../wait.ts';
import type { Case } from './cases.ts';
import { MadeWorld, type Maker, type Placement } from './made-world.ts';
import { misbehaviour, type Spot } from './run.ts';
import { TrunkedCard } from './trunked-card.ts';
import type { Guest, World } from './world.ts';

/** The switch carries all of them; the last one is nobody's network. */
const vlans = Array.from({ length: 10 }, (_, at) => 100 + at);
const MARKS_VLAN = 109;
/** Where a packet costs as much as many: so many at a time. */
const AT_ONCE = 200;

/** Guests that are sub-ports of one guest's trunk, with the VLAN that each is there. */
export interface TrunkOf {
  readonly parent: Guest;
  readonly subPorts: readonly { readonly guest: Guest; readonly vid: number }[];
}

/**
 * The world on VLAN networks of hosts that a switch connects: plugin and agents are in this process, the hosts are real. It is for
 * inside the virtual machine (`test/inside-vm`).
 */
export class ServedStage implements AsyncDisposable {
  readonly spots = new Map<string, Spot>();
  readonly served = new Map<string, ServedHost>();
  readonly made: MadeWorld;
  readonly server: Fixture;
  readonly #lab: Lab;
  readonly #switch: VlanSwitch;
  readonly #placement: Placement;
  /** A station at the switch's side of each host. */
  readonly #sides = new Map<string, Station>();

  private constructor(parts: { lab: Lab; ovs: VlanSwitch; server: Fixture; world: World; placement: Placement }) {
    this.#lab = parts.lab;
    this.#switch = parts.ovs;
    this.server = parts.server;
    this.#placement = parts.placement;
    this.made = new MadeWorld(parts.world, parts.placement, makerOf(parts.server));
  }

  /** @param guests those that are plugged in now, and those who are sub-ports from the first */
  static async open(
    lab: Lab,
    world: World,
    placement: Placement,
    { guests, trunks }: { guests: readonly Guest[]; trunks: readonly TrunkOf[] },
  ): Promise<ServedStage> {
    const ovs = await VlanSwitch.open(lab);
    const server = await createFixture({
      ml2: { type_drivers: ['vlan'], tenant_network_types: ['vlan'] },
      vlan: { network_vlan_ranges: [`physnet1:${vlans[0]}:${MARKS_VLAN - 1}`] },
      service: { service_plugins: ['trunk'] },
      securityGroup: { enable_security_group: true },
    });
    server.transport.hears = () => true;
    const stage = new ServedStage({ lab, ovs, server, world, placement });
    for (const name of placement.hosts) await stage.#raise(name);
    await stage.made.make();
    await stage.plug(guests, trunks);
    return stage;
  }

  /** What went otherwise than these cases say. Sessions of before are forgotten. */
  async misbehaviour(cases: readonly Case[]): Promise<string[]> {
    await Promise.all(this.#hosts.map((host) => host.run(['conntrack', '-F'])));
    return await misbehaviour(cases, this.spots, { atOnce: AT_ONCE, settle: (listeners) => this.#settle(listeners) });
  }

  /**
   * Switches a host off, and on again: links, rules and processes are gone, files are not. Its guests are there before its agent is,
   * and packets knock from then on until its rules are in force.
   *
   * @param cases what is sent meanwhile
   * @returns a line for each time that something else came of it
   */
  async reboot(name: string, cases: readonly Case[]): Promise<string[]> {
    const guests = [...this.spots.values()].map(({ guest }) => guest);
    const there = guests.filter((guest) => this.#placement.hostOf(guest) === name);
    for (const guest of there) await this.#close(guest);
    await this.#sides.get(name)!.close();
    const served = this.served.get(name)!;
    await served.kill();
    await this.#lab.removeHost(served.host);
    await this.#raise(name);
    const raised = this.served.get(name)!;
    await raised.stop();
    await this.#plugOn(name, there);
    let isUp = false;
    const starting = raised.start().finally(() => {
      isUp = true;
    });
    const wrong: string[] = [];
    while (!isUp) wrong.push(...(await this.misbehaviour(cases)));
    await starting;
    return wrong;
  }

  /** @param trunks of ports that are not plugged in; their parents are plugged in with the guests */
  async plug(guests: readonly Guest[], trunks: readonly TrunkOf[] = []): Promise<void> {
    for (const trunk of trunks) await this.#makeTrunk(trunk);
    const all = [...guests, ...trunks.map(({ parent }) => parent)];
    for (const name of this.#placement.hosts) {
      const there = all.filter((guest) => this.#placement.hostOf(guest) === name);
      if (there.length === 0) continue;
      const served = this.served.get(name)!;
      // One look at all of them takes a tenth of the time of one at each.
      await served.stop();
      await this.#plugOn(name, there);
      await served.start();
    }
    for (const guest of all) await this.#becomes(guest, 'ACTIVE');
    for (const trunk of trunks) await this.#joinTrunk(trunk);
  }

  async unplug(guest: Guest): Promise<void> {
    await this.#close(guest);
    await this.#hostOf(guest).run(['ip', 'netns', 'del', guest.name]);
    await this.#becomes(guest, 'DOWN');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const served of this.served.values()) await served.stop();
    await this.server[Symbol.asyncDispose]();
    await this.#switch.close();
  }

  async #makeTrunk({ parent, subPorts }: TrunkOf): Promise<void> {
    const sub_ports = subPorts.map(({ guest, vid }) => ({
      ...{ port_id: this.made.port(guest).id, segmentation_type: 'vlan', segmentation_id: vid },
    }));
    const { collections } = this.server.plugin;
    const trunk = { project_id: 'p1', name: parent.name, port_id: this.made.port(parent).id, sub_ports };
    await collections.trunks!.create!(this.server.context, trunk);
  }

  /** From now on its guests speak by their tags on the parent's card. */
  async #joinTrunk({ parent, subPorts }: TrunkOf): Promise<void> {
    const { card, outside } = this.spots.get(parent.name)!;
    const station = card as Station;
    const vids = subPorts.map(({ vid }) => vid);
    this.spots.set(parent.name, { guest: parent, outside, card: new TrunkedCard(station, null, vids) });
    for (const { guest, vid } of subPorts) {
      this.spots.set(guest.name, { guest, outside, card: new TrunkedCard(station, vid) });
      await this.#becomes(guest, 'ACTIVE');
    }
  }

  get #hosts(): EmulatedHost[] {
    return [...this.served.values()].map(({ host }) => host);
  }

  #hostOf(guest: Guest): EmulatedHost {
    return this.served.get(this.#placement.hostOf(guest))!.host;
  }

  async #raise(name: string): Promise<void> {
    const host = await this.#lab.addHost({ name, wires: [`${name}a`] });
    await this.#switch.connect(`${name}a`, { trunk: vlans });
    this.#sides.set(name, (await openStations([{ host, device: 'eth1' }]))[0]!);
    this.served.set(name, await ServedHost.open(host, this.server, ['physnet1:eth1'], { filters: true }));
  }

  async #plugOn(name: string, guests: readonly Guest[]): Promise<void> {
    const { host } = this.served.get(name)!;
    await plugQuietly(
      host,
      guests.map((guest) => [guest.name, this.made.port(guest)]),
    );
    const stations = await openStations(
      guests.flatMap((guest) => [
        { host, netns: guest.name, device: 'eth0' },
        { host, device: tapName(this.made.port(guest).id) },
      ]),
    );
    for (const [at, guest] of guests.entries()) {
      this.spots.set(guest.name, { guest, card: stations[2 * at]!, outside: stations[2 * at + 1]! });
    }
  }

  async #becomes(guest: Guest, status: string): Promise<void> {
    const { ports } = this.server.plugin.collections;
    const { id } = this.made.port(guest);
    await until(`the port of ${guest.name} ${status}`, async () => {
      return (await ports.get(this.server.context, id)).status === status;
    });
  }

  async #close({ name }: Guest): Promise<void> {
    const { card, outside } = this.spots.get(name)!;
    this.spots.delete(name);
    await Promise.all([card.close(), outside.close()]);
  }

  /**
   * First what the senders' hosts have queued, then what the switch has, then what the listeners' hosts have. The switch takes what
   * waits at a port in batches, within which one frame may overtake another: so the second mark of a host is behind all.
   */
  async #settle(listeners: readonly Spot[]): Promise<void> {
    const first = this.#placement.hosts.map(
      (name) => [...this.spots.values()].find(({ guest }) => this.#placement.hostOf(guest) === name)!,
    );
    await Promise.all(first.map(({ card, outside }) => settled(card, outside)));
    for (let mark = 0; mark < 2; mark += 1) {
      await Promise.all(
        [...this.#sides].map(([name, side]) => {
          const others = [...this.#sides].filter(([other]) => other !== name).map(([, one]) => one);
          return crossed(side, others, [{ id: MARKS_VLAN }]);
        }),
      );
    }
    await Promise.all(listeners.map(({ card, outside }) => settled(card, outside)));
    for (const side of this.#sides.values()) side.clear();
  }
}

/**
 * Guests as `plugGuest` makes them, whose kernels say nothing of their own accord. By one command for all, since each takes its
 * time.
 */
async function plugQuietly(
  host: EmulatedHost,
  guests: readonly (readonly [netns: string, port: Port])[],
): Promise<void> {
  const there = await host.links();
  const compute = ({ device_owner }: Port) => device_owner.startsWith('compute:');
  const bridges = new Set(guests.filter(([, port]) => compute(port)).map(([, port]) => bridgeName(port.network_id)));
  await host.ipBatch([
    ...[...bridges]
      .filter((name) => !there.includes(name))
      .map((name) => `link add ${name} type bridge forward_delay 0 stp_state 0`),
    ...[...bridges].map((name) => `link set ${name} up`),
    ...guests.flatMap(([netns, port]) => {
      const tap = tapName(port.id);
      return [
        `netns add ${netns}`,
        `link add ${tap} type veth peer name eth0 address ${port.mac_address} netns ${netns}`,
        `netns exec ${netns} ip link set eth0 addrgenmode none up`,
        ...(compute(port) ? [`link set ${tap} master ${bridgeName(port.network_id)}`] : []),
        `link set ${tap} up`,
      ];
    }),
  ]);
}

function makerOf({ plugin, context }: Fixture): Maker {
  // biome-ignore lint/suspicious/noExplicitAny: resources of all kinds
  const collection = (kind: string): any => plugin.collections[`${kind}s` as keyof typeof plugin.collections];
  return {
    create: (kind, attributes) => collection(kind).create(context, { project_id: 'p1', ...attributes }),
    list: async (kind) => [...(await all(collection(kind)))] as never,
    remove: (kind, id) => collection(kind).delete(context, id),
  };
}
