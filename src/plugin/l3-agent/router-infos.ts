import type { Db } from '../../db/database.ts';
import { mtusOfNetworks, portsOfRouters, type RouterSubnet, subnetsAround } from '../../db/read/router-surroundings.ts';
import { haPortsOf } from '../../db/write/ha-routers.ts';
import { parseCidr } from '../../lib/ip/cidr.ts';
import type { WireFloatingIp, WirePort, WireRouter, WireRouterPort, WireRouterSubnet } from '../../rpc/contract.ts';
import { routerInterfaceOwners } from '../ipam/owners.ts';
import { messageView, type Shared } from '../parts.ts';
import { wirePorts } from '../rpc/wire.ts';
import { wireFloatingIps, wireRouters } from './wire.ts';

const GATEWAY_OWNER = 'network:router_gateway';

/**
 * Routers with everything the L3 agent of a host must know (upstream: db/l3_db.py `get_sync_data`, db/l3_hamode_db.py), in a
 * number of questions that does not grow with them. Those that are switched off are left out, and so are HA routers without a
 * port on that host: the agent takes down what it has of them.
 */
export async function routerInfos(shared: Shared, routerIds: readonly string[], host: string): Promise<WireRouter[]> {
  const { db } = shared.database;
  const routers = (await wireRouters(shared, db, routerIds)).filter(({ admin_state_up }) => admin_state_up);
  const surrounded = await withParts(shared, db, routers);
  const highlyAvailable = routers.filter(({ ha }) => ha).map(({ id }) => id);
  if (highlyAvailable.length === 0) return surrounded.map(({ router }) => router);
  const haPorts = (await haPortsOf(db, highlyAvailable)).filter((port) => port.host === host);
  const mine = new Map(haPorts.map((port) => [port.router_id, port]));
  return surrounded.flatMap(({ router, ports }): WireRouter[] => {
    if (!router.ha) return [router];
    const haPort = mine.get(router.id);
    const _ha_interface = ports.find(({ id }) => id === haPort?.port_id);
    return _ha_interface ? [{ ...router, _ha_interface, _ha_state: haPort!.state as WireRouter['_ha_state'] }] : [];
  });
}

/** The same, whichever agents serve them and whether they are switched on. */
export async function wholeRouters(shared: Shared, db: Db, routerIds: readonly string[]): Promise<WireRouter[]> {
  const routers = await withParts(shared, db, await wireRouters(shared, db, routerIds));
  return routers.map(({ router }) => router);
}

/** Routers with their gateway, interfaces and floating IPs; and all their ports, those on HA networks among them. */
async function withParts(
  shared: Shared,
  db: Db,
  routers: readonly WireRouter[],
): Promise<{ router: WireRouter; ports: readonly WireRouterPort[] }[]> {
  if (routers.length === 0) return [];
  const ids = routers.map(({ id }) => id);
  const ports = await routerPorts(shared, db, ids);
  const floating = Map.groupBy(await wireFloatingIps(shared, db, ids), ({ router_id }) => router_id);
  return routers.map((bare) => {
    const own = ports.get(bare.id) ?? [];
    const gw_port = own.find(({ id }) => id === bare.gw_port_id);
    const _interfaces = own.filter(({ device_owner }) => routerInterfaceOwners.has(device_owner));
    const _floatingips = floating.get(bare.id) ?? [];
    const router: WireRouter = {
      ...bare,
      ...(gw_port && { gw_port, enable_snat: bare.external_gateway_info?.enable_snat !== false }),
      gw_port_host: gw_port?.['binding:host_id'] || null,
      ...(_floatingips.length > 0 && { _floatingips, ...forwardingsOf(_floatingips) }),
      ...(_interfaces.length > 0 && { _interfaces }),
    };
    return { router, ports: own };
  });
}

/** Router id → its ports, HA ports of all agents among them, with what is around them. */
async function routerPorts(
  shared: Shared,
  db: Db,
  routerIds: readonly string[],
): Promise<Map<string, WireRouterPort[]>> {
  const bindings = new Map((await portsOfRouters(db, routerIds)).map(({ port_id, router_id }) => [port_id, router_id]));
  if (bindings.size === 0) return new Map();
  const ports = await wirePorts(db, { id: [...bindings.keys()] }, messageView(shared));
  // A port without addresses is of no use to a router.
  const addressed = ports.filter(({ fixed_ips }) => fixed_ips.length > 0);
  const surroundings = await surroundingsOf(
    db,
    addressed.map(({ network_id }) => network_id),
  );
  const segmented = shared.extensions.has('segment');
  const whole = addressed.map((port) => withSurroundings(port, surroundings, segmented));
  return Map.groupBy(whole, (port) => bindings.get(port.id as string)!);
}

interface Surroundings {
  subnets: Map<string, RouterSubnet[]>;
  mtus: Map<string, number>;
}

async function surroundingsOf(db: Db, networks: readonly string[]): Promise<Surroundings> {
  const ids = [...new Set(networks)];
  return {
    subnets: Map.groupBy(await subnetsAround(db, ids), ({ network_id }) => network_id),
    mtus: await mtusOfNetworks(db, ids),
  };
}

function withSurroundings(port: WirePort, { subnets, mtus }: Surroundings, segmented: boolean): WireRouterPort {
  const all = subnets.get(port.network_id) ?? [];
  const own = all.filter(({ id }) => port.fixed_ips.some(({ subnet_id }) => subnet_id === id));
  // On a routed network a gateway reaches what is on its own segment.
  const segment = all.find(({ id }) => id === port.fixed_ips[0]?.subnet_id)?.segment_id ?? null;
  const reached = ({ segment_id }: RouterSubnet) =>
    !segmented || port.device_owner !== GATEWAY_OWNER || segment_id === segment;
  const lengths = new Map(own.map(({ id, cidr }) => [id, parseCidr(cidr)!.prefix]));
  return {
    ...port,
    fixed_ips: port.fixed_ips.map((fixed) => ({ ...fixed, prefixlen: lengths.get(fixed.subnet_id)! })),
    subnets: own.map(wireSubnet),
    extra_subnets: all.filter((subnet) => !own.includes(subnet) && reached(subnet)).map(wireSubnet),
    address_scopes: { '4': scopeOf(all, 4), '6': scopeOf(all, 6) },
    mtu: mtus.get(port.network_id) ?? 0,
  };
}

function wireSubnet(subnet: RouterSubnet): WireRouterSubnet {
  const { id, cidr, gateway_ip, dns_nameservers, subnetpool_id } = subnet;
  const ipv6_ra_mode = subnet.ipv6_ra_mode as WireRouterSubnet['ipv6_ra_mode'];
  return { id, cidr, gateway_ip, dns_nameservers, ipv6_ra_mode, subnetpool_id };
}

/** All subnets of a network and version have the same scope. */
function scopeOf(subnets: readonly RouterSubnet[], version: 4 | 6): string | null {
  return subnets.findLast(({ cidr }) => cidr.includes(':') === (version === 6))?.address_scope_id ?? null;
}

/** What upstream's agent looks for where addresses have forwardings (upstream: pf_plugin.py `sync_port_forwarding_fip`). */
function forwardingsOf(addresses: readonly WireFloatingIp[]) {
  const forwarding = addresses.filter(({ port_forwardings }) => (port_forwardings?.length ?? 0) > 0);
  if (forwarding.length === 0) return {};
  return {
    port_forwardings_fip_set: forwarding.map(({ floating_ip_address }) => `${floating_ip_address}/32`),
    fip_managed_by_port_forwardings: forwarding.map(({ id }) => id),
    _pf_floatingips: forwarding,
  };
}
