import { type Kysely, sql } from 'kysely';
import { type Guarantee, resourceRequest } from '../../lib/resource-request.ts';
import { prepared, preparedIn } from '../prepared.ts';
import type { Schema } from '../schema.ts';
import type { Attribute, Child, Row } from './definition.ts';

/** Columns of the child; one row per policy and pair of guarantees. */
const PORT = 0;
const OWN = 1;
const NETWORK = 2;
const VNIC_TYPE = 3;
const PHYSICAL_NETWORK = 4;
const BANDWIDTH = 5;
const PACKETS = 8;

// Two joins of one shape: kysely's types cannot follow.
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyQuery = any;

/** What a policy guarantees to a port, and what of the port counts there. */
function withGuarantees(query: AnyQuery, own: unknown, network: unknown): AnyQuery {
  return query
    .innerJoin('ml2_port_bindings as binding', 'binding.port_id', 'ports.id')
    .leftJoin('networksegments as segment', (join: AnyQuery) =>
      join.onRef('segment.network_id', '=', 'ports.network_id').on('segment.segment_index', '=', 0),
    )
    .leftJoin('qos_minimum_bandwidth_rules as bw', 'bw.qos_policy_id', 'qos.policy_id')
    .leftJoin('qos_minimum_packet_rate_rules as pps', 'pps.qos_policy_id', 'qos.policy_id')
    .select([
      'ports.id',
      own,
      network,
      'binding.vnic_type',
      'segment.physical_network',
      'bw.id as bw_id',
      'bw.direction as bw_direction',
      'bw.min_kbps',
      'pps.id as pps_id',
      'pps.direction as pps_direction',
      'pps.min_kpps',
    ])
    .where('binding.status', '=', 'ACTIVE');
}

const ownPolicies = (db: Kysely<Schema>): AnyQuery =>
  db.selectFrom('qos_port_policy_bindings as qos').innerJoin('ports', 'ports.id', 'qos.port_id');

/** By the few networks that have one, not by all ports. */
const networkPolicies = (db: Kysely<Schema>): AnyQuery =>
  db
    .selectFrom('ports')
    .innerJoin('qos_network_policy_bindings as qos', 'qos.network_id', 'ports.network_id')
    .where('ports.network_id', 'in', db.selectFrom('qos_network_policy_bindings').select('network_id'));

const none = (name: string) => sql`null`.as(name);

function both(db: Kysely<Schema>, where: (query: AnyQuery) => AnyQuery): AnyQuery {
  const own = withGuarantees(ownPolicies(db), 'qos.policy_id as own', none('net'));
  const network = withGuarantees(networkPolicies(db), none('own'), 'qos.policy_id as net');
  return where(own).unionAll(where(network));
}

const ofOne = prepared((db, p: { id: string }) => both(db, (query) => query.where('ports.id', '=', p.id)));
const ofSome = preparedIn((db, ids: string[]) => both(db, (query) => query.where('ports.id', 'in', ids)));
const ofAll = prepared((db) => both(db, (query) => query));
const beyond = prepared((db, p: { rows: number }) =>
  ownPolicies(db)
    .select(sql.lit(1).as('one'))
    .unionAll(networkPolicies(db).select(sql.lit(1).as('one')))
    .limit(1)
    .offset(p.rows),
);

/** The policy of a port, that of its network, and what each guarantees. */
export const portQos: Child = {
  of(handle, ids) {
    if (ids === null) return [ofAll.statement(handle, {})];
    return ids.length === 1 ? [ofOne.statement(handle, { id: ids[0]! })] : ofSome.statements(handle, ids);
  },
  moreThan: (handle, rows) => beyond.statement(handle, { rows }),
};

const policy = (rows: readonly Row[], column: number) =>
  (rows.find((row) => row[column] !== null)?.[column] as string | undefined) ?? null;

export const portQosAttributes: readonly Attribute[] = [
  { key: 'qos_policy_id', alias: 'qos', child: 'qos', value: (_, rows) => policy(rows, OWN) },
  {
    key: 'qos_network_policy_id',
    alias: 'qos-port-network-policy',
    child: 'qos',
    value: (_, rows) => policy(rows, NETWORK),
  },
  { key: 'resource_request', alias: 'port-resource-request', child: 'qos', value: (_, rows) => requestOf(rows) },
];

/** Of its own policy, if it has one. */
function requestOf(rows: readonly Row[]) {
  const own = rows.filter((row) => row[OWN] !== null);
  const counting = own.length > 0 ? own : rows;
  const guarantees = new Map<unknown, Guarantee>();
  for (const row of counting) {
    note(guarantees, row.slice(BANDWIDTH), 'minimum_bandwidth');
    note(guarantees, row.slice(PACKETS), 'minimum_packet_rate');
  }
  const [first] = counting;
  if (first === undefined || guarantees.size === 0) return null;
  const port = {
    id: first[PORT] as string,
    vnic_type: first[VNIC_TYPE] as string,
    physical_network: first[PHYSICAL_NETWORK] as string | null,
  };
  return resourceRequest(port, [...guarantees.values()]);
}

function note(guarantees: Map<unknown, Guarantee>, row: Row, kind: Guarantee['kind']): void {
  const [id, direction, amount] = row;
  if (id !== null)
    guarantees.set(id, { id: id as string, kind, direction: direction as string, amount: Number(amount) });
}
