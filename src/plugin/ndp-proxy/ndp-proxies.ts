import { randomUUID } from 'node:crypto';
import { getPort } from '../../db/read/ports.ts';
import { specReader } from '../../db/read/spec.ts';
import { type NdpProxyRow, ndpProxiesFor, ndpProxyColumns } from '../../db/write/ndp-proxies.ts';
import { type RouterFacts, routerFacts } from '../../db/write/routers.ts';
import { rowStore } from '../../db/write/rows.ts';
import { networkScope } from '../../db/write/subnet-pools.ts';
import { type Context, seesEverything } from '../../lib/context.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import { inTurns } from '../../lib/turns.ts';
import { ndpProxy } from '../../resources/ndp-proxy.ts';
import type { FixedIp, Port } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { ndpProxyData } from '../objects/ndp-proxy.ts';
import { callersFullView } from '../parts.ts';
import { portErrors } from '../port/errors.ts';
import { gatewayNetwork } from '../router/connected.ts';
import { routerErrors } from '../router/errors.ts';
import { readsOver, type StoredReads } from '../stored/reads.ts';
import { specOf } from '../stored/spec.ts';
import { ndpProxyErrors as errors } from './errors.ts';

export type NdpProxy = NdpProxyRow & { tenant_id: string };

const reader = specReader<NdpProxy>(specOf(ndpProxy, { table: 'ndp_proxies' }));
const rows = rowStore('ndp_proxies', ndpProxyColumns);

/** IPv6 addresses that routers answer for outside (upstream: services/ndp_proxy/plugin.py). */
export class NdpProxies implements Collection<NdpProxy> {
  readonly list: Collection<NdpProxy>['list'];
  readonly get: StoredReads<NdpProxy>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<NdpProxy>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = readsOver<NdpProxy>(machine.shared, reader, (id) => errors.NDPProxyNotFound({ id }));
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<NdpProxy> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  /** @throws what a proxy may be refused with */
  createBulk(context: Context, inputs: readonly Input[]): Promise<NdpProxy[]> {
    return this.#run(context, (change) => inTurns(inputs, (input) => this.#createIn(change, input)));
  }

  update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<NdpProxy> {
    return this.#run(context, async (change) => {
      const { tx, time } = change;
      const proxy = await this.#reads.stored(tx, context, id);
      checkRevision(ifRevision, proxy.revision_number);
      const columns = Object.fromEntries(
        (['name', 'description'] as const)
          .filter((key) => changes[key] !== undefined && changes[key] !== proxy[key])
          .map((key) => [key, changes[key]]),
      );
      if (Object.keys(columns).length === 0) return proxy;
      await rows.update(tx, id, columns);
      await rows.bump(tx, id, time);
      return (await this.#reads.whole(tx, id))!;
    });
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    await this.#run(context, async (change) => {
      const proxy = await this.#reads.stored(change.tx, context, id);
      checkRevision(ifRevision, proxy.revision_number);
      await removeNdpProxies(change, [proxy]);
    });
  }

  async #createIn(change: Change, input: Input): Promise<NdpProxy> {
    const { tx, time, context } = change;
    const { router_id, port_id } = input as { router_id: string; port_id: string };
    const project_id = (input.project_id as string | undefined) ?? '';
    const port = await getPort(tx, port_id, callersFullView(context), ['id', 'project_id', 'network_id', 'fixed_ips']);
    if (port === null) throw portErrors.PortNotFound({ port_id });
    const router = await routerFacts(tx, router_id);
    if (router === null || !(seesEverything(context) || router.project_id === context.projectId)) {
      throw routerErrors.RouterNotFound({ router_id });
    }
    if (port.project_id !== project_id && !context.isAdmin) {
      throw errors.BadRequest({ msg: `Port ${port_id} is owned by a different tenant` });
    }
    const legs = router.attached.filter(
      (leg) => leg.network_id === port.network_id && leg.port_id !== router.gw_port_id,
    );
    if (legs.length === 0) throw errors.PortUnreachableRouter({ port_id, router_id });
    if (!router.enable_ndp_proxy) throw errors.RouterNDPProxyNotEnable({ router_id });
    const ip_address = addressOf(port, router, (input.ip_address as string | null | undefined) ?? null);
    await checkScopes(change, router, port.network_id);
    if ((await ndpProxiesFor(tx, port_id)).some((other) => other.ip_address === ip_address)) {
      throw errors.NeutronDbObjectDuplicateEntry({ port_id, ip_address });
    }
    const row: NdpProxyRow = {
      id: randomUUID(),
      project_id,
      name: (input.name as string | undefined) ?? '',
      description: (input.description as string | undefined) ?? '',
      created_at: time,
      updated_at: time,
      revision_number: 0,
      ...{ router_id, port_id, ip_address },
    };
    await rows.insert(tx, row);
    await note(change, row, 'created');
    return (await this.#reads.whole(tx, row.id))!;
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

/** Takes proxies away. */
async function removeNdpProxies(change: Change, proxies: readonly NdpProxyRow[]): Promise<void> {
  for (const proxy of proxies) {
    await rows.remove(change.tx, proxy.id);
    await note(change, proxy, 'deleted');
  }
}

/** A port has these addresses from now on (none, when it is deleted): nobody answers for others of it. */
export async function proxiedPortChanged(change: Change, portId: string, addresses: readonly FixedIp[]): Promise<void> {
  const kept = new Set(addresses.map(({ ip_address }) => ip_address));
  const proxies = await ndpProxiesFor(change.tx, portId);
  await removeNdpProxies(
    change,
    proxies.filter(({ ip_address }) => !kept.has(ip_address)),
  );
}

async function note(change: Change, row: NdpProxyRow, action: 'created' | 'deleted'): Promise<void> {
  await change.todo('ndp_proxy', row.id, action, { router_id: row.router_id, object: ndpProxyData(row) });
}

/** The address meant: the one named, else the port's first one that the router reaches. */
function addressOf({ id: port_id, fixed_ips }: Port, router: RouterFacts, wanted: string | null): string {
  const own = fixed_ips.filter(({ ip_address }) => parseAddress(ip_address)!.version === 6);
  if (own.length === 0)
    throw errors.BadRequest({ msg: `Requested port ${port_id} must allocate one IPv6 address at least` });
  const reached = (subnetId: string) =>
    router.attached.some((leg) => leg.subnet_id === subnetId && leg.port_id !== router.gw_port_id);
  if (wanted === null) {
    const found = own.find(({ subnet_id }) => reached(subnet_id));
    if (found === undefined) throw errors.PortUnreachableRouter({ port_id, router_id: router.id });
    return found.ip_address;
  }
  const named = own.find(({ ip_address }) => ip_address === wanted);
  if (named === undefined) {
    throw errors.InvalidAddress({ address: wanted, reason: `This address not belong to the port ${port_id}` });
  }
  if (!reached(named.subnet_id)) {
    throw errors.InvalidAddress({ address: wanted, reason: `This address cannot reach the router ${router.id}` });
  }
  return wanted;
}

/** Packets between different scopes are dropped. @throws AddressScopeConflict */
async function checkScopes({ tx }: Change, router: RouterFacts, networkId: string): Promise<void> {
  const outside = gatewayNetwork(router);
  const ext_address_scope = outside === null ? null : await networkScope(tx, outside, 6);
  const internal_address_scope = await networkScope(tx, networkId, 6);
  if (ext_address_scope === internal_address_scope) return;
  throw errors.AddressScopeConflict({ ext_address_scope, internal_address_scope });
}
