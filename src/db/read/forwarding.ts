import type { Db } from '../database.ts';
import { preparedIn } from '../prepared.ts';

/** A port on a host whose network is tunnelled there: what other hosts must know to reach it. */
export interface PlacedPort {
  port_id: string;
  network_id: string;
  mac_address: string;
  addresses: string[];
  host: string;
  network_type: string;
  segmentation_id: number;
  /** The binding is the port's active one; else the host is prepared for it (live migration). */
  active: boolean;
  /** The port is `ACTIVE`. */
  up: boolean;
  /**
   * Others must know of it. A port whose guest moves stays there while its new host wires it; one that is being wired anew
   * (`BUILD`, after a restart of its agent) has not left.
   */
  present: boolean;
}

/** Networks of these types end at an address of the host (upstream: what agents report as `tunnel_types`). */
const tunnelled = ['vxlan', 'gre', 'geneve'];
const unwired = ['unbound', 'binding_failed'];

interface Row {
  port_id: string;
  network_id: string;
  mac_address: string;
  status: string;
  admin_state_up: unknown;
  host: string;
  binding_status: string;
  vif_type: string;
  moves: unknown;
  network_type: string;
  segmentation_id: number | null;
  ip_address: string | null;
}

/** The port over which an agent of an HA router speaks VRRP: it is on one host, as others are. */
const HA_PORT = 'network:router_ha_interface';

/** Where ports are that are on one host; those of HA routers are not among them. */
function placed(db: Db) {
  return db
    .selectFrom('ports as port')
    .innerJoin('ml2_port_bindings as binding', 'binding.port_id', 'port.id')
    .innerJoin('ml2_port_binding_levels as level', (join) =>
      join.onRef('level.port_id', '=', 'binding.port_id').onRef('level.host', '=', 'binding.host'),
    )
    .innerJoin('networksegments as segment', 'segment.id', 'level.segment_id')
    .leftJoin('ipallocations as ip', 'ip.port_id', 'port.id')
    .select((eb) => [
      'port.id as port_id',
      'port.network_id',
      'port.mac_address',
      'port.status',
      'port.admin_state_up',
      'binding.host',
      'binding.status as binding_status',
      'binding.vif_type',
      'segment.network_type',
      'segment.segmentation_id',
      'ip.ip_address',
      eb
        .exists(
          eb
            .selectFrom('ml2_port_bindings as other')
            .select('other.host')
            .whereRef('other.port_id', '=', 'port.id')
            .where('other.status', '=', 'INACTIVE'),
        )
        .as('moves'),
    ])
    .where('segment.network_type', 'in', tunnelled)
    .where('binding.vif_type', 'not in', unwired)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('routerports as leg')
            .innerJoin('routers', 'routers.id', 'leg.router_id')
            .select('leg.port_id')
            .whereRef('leg.port_id', '=', 'port.id')
            .where('leg.port_type', '!=', HA_PORT)
            .where('routers.ha', '=', true),
        ),
      ),
    )
    .orderBy('port.standard_attr_id')
    .orderBy('binding.host')
    .orderBy('ip.position');
}

/**
 * Ports of HA routers are on each host of their router, whichever is active, and told of on none: what they send is learned, so
 * that who takes over is found without the server (upstream: drivers/l2pop/db.py `get_ha_agents`).
 */
function standing(db: Db) {
  return db
    .selectFrom('ha_router_agent_port_bindings as place')
    .innerJoin('agents', 'agents.id', 'place.l3_agent_id')
    .innerJoin('routerports as leg', 'leg.router_id', 'place.router_id')
    .innerJoin('ports as port', 'port.id', 'leg.port_id')
    .innerJoin('networksegments as segment', 'segment.network_id', 'port.network_id')
    .select((eb) => [
      'port.id as port_id',
      'port.network_id',
      'port.mac_address',
      'port.status',
      'port.admin_state_up',
      'agents.host',
      eb.val('INACTIVE').as('binding_status'),
      eb.val('bridge').as('vif_type'),
      eb.val(false).as('moves'),
      'segment.network_type',
      'segment.segmentation_id',
      eb.val(null).as('ip_address'),
    ])
    .where('leg.port_type', '!=', HA_PORT)
    .where('segment.network_type', 'in', tunnelled)
    .orderBy('port.standard_attr_id')
    .orderBy('agents.host');
}

const ofPorts = preparedIn((db, ids: string[]) => placed(db).where('port.id', 'in', ids));
const ofHaPorts = preparedIn((db, ids: string[]) => standing(db).where('port.id', 'in', ids));

/** Where these ports are, whatever their status; those that are nowhere, or in no tunnel, are missing. */
export async function placesOfPorts(db: Db, portIds: readonly string[]): Promise<PlacedPort[]> {
  return gather([...(await ofPorts.all(db, portIds)), ...(await ofHaPorts.all(db, portIds))]);
}

/** All ports of these networks, likewise. @param except a host whose ports are not wanted */
export async function placesInNetworks(
  db: Db,
  networkIds: readonly string[],
  except: string | null = null,
): Promise<PlacedPort[]> {
  if (networkIds.length === 0) return [];
  let single = placed(db).where('port.network_id', 'in', networkIds);
  let shared = standing(db).where('port.network_id', 'in', networkIds);
  if (except !== null) {
    single = single.where('binding.host', '!=', except);
    shared = shared.where('agents.host', '!=', except);
  }
  return gather([...(await single.execute()), ...(await shared.execute())]);
}

/** Those of them that are on these hosts. */
export async function placesOnHosts(
  db: Db,
  networkIds: readonly string[],
  hosts: readonly string[],
): Promise<PlacedPort[]> {
  if (networkIds.length === 0 || hosts.length === 0) return [];
  const single = placed(db).where('port.network_id', 'in', networkIds).where('binding.host', 'in', hosts);
  const shared = standing(db).where('port.network_id', 'in', networkIds).where('agents.host', 'in', hosts);
  return gather([...(await single.execute()), ...(await shared.execute())]);
}

/** Everything on a host. */
export async function placesOfHost(db: Db, host: string): Promise<PlacedPort[]> {
  const single = await placed(db).where('binding.host', '=', host).execute();
  return gather([...single, ...(await standing(db).where('agents.host', '=', host).execute())]);
}

function gather(rows: readonly Row[]): PlacedPort[] {
  const places = new Map<string, PlacedPort>();
  for (const row of rows) {
    const key = `${row.port_id} ${row.host}`;
    let place = places.get(key);
    if (!place) {
      place = toPlace(row);
      places.set(key, place);
    }
    if (row.ip_address !== null) place.addresses.push(row.ip_address);
  }
  return [...places.values()];
}

function toPlace(row: Row): PlacedPort {
  const active = row.binding_status === 'ACTIVE';
  const serves = row.status === 'ACTIVE' || row.status === 'BUILD' || Boolean(row.moves);
  return {
    port_id: row.port_id,
    network_id: row.network_id,
    mac_address: row.mac_address,
    addresses: [],
    host: row.host,
    network_type: row.network_type,
    segmentation_id: row.segmentation_id ?? 0,
    active,
    up: active && row.status === 'ACTIVE',
    present: Boolean(row.admin_state_up) && (!active || serves),
  };
}
