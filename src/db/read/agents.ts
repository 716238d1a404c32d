import { type Expression, type SqlBool, sql } from 'kysely';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { Agent } from '../../resources/shapes.ts';
import type { Database, Db } from '../database.ts';
import { type AnyExpressions, type Attribute, columnReader, type Definition, type Value } from './definition.ts';
import { oneOf, whether } from './filters.ts';
import { reader } from './resource.ts';
import { AGENT_DOWN_TIME_MS, type View } from './view.ts';

const columns = [
  'id',
  'agent_type',
  'binary',
  'topic',
  'host',
  'admin_state_up',
  'created_at',
  'started_at',
  'heartbeat_timestamp',
  'description',
  'resources_synced',
  'availability_zone',
  'configurations',
];
const column = columnReader(columns);

/** Agents heard of at this moment (milliseconds since the epoch) or later are alive. */
function aliveSince(view: View): number {
  return (view.nowMs ?? Date.now()) - (view.agentDownTimeMs ?? AGENT_DOWN_TIME_MS);
}

/** `YYYY-MM-DD HH:MM:SS`, UTC: agents show times without T and Z. */
function timestamp(name: string): Value {
  const i = columns.indexOf(name);
  return { value: (row) => new Date(Number(row[i])).toISOString().slice(0, 19).replace('T', ' ') };
}

const HEARTBEAT = columns.indexOf('heartbeat_timestamp');

const attributes: readonly Attribute[] = [
  { key: 'id', alias: null, ...column.token('id') },
  { key: 'agent_type', alias: null, ...column.plain('agent_type') },
  { key: 'binary', alias: null, ...column.plain('binary') },
  { key: 'topic', alias: null, ...column.plain('topic') },
  { key: 'host', alias: null, ...column.plain('host') },
  { key: 'admin_state_up', alias: null, ...column.flag('admin_state_up') },
  { key: 'created_at', alias: null, ...timestamp('created_at') },
  { key: 'started_at', alias: null, ...timestamp('started_at') },
  { key: 'heartbeat_timestamp', alias: null, ...timestamp('heartbeat_timestamp') },
  { key: 'description', alias: null, ...column.plain('description') },
  { key: 'resources_synced', alias: 'agent-resources-synced', ...column.maybeFlag('resources_synced') },
  { key: 'availability_zone', alias: 'availability_zone', ...column.plain('availability_zone') },
  { key: 'alive', alias: null, value: (row, _, view) => Number(row[HEARTBEAT]) >= aliveSince(view) },
  { key: 'configurations', alias: null, ...column.json('configurations') },
];

const isAlive = (eb: AnyExpressions, view: View): Expression<SqlBool> =>
  eb('heartbeat_timestamp', '>=', aliveSince(view));

export const agents: Definition = {
  table: 'agents',
  columns,
  attributes,
  children: {},
  filters: {
    id: oneOf('id'),
    agent_type: oneOf('agent_type'),
    binary: oneOf('binary'),
    topic: oneOf('topic'),
    host: oneOf('host'),
    admin_state_up: oneOf('admin_state_up'),
    description: oneOf('description'),
    availability_zone: oneOf('availability_zone'),
    alive: whether(isAlive),
  },
  sorts: {
    id: 'id',
    agent_type: 'agent_type',
    binary: 'binary',
    topic: 'topic',
    host: 'host',
    admin_state_up: 'admin_state_up',
    created_at: 'created_at',
    started_at: 'started_at',
    heartbeat_timestamp: 'heartbeat_timestamp',
    description: 'description',
    alive: (eb, view) => sql`case when ${isAlive(eb, view)} then 1 else 0 end`,
  },
};

const read = reader<Agent>('agents', agents);

export function getAgent(db: Db, id: string, view?: View, fields?: readonly string[] | null): Promise<Agent | null> {
  return read.get(db, id, view, fields);
}

export function findAgents(db: Db, query: Partial<ListQuery>, view?: View): Promise<Agent[]> {
  return read.find(db, query, view);
}

export function listAgents(database: Database, query: ListQuery, view?: View): Promise<Page<Agent>> {
  return read.list(database, query, view);
}
