import { findNetworks } from '../../db/read/networks.ts';
import { findPorts } from '../../db/read/ports.ts';
import { fullView } from '../../db/read/view.ts';
import { haPortsOf } from '../../db/write/ha-routers.ts';
import { type PortFacts, portFacts, portIdByMac, portIdsByPrefixes } from '../../db/write/ports.ts';
import { type BoundSegment, boundSegments, preparedSegments } from '../../db/write/segments.ts';
import { holdPorts } from '../../db/write/turns.ts';
import type { Context } from '../../lib/context.ts';
import { portIdPrefix } from '../../lib/names.ts';
import type { Network, Port } from '../../resources/shapes.ts';
import {
  type DeviceDetails,
  type DeviceMethods,
  endpoint,
  OUR_AGENT,
  pluginEndpointVersions,
} from '../../rpc/contract.ts';
import type { Endpoint } from '../../rpc/transport.ts';
import type { Change } from '../changes.ts';
import { HA_PORT_OWNER } from '../ha-router/ha-ports.ts';
import { isRoutersOwn } from '../l3-agent/owners.ts';
import type { Machine } from '../machine.ts';
import { completeProvisioning } from '../ml2/provisioning.ts';
import { networkErrors } from '../network/errors.ts';
import type { Shared } from '../parts.ts';
import type { StatusHolder } from '../port/status.ts';
import { wireNetworks } from './wire.ts';

/** What bridge agents ask and report: devices of their host (upstream: plugins/ml2/rpc.py RpcCallbacks). */
export function deviceEndpoint(machine: Machine): Endpoint {
  const { shared } = machine;
  const devices = new Devices(machine);
  return endpoint<DeviceMethods>(pluginEndpointVersions.device, {
    get_device_details: async ({ device, host }, context) => (await devices.details([device], host, context))[0]!,
    get_devices_details_list: async ({ devices: names, host }, context) => {
      const answers = await devices.details(names, host, context);
      return context.userName === OUR_AGENT ? answers.map((answer) => withRequest(answer, shared)) : answers;
    },
    get_devices_details_list_and_failed_devices: async ({ devices: names, host }, context) => ({
      devices: await devices.details(names, host, context),
      failed_devices: [],
    }),
    get_network_details: async ({ network: id }) => {
      const [network] = await wireNetworks(shared.database.db, { id: [id] });
      if (!network) throw networkErrors.NetworkNotFound({ net_id: id });
      return network;
    },
    update_device_up: async ({ device, host }, context) => {
      await devices.up([device], host, context);
      return null;
    },
    update_device_down: async ({ device, host }, context) => {
      await devices.down([device], host, context);
      return { device, exists: true };
    },
    update_device_list: async ({ devices_up, devices_down, host }, context) => {
      const up = devices_up ?? [];
      const down = devices_down ?? [];
      await devices.up(up, host, context);
      await devices.down(down, host, context);
      return {
        devices_up: up,
        failed_devices_up: [],
        devices_down: down.map((device) => ({ device, exists: true })),
        failed_devices_down: [],
      };
    },
  });
}

/** Which request made or changed the port last, where it was lately. */
function withRequest(details: DeviceDetails, { requests }: Shared): DeviceDetails {
  if (details.port_id === undefined) return details;
  const request_id = requests.of(details.port_id);
  return request_id === undefined ? details : { ...details, request_id };
}

