import { getSubnet, listSubnets } from '../../db/read/subnets.ts';
import { UnknownMarkerError } from '../../db/read/view.ts';
import { holderOf, holdersInSubnet, isHeldBy } from '../../db/write/addresses.ts';
import { bumpNetwork } from '../../db/write/networks.ts';
import { bumpPort, portFacts } from '../../db/write/ports.ts';
import { portsLivingOn } from '../../db/write/segment-hosts.ts';
import {
  deleteSubnetRow,
  replaceHostRoutes,
  replaceNameservers,
  replacePools,
  replaceServiceTypes,
  subnetFacts,
  updateSubnetRow,
} from '../../db/write/subnets.ts';
import type { Context } from '../../lib/context.ts';
import { addressKey, parseAddress } from '../../lib/ip/address.ts';
import { parseCidr } from '../../lib/ip/cidr.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import type { AllocationPool, Subnet } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import { autoDeletedOwners, routerInterfaceOwnersSnat } from '../ipam/owners.ts';
import { isAutoAddressSubnet } from '../ipam/wishes.ts';
import type { Machine } from '../machine.ts';
import { afterCreate } from '../ml2/after-create.ts';
import { viewOf } from '../parts.ts';
import { rerouteOthers } from '../segment/host-routes.ts';
import { moveSubnet } from '../segment/subnet-segment.ts';
import { createSubnetIn, draftOf, storedSubnet, withIds } from './create.ts';
import { subnetErrors } from './errors.ts';
import { checkGatewayOutsidePools, checkPools, normalizePools } from './pools.ts';
import { noteReaddressed } from './readdressed.ts';
import { checkSubnet, type SubnetDraft } from './rules.ts';

/** Subnets (upstream: db/db_base_plugin_v2.py, db/ipam_backend_mixin.py). */
export class Subnets implements Collection<Subnet> {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async list(context: Context, query: ListQuery): Promise<Page<Subnet>> {
    try {
      return await listSubnets(this.#machine.shared.database, query, this.#view(context));
    } catch (error) {
      if (error instanceof UnknownMarkerError) throw subnetErrors.SubnetNotFound({ subnet_id: error.marker });
      throw error;
    }
  }

