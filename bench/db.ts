import { randomUUID } from 'node:crypto';
import type { Database } from '../src/db/database.ts';
import { preparedInsert } from '../src/db/prepared.ts';
import { findNetworks } from '../src/db/read/networks.ts';
import { findPorts, getPort, listPorts } from '../src/db/read/ports.ts';
import { temporaryDatabase } from '../src/db/temporary.ts';
import { everything } from '../src/lib/query.ts';
import {
  insertAddress,
  insertBinding,
  insertNetwork,
  insertPort,
  insertSegment,
  insertSubnet,
} from '../test/support/rows.ts';

/**
 * What the database layer costs by itself, without HTTP and plugin: `node bench/db.ts [ports]`. Times are CPU time of the
 * process, so that a busy machine does not spoil them; the reader thread's counts too.
 */
const PORTS = Number(process.argv[2] ?? 10_000);

interface Subject {
  readonly name: string;
  readonly runs: number;
  run(i: number): Promise<unknown>;
}

async function seed(database: Database) {
  const ids: string[] = [];
  let network = '';
  await database.transaction(async (tx) => {
    network = await insertNetwork(tx);
    const segment_id = await insertSegment(tx, network);
    const subnet = await insertSubnet(tx, network);
    for (let i = 0; i < PORTS; i++) {
      const port_id = await insertPort(tx, network, { name: `port-${i}`, device_id: `vm-${i}` });
      const host = `host-${i % 10}`;
      const vif_details = '{"port_filter":true,"connectivity":"l2"}';
      await insertAddress(tx, port_id, subnet, network, i + 2);
      await insertBinding(tx, port_id, { host, vif_type: 'bridge', vif_details });
      const level = { port_id, host, level: 0, driver: 'linuxbridge', segment_id };
      await tx.insertInto('ml2_port_binding_levels').values(level).execute();
      ids.push(port_id);
    }
    for (let i = 0; i < 99; i++) await insertSegment(tx, await insertNetwork(tx, { name: `network-${i}` }));
  });
  return { ids, network };
}

const insertTag = preparedInsert('tags', ['resource_type', 'resource_id', 'tag']);

async function measure({ name, runs, run }: Subject): Promise<void> {
  for (let i = 0; i < Math.min(runs, 500); i++) await run(i);
  const rounds: number[] = [];
  for (let round = 0; round < 3; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < runs; i++) await run(i);
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / runs);
  }
  const median = rounds.toSorted((a, b) => a - b)[1]!;
  console.log(`${name.padEnd(48)} ${median < 10_000 ? `${median.toFixed(1)} µs` : `${(median / 1000).toFixed(1)} ms`}`);
}

const database = await temporaryDatabase();
const { ids } = await seed(database);
const subjects: Subject[] = [
  { name: 'one prepared insert, own transaction', runs: 3000, run: () => tagOnce() },
  {
    name: '32 prepared inserts, transactions that wait together (each)',
    runs: 100,
    run: () => Promise.all(Array.from({ length: 32 }, tagOnce)),
  },
  { name: 'get port', runs: 5000, run: (i) => getPort(database.db, ids[i % ids.length]!) },
  { name: 'get port, id only', runs: 5000, run: (i) => getPort(database.db, ids[i % ids.length]!, undefined, ['id']) },
  {
    name: 'ports of a device',
    runs: 2000,
    run: (i) => findPorts(database.db, { filters: { device_id: [`vm-${i}`] } }),
  },
  { name: 'list 100 networks', runs: 100, run: () => findNetworks(database.db, everything) },
  { name: 'list 100 ports of many', runs: 100, run: () => findPorts(database.db, { limit: 100 }) },
  { name: `list ${PORTS} ports in the thread`, runs: 5, run: () => listPorts(database, everything) },
  { name: `find ${PORTS} ports in line`, runs: 5, run: () => findPorts(database.db, everything) },
];

function tagOnce(): Promise<unknown> {
  return database.transaction((tx) =>
    insertTag.run(tx, { resource_type: 'port', resource_id: randomUUID(), tag: 'bench' }),
  );
}

for (const subject of subjects) await measure(subject);
await database.close();
