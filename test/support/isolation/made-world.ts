import type { Port } from '../../../src/resources/shapes.ts';
import type { ApiClient } from '../api.ts';
import type { Guest, Rule, World } from './world.ts';

export interface Placement {
  /** What carries the networks. */
  type: 'local' | 'vxlan' | 'vlan';
  /** Names of the hosts with guests. The server has one of its own. */
  hosts: readonly string[];
  hostOf(guest: Guest): string;
}

/** What makes resources: a client of the API, or what asks the plugin itself. */
export type Maker = Pick<ApiClient, 'create' | 'list' | 'remove'>;

/** The groups, networks and ports of a world at a server. */
export class MadeWorld {
  readonly #world: World;
  readonly #placement: Placement;
  readonly #maker: Maker;
  readonly #ids = new Map<string, string>();
  readonly #ports = new Map<string, Port>();

  constructor(world: World, placement: Placement, maker: Maker) {
    this.#world = world;
    this.#placement = placement;
    this.#maker = maker;
  }

  async make(): Promise<void> {
    await this.#makeGroups();
    await this.#makePorts();
  }

  port({ name }: Guest): Port {
    return this.#ports.get(name)!;
  }

  async addRule(group: string, rule: Rule): Promise<string> {
    const { direction, ethertype, protocol, min, max, prefix } = rule;
    const made = await this.#maker.create('security_group_rule', {
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
    await this.#maker.remove('security_group_rule', id);
  }

  /** Takes one rule away and adds another. @returns what takes it back */
  async exchange(
    went: { group: string; at: number },
    came: { group: string; rule: Rule },
  ): Promise<() => Promise<void>> {
    const old = this.#world.groups[went.group]![went.at]!;
    const rules = await this.#maker.list('security_group_rule');
    const gone = rules.find(
      ({ port_range_min, port_range_max }) => port_range_min === old.min && port_range_max === old.max,
    )!;
    await this.removeRule(gone.id);
    const added = await this.addRule(came.group, came.rule);
    return async () => {
      await this.removeRule(added);
      await this.addRule(went.group, old);
    };
  }

  async #makeGroups(): Promise<void> {
    for (const [name, addresses] of Object.entries(this.#world.addressGroups)) {
      this.#ids.set(name, (await this.#maker.create('address_group', { name, addresses })).id);
    }
    for (const name of Object.keys(this.#world.groups)) {
      const group = await this.#maker.create('security_group', { name });
      this.#ids.set(name, group.id);
      for (const rule of group.security_group_rules) await this.removeRule(rule.id);
    }
    for (const [name, rules] of Object.entries(this.#world.groups)) {
      for (const rule of rules) await this.addRule(name, rule);
    }
  }

  async #makePorts(): Promise<void> {
    const networks = new Map<string, string>();
    for (const guest of Object.values(this.#world.guests)) {
      if (!networks.has(guest.network)) networks.set(guest.network, await this.#makeNetwork(guest.network));
      const { pairs, security, groups } = guest;
      const allowed = pairs.map(({ ip, mac }) => ({ ip_address: ip, ...(mac && { mac_address: mac }) }));
      const port: Port = await this.#maker.create('port', {
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
    const { id } = await this.#maker.create('network', { name });
    for (const [ip_version, cidr] of [
      [4, '10.7.0.0/24'],
      [6, 'fd07::/64'],
    ]) {
      await this.#maker.create('subnet', { network_id: id, ip_version, cidr, enable_dhcp: false, gateway_ip: null });
    }
    return id;
  }
}