  async get(context: Context, id: string, fields: readonly string[] | null = null): Promise<Subnet> {
    const subnet = await getSubnet(this.#machine.shared.database.db, id, this.#view(context), fields);
    if (!subnet) throw subnetErrors.SubnetNotFound({ subnet_id: id });
    return subnet;
  }

  async create(context: Context, input: Input): Promise<Subnet> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  async createBulk(context: Context, inputs: readonly Input[]): Promise<Subnet[]> {
    const { changes, mechanisms, outbox, shared } = this.#machine;
    const { result, tasks } = await changes.run(context, async (change) => {
      await change.quota('subnet', inputs);
      return inTurns(inputs, (input) => createSubnetIn(change, this.#machine, input));
    });
    outbox.tellSoon(tasks);
    await afterCreate(result, {
      step: (current) => mechanisms.postcommit('createSubnetPostcommit', { context, current, original: null }),
      undo: (subnet) => this.delete(context, subnet.id),
      logger: shared.logger,
    });
    return result;
  }

  async update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<Subnet> {
    const { mechanisms, outbox } = this.#machine;
    const { result, tasks } = await this.#machine.changes.run(context, async (change) => {
      const original = await storedSubnet(change, this.#machine, id);
      checkRevision(ifRevision, original.revision_number);
      await this.#updateIn(change, original, changes);
      const current = await storedSubnet(change, this.#machine, id);
      await mechanisms.precommit('updateSubnetPrecommit', change.tx, { context, current, original });
      await change.todo('subnet', id, 'updated', { network_id: current.network_id });
      return { current, original };
    });
    outbox.tellSoon(tasks);
    await mechanisms.postcommit('updateSubnetPostcommit', { context, ...result });
    return result.current;
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    const { changes, ipam, mechanisms, outbox } = this.#machine;
    const { result: original, tasks } = await changes.run(context, async (change) => {
      const { tx } = change;
      const subnet = await storedSubnet(change, this.#machine, id);
      checkRevision(ifRevision, subnet.revision_number);
      await this.#releaseAddresses(change, subnet);
      await mechanisms.precommit('deleteSubnetPrecommit', tx, { context, current: subnet, original: subnet });
      await deleteSubnetRow(tx, id);
      if (subnet.segment_id) {
        await rerouteOthers(change, await subnetFacts(tx, subnet.network_id), { except: id, cidr: subnet.cidr });
      }
      await bumpNetwork(tx, subnet.network_id, change.time);
      await change.todo('subnet', id, 'deleted', { network_id: subnet.network_id });
      return subnet;
    });
    ipam.picker.forget(id);
    outbox.tellSoon(tasks);
    await mechanisms.postcommit('deleteSubnetPostcommit', { context, current: original, original }).catch(() => {
      // Logged where it was thrown; the subnet is gone all the same, as upstream has it.
    });
  }

  async #updateIn(change: Change, original: Subnet, changes: Input): Promise<void> {
    const { extensionDrivers, ipam, shared } = this.#machine;
    const { tx, time } = change;
    const { id } = original;
    const cidr = parseCidr(original.cidr)!;
    const draft: SubnetDraft = {
      ...draftOf({ ...original, ...definedIn(changes) }, original.cidr),
      label: id,
      gateway_ip: changes.gateway_ip as string | null | undefined,
    };
    checkSubnet(draft, original, shared.options.core);
    const gateway = changes.gateway_ip === undefined ? original.gateway_ip : (changes.gateway_ip as string | null);
    if (gateway !== null && gateway !== original.gateway_ip) await this.#checkGatewayFree(change, original);
    const given = changes.allocation_pools as AllocationPool[] | null | undefined;
    if (given) checkPools(given, cidr, original.cidr);
    const pools = given ? normalizePools(given, cidr.version) : original.allocation_pools;
    if (gateway && (given || gateway !== original.gateway_ip)) {
      checkGatewayOutsidePools(gateway, pools, cidr.version);
    }
    const columns: Record<string, unknown> = {};
    for (const key of ['name', 'description', 'enable_dhcp'] as const) {
      if (changes[key] !== undefined && changes[key] !== null) columns[key] = changes[key];
    }
    const routes = changes.host_routes === undefined ? null : (draft.host_routes ?? []);
    const moved = await moveSubnet(change, original, { segment_id: changes.segment_id, gateway, routes });
    if (moved.segment_id !== undefined) columns.segment_id = moved.segment_id;
    if (typeof changes.dns_publish_fixed_ip === 'boolean') {
      columns.dns_publish_fixed_ip = changes.dns_publish_fixed_ip;
    }
    const revision_number = original.revision_number + 1;
    await updateSubnetRow(tx, id, { ...columns, gateway_ip: gateway, updated_at: time, revision_number });
    if (given) {
      await replacePools(tx, id, withIds(pools));
      ipam.picker.forget(id);
    }
    if (changes.dns_nameservers !== undefined) await replaceNameservers(tx, id, draft.dns_nameservers ?? []);
    if (moved.routes !== null) await replaceHostRoutes(tx, id, moved.routes);
    if (Array.isArray(changes.service_types)) {
      await replaceServiceTypes(tx, id, [...new Set(changes.service_types as string[])]);
    }
    await bumpNetwork(tx, original.network_id, time);
    for (const driver of extensionDrivers) await driver.processUpdateSubnet?.(tx, changes, { id });
  }

  /** A gateway that a router answers for is nobody else's. @throws GatewayIpInUse */
  async #checkGatewayFree(change: Change, subnet: Subnet): Promise<void> {
    const address = subnet.gateway_ip === null ? null : parseAddress(subnet.gateway_ip);
    if (!address) return;
    const portId = await holderOf(change.tx, subnet.id, addressKey(address.value));
    const port = portId ? (await portFacts(change.tx, [portId]))[0] : undefined;
    if (port && routerInterfaceOwnersSnat.has(port.device_owner)) {
      throw subnetErrors.GatewayIpInUse({ ip_address: subnet.gateway_ip, port_id: port.id });
    }
  }

  /** Takes the subnet's addresses from ports that do without; @throws SubnetInUse when another has one */
  async #releaseAddresses(change: Change, subnet: Subnet): Promise<void> {
    const keeps = isAutoAddressSubnet(subnet)
      ? await isHeldBy(change.tx, subnet.id, routerInterfaceOwnersSnat)
      : await isHeldBy(change.tx, subnet.id, autoDeletedOwners, { others: true });
    // Elsewhere such ports keep an address; on a segment there may be no other (upstream: services/segments/plugin.py).
    const only = subnet.segment_id && isAutoAddressSubnet(subnet) ? await portsLivingOn(change.tx, subnet.id) : [];
    if (keeps || only.length > 0) {
      const reason = 'One or more ports have an IP allocation from this subnet';
      throw subnetErrors.SubnetInUse({ subnet_id: subnet.id, reason });
    }
    const { forwarding } = this.#machine;
    const holders = await holdersInSubnet(change.tx, subnet.id);
    const ids = [...new Set(holders.map(({ port_id }) => port_id))];
    const places = await forwarding.beforeAll(change, ids);
    await inTurns(holders, async ({ port_id, ip_address }) => {
      await this.#machine.ipam.release(change.tx, port_id, [{ subnet_id: subnet.id, ip_address }]);
      await bumpPort(change.tx, port_id, change.time);
      await forwarding.moved(change, port_id, places.get(port_id));
    });
    await noteReaddressed(change, this.#machine, ids);
  }

  #view(context: Context) {
    return viewOf(this.#machine.shared, context);
  }
}

function definedIn(changes: Input): Input {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