class Devices {
  readonly #machine: Machine;
  readonly #shared: Shared;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#shared = machine.shared;
  }

  /**
   * Details in the order asked; ports that are asked for are being wired: BUILD, or DOWN when switched off. Their status
   * stays as it is when the question is a dry run's.
   */
  async details(names: readonly string[], host: string | undefined, context: Context): Promise<DeviceDetails[]> {
    const { db } = this.#shared.database;
    const ids = await this.#portIds(names);
    const ports = new Map((await findPorts(db, { filters: { id: known(ids) } }, fullView)).map((p) => [p.id, p]));
    const networkIds = [...new Set([...ports.values()].map(({ network_id }) => network_id))];
    const networks = new Map(
      (await findNetworks(db, { filters: { id: networkIds } }, fullView)).map((network) => [network.id, network]),
    );
    const segments = await boundSegments(db, [...ports.keys()]);
    const propagates = this.#shared.extensions.has('uplink-status-propagation');
    const uplink = (port: Port) => ({ propagate_uplink_status: propagates && port.propagate_uplink_status === true });
    const prepared = await this.#prepared([...ports.values()], host);
    const elsewhere = [...ports.values()].filter((port) => !isBoundTo(port, host));
    const standby = await this.#standby(elsewhere, host);
    // Python agents do not look at tags of guests.
    const isOurs = context.userName === OUR_AGENT;
    const guestTags = (network: Network) => (isOurs && network.vlan_transparent ? { vlan_transparent: true } : {});
    const answers = names.map((device): DeviceDetails => {
      const port = ports.get(ids.get(device) ?? '');
      if (!port) return { device };
      const moves = prepared.get(port.id);
      const segment = moves ?? segments.get(port.id);
      if (!segment || (!moves && !isBoundTo(port, host) && !standby.has(port.id))) return { device };
      if (moves && !isOurs) return { device, no_active_binding: true };
      const network = networks.get(port.network_id)!;
      const details = { ...detailsOf(device, port, network, segment), ...uplink(port), ...guestTags(network) };
      return moves ? { ...details, no_active_binding: true } : details;
    });
    if (context.readOnly) return answers;
    const wired = answers.flatMap(({ port_id, no_active_binding }) =>
      port_id !== undefined && !no_active_binding && !standby.has(port_id) ? [ports.get(port_id)!] : [],
    );
    await this.#setStatuses(context, wired, ({ admin_state_up }) => (admin_state_up ? 'BUILD' : 'DOWN'));
    return answers;
  }

  /** Segments of ports that are bound elsewhere and prepared on this host: their guests are about to move to it. */
  async #prepared(ports: readonly Port[], host: string | undefined): Promise<ReadonlyMap<string, BoundSegment>> {
    if (!host) return new Map();
    const elsewhere = ports.filter((port) => port['binding:host_id'] !== host);
    const ids = elsewhere.map(({ id }) => id);
    return preparedSegments(this.#shared.database.db, ids, host);
  }

  /**
   * Ports of HA routers that are bound where these are active, and ready on this host, where they are not: they are wired all
   * the same, so that the router can become active here without asking anybody.
   */
  async #standby(
    elsewhere: readonly Pick<Port, 'id' | 'device_id' | 'device_owner'>[],
    host: string | undefined,
  ): Promise<ReadonlySet<string>> {
    const own = elsewhere.filter(isRoutersOwn);
    if (!host || own.length === 0) return new Set();
    const routers = [...new Set(own.map(({ device_id }) => device_id))];
    const haPorts = await haPortsOf(this.#shared.database.db, routers);
    const here = new Set(haPorts.filter((port) => port.host === host).map(({ router_id }) => router_id));
    const follows = ({ device_id, device_owner }: Pick<Port, 'device_id' | 'device_owner'>) =>
      here.has(device_id) && device_owner !== HA_PORT_OWNER;
    return new Set(own.filter(follows).map(({ id }) => id));
  }

  /** These devices are wired: their ports wait for the agent no longer. Devices of other hosts' ports mean nothing. */
  async up(names: readonly string[], host: string | undefined, context: Context): Promise<void> {
    const ports = await this.#ports(names);
    const ids = ports.filter((port) => isOn(port, host)).map(({ id }) => id);
    this.#shared.logger.debug({ ports: ids, host }, 'devices are up');
    await completeProvisioning(this.#machine, ids, { context, entity: 'L2', host: host ?? null });
    const elsewhere = ports.filter((port) => !isOn(port, host));
    if (elsewhere.length > 0) await this.#upElsewhere(elsewhere, host, context);
  }

  /** Ports whose guests are about to move here, and those of HA routers that stand by here. */
  async #upElsewhere(elsewhere: readonly PortFacts[], host: string | undefined, context: Context): Promise<void> {
    const { forwarding, nova } = this.#machine;
    if (forwarding.isOn) {
      const standby = await this.#standby(elsewhere, host);
      if (standby.size > 0) {
        await this.#change(context, async (change) => {
          for (const id of standby) await forwarding.prepared(change, id, []);
        });
      }
    }
    if (!nova?.wantsStatuses) return;
    await this.#change(context, async (change) => {
      for (const port of elsewhere) await nova.pluggedElsewhere(change, port);
    });
  }

  async down(names: readonly string[], host: string | undefined, context: Context): Promise<void> {
    const ports = (await this.#ports(names)).filter((port) => isOn(port, host));
    await this.#setStatuses(context, ports, () => 'DOWN');
  }

  async #setStatuses<P extends StatusHolder>(
    context: Context,
    ports: readonly P[],
    statusOf: (port: P) => string,
  ): Promise<void> {
    const { statuses } = this.#machine;
    const changed = ports.filter((port) => port.status !== 'N/A' && port.status !== statusOf(port));
    if (changed.length === 0) return;
    await this.#change(context, async (change) => {
      const before = statuses.watched ? await statusesNow(change, changed) : new Map<string, string>();
      for (const port of changed) {
        await statuses.set(change, { ...port, status: before.get(port.id) ?? port.status }, statusOf(port));
      }
    });
  }

  async #change(context: Context, work: (change: Change) => Promise<void>): Promise<void> {
    const { changes, outbox } = this.#machine;
    outbox.tellSoon((await changes.run(context, work, null)).tasks);
  }

  async #ports(names: readonly string[]): Promise<PortFacts[]> {
    return portFacts(this.#shared.database.db, known(await this.#portIds(names)));
  }

  /** Device → port id; a device is a tap's name, a port's id or a MAC. */
  async #portIds(names: readonly string[]): Promise<Map<string, string | null>> {
    const { db } = this.#shared.database;
    const macs = names.filter((name) => portIdPrefix(name) === null && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(name));
    const byMac = new Map<string, string | null>();
    for (const mac of macs) byMac.set(mac, await portIdByMac(db, mac.toLowerCase()));
    const prefixOf = (name: string) => portIdPrefix(name) ?? name;
    const byPrefix = await portIdsByPrefixes(db, names.filter((name) => !byMac.has(name)).map(prefixOf));
    return new Map(names.map((name) => [name, byMac.get(name) ?? byPrefix.get(prefixOf(name)) ?? null]));
  }
}

function known(ids: ReadonlyMap<string, string | null>): string[] {
  return [...new Set(ids.values())].filter((id) => id !== null);
}

function isOn(port: PortFacts, host: string | undefined): boolean {
  return !host || port.host === host;
}

/** What the ports' statuses are now that nobody else can change them. */
async function statusesNow({ tx }: Change, ports: readonly { id: string }[]): Promise<Map<string, string>> {
  const ids = ports.map(({ id }) => id);
  await holdPorts(tx, ids);
  return new Map((await portFacts(tx, ids)).map(({ id, status }) => [id, status]));
}

function isBoundTo(port: Port, host: string | undefined): boolean {
  if (port['binding:vif_type'] === 'unbound' || port['binding:vif_type'] === 'binding_failed') return false;
  return !host || port['binding:host_id'] === host;
}

function detailsOf(device: string, port: Port, network: Network, segment: BoundSegment) {
  return {
    device,
    network_id: port.network_id,
    port_id: port.id,
    mac_address: port.mac_address,
    admin_state_up: port.admin_state_up,
    network_type: segment.network_type,
    segmentation_id: segment.segmentation_id,
    physical_network: segment.physical_network,
    mtu: network.mtu,
    fixed_ips: port.fixed_ips,
    device_owner: port.device_owner,
    allowed_address_pairs: port.allowed_address_pairs,
    port_security_enabled: port.port_security_enabled !== false,
    qos_policy_id: port.qos_policy_id ?? null,
    qos_network_policy_id: port.qos_network_policy_id ?? null,
    profile: port['binding:profile'],
  };
}
