import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase, type Tx } from '../../src/db/database.ts';
import { DatabaseError } from '../../src/db/errors.ts';
import { upgrade } from '../../src/db/migrate.ts';
import { prepared } from '../../src/db/prepared.ts';
import { newDatabaseOn } from '../../src/db/temporary-on-server.ts';
import { takeTurn } from '../../src/db/write/turns.ts';
import { type DatabaseServer, type ServerKind, startServer } from '../support/database-servers.ts';
import { type Fault, faults, MysqlProxy } from '../support/mysql-proxy.ts';
import { insertNetwork } from '../support/rows.ts';
import { runs } from '../support/turns.ts';
import { until } from '../support/wait.ts';

/** What becomes of transactions and reads when a database server, or the way to it, fails: nothing lost, nothing done twice. */

/** Keeps nothing that a fault of the test before may have hit. */
const pool = { size: 2, overflow: 10, waitMs: 5_000, recycleMs: -1 };

async function names(database: Database): Promise<string[]> {
  return (await database.db.selectFrom('networks').select('name').orderBy('name').execute()).map(({ name }) => name);
}

const insert = (name: string) => async (tx: Tx) => {
  await insertNetwork(tx, { name });
  return name;
};

async function migrated(connection: string): Promise<string> {
  const database = await openDatabase({ connection });
  await upgrade(database);
  await database.close();
  return connection;
}

describe('MariaDB behind a proxy that fails', () => {
  let server: DatabaseServer;
  let connection: string;
  let proxy: MysqlProxy;
  let database: Database;

  beforeAll(async () => {
    server = await startServer('mysql');
    connection = await migrated(await newDatabaseOn(server.url('')));
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    const direct = await openDatabase({ connection });
    await direct.transaction((tx) => tx.deleteFrom('networks').execute());
    await direct.close();
    proxy = await MysqlProxy.before(server.port);
    database = await openDatabase({ connection: connection.replace(`:${server.port}/`, `:${proxy.port}/`), pool });
  });
  afterEach(async () => {
    await database.close();
    await proxy[Symbol.asyncDispose]();
  });

  const planned: [name: string, statement: RegExp, fault: Fault, times: number][] = [
    ['a commit that loses against another node', /^commit/, faults.certification, 3],
    ['a commit on a node that left the cluster', /^commit/, faults.notPrepared, 2],
    ['a node that is not prepared when the transaction begins', /^start transaction/, faults.notPrepared, 2],
    ['a statement on a node that is not prepared', /^insert into `networks`/, faults.notPrepared, 2],
    ['a server that became read-only', /^insert into `networks`/, faults.readOnly, 2],
    ['a connection lost before the statement', /^insert into `networks`/, faults.cut, 2],
    ['a connection lost after the statement', /^insert into `networks`/, faults.cutAnswer, 2],
    ['a connection lost before the commit', /^start transaction/, faults.cutAnswer, 2],
  ];
  it.each(planned)('%s: the transaction is done again, once', async (_, statement, fault, times) => {
    proxy.plan(statement, fault, times);
    expect(await database.transaction(insert('a'))).toBe('a');
    expect(await names(database)).toEqual(['a']);
  });

  const renamed = prepared((db, p: { from: string; to: string }) =>
    db.updateTable('networks').set({ name: p.to }).where('name', '=', p.from),
  );
  const insertAndRename = (name: string) => async (tx: Tx) => {
    await insertNetwork(tx, { name });
    await renamed.later(tx, { from: name, to: `${name}b` });
    return name;
  };

  it.each([
    ['was made', faults.cutAnswer, ['a', 'bb']],
    ['was not made', faults.cut, []],
  ] as const)('a commit without an answer that %s is in doubt, and not done again', async (_, fault, left) => {
    for (const [name, work] of [
      ['a', insert],
      // Its last write goes with the commit.
      ['b', insertAndRename],
    ] as const) {
      proxy.plan(/^commit/, fault);
      const outcome = await database.transaction(work(name)).catch((error: unknown) => error);
      expect(outcome).toBeInstanceOf(DatabaseError);
      expect(outcome).toMatchObject({ kind: 'in_doubt' });
    }
    expect(await names(database)).toEqual(left);
  });

  it.each([
    ['loses against another node', faults.certification],
    ['comes to a node that left the cluster', faults.notPrepared],
  ] as const)('a commit and a write with it that %s: the transaction is done again, once', async (_, fault) => {
    proxy.plan(/^update `networks`/, fault, 3);
    expect(await database.transaction(insertAndRename('a'))).toBe('a');
    expect(proxy.statements.filter((text) => /^update `networks` .*; commit$/.test(text))).toHaveLength(4);
    expect(await names(database)).toEqual(['ab']);
  });

  it.each([
    ['cut before it', faults.cut],
    ['cut before the answer', faults.cutAnswer],
    ['not prepared', faults.notPrepared],
  ] as const)('a read is done again: %s', async (_, fault) => {
    await database.transaction(insert('a'));
    proxy.plan(/^select `name` from `networks`/, fault, 3);
    expect(await names(database)).toEqual(['a']);
    proxy.plan(/^select `name` from `networks`/, fault, 3);
    const seen = await database.snapshot((db) => db.selectFrom('networks').select('name').execute());
    expect(seen).toEqual([{ name: 'a' }]);
  });

  it('a server that stays away is told in the API’s words', async () => {
    proxy.plan(/^select `name` from `networks`/, faults.notPrepared, 1_000);
    await expect(names(database)).rejects.toMatchObject({ type: 'ServiceUnavailable', kind: 'unavailable' });
    proxy.plan(/^insert into `networks`/, faults.certification, 1_000);
    await expect(database.transaction(insert('a'))).rejects.toMatchObject({ kind: 'busy' });
  });

  it('too many connections pass', async () => {
    proxy.full = true;
    proxy.cutAll();
    setTimeout(() => {
      proxy.full = false;
    }, 300);
    expect(await database.transaction(insert('a'))).toBe('a');
  });

  it('all connections cut at once: none of the old ones is used again', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, i) => database.transaction(insert(`before ${i}`))));
    proxy.cutAll();
    await Promise.all(Array.from({ length: 8 }, (_, i) => database.transaction(insert(`after ${i}`))));
    expect(await names(database)).toHaveLength(16);
  });

  it('many transactions, any of which may meet anything: each is done once, or in doubt, or not at all', async () => {
    const all = Object.values(faults).filter(({ kind }) => kind !== 'silence');
    for (let i = 0; i < 40; i++) proxy.plan(/^(insert into `networks`|commit|start)/, all[i % all.length]!);
    const work = Array.from({ length: 60 }, (_, i) => database.transaction(insert(`n${i}`)));
    const outcomes = await Promise.allSettled(work);
    const found = await names(database);
    expect(new Set(found).size).toBe(found.length);
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') expect(found).toContain(`n${i}`);
      else if (outcome.reason.kind === 'busy') expect(found).not.toContain(`n${i}`);
      else expect(outcome.reason).toMatchObject({ kind: 'in_doubt' });
    }
  });
});

describe.each<[ServerKind]>([['mysql'], ['postgres']])('%s itself', (kind) => {
  let server: DatabaseServer;
  let connection: string;
  let database: Database;

  beforeAll(async () => {
    server = await startServer(
      kind,
      kind === 'mysql' ? ['--innodb-flush-log-at-trx-commit=1'] : ['synchronous_commit=on'],
    );
    connection = await migrated(await newDatabaseOn(server.url('')));
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    database = await openDatabase({ connection, pool: { ...pool, overflow: 30 } });
  });
  afterEach(async () => {
    await database.transaction((tx) => tx.deleteFrom('networks').execute());
    await database.close();
  });

  it('killed under load and started again loses nothing that was said to be done, and does nothing twice', async () => {
    const said: string[] = [];
    const doubted: string[] = [];
    let over = false;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; !over; i++) {
        const name = `${writer}-${i}`;
        await database.transaction(insert(name)).then(
          () => said.push(name),
          (error) => {
            if (error.kind !== 'busy') doubted.push(name);
          },
        );
      }
    });
    await until('some are done', () => said.length > 50);
    await server.kill();
    const before = said.length;
    await server.start();
    await until('others are done', () => said.length > before + 50, { timeoutMs: 30_000 });
    over = true;
    await Promise.all(writers);
    const found = await names(database);
    expect(new Set(found).size).toBe(found.length);
    expect(said.filter((name) => !found.includes(name))).toEqual([]);
    expect(found.filter((name) => !said.includes(name) && !doubted.includes(name))).toEqual([]);
  });

  it('asked for TLS, which it was not set up for, is refused in one line', async () => {
    const query = kind === 'mysql' ? '&ssl_ca=' : '?sslrootcert=';
    const ca = fileURLToPath(new URL('../data/tls/ca.pem', import.meta.url));
    await expect(openDatabase({ connection: `${connection}${query}${ca}` })).rejects.toThrow(
      /^\[database\] connection: TLS to 127.0.0.1:\d+: .*does not support .*; set it up there, or leave out ssl_?(ca|rootcert)$/,
    );
  });

  it('two that wait for each other: one is done again', async () => {
    await database.transaction(async (tx) => {
      await insertNetwork(tx, { name: 'a', mtu: 0 });
      await insertNetwork(tx, { name: 'b', mtu: 0 });
    });
    let met = 0;
    const raise = (tx: Tx, name: string) =>
      tx
        .updateTable('networks')
        .set((eb) => ({ mtu: eb('mtu', '+', 1) }))
        .where('name', '=', name)
        .execute();
    const both = (first: string, second: string) =>
      database.transaction(async (tx) => {
        await raise(tx, first);
        met += 1;
        await until('both hold one', () => met >= 2);
        await raise(tx, second);
      });
    await Promise.all([both('a', 'b'), both('b', 'a')]);
    const rows = await database.db.selectFrom('networks').select('mtu').execute();
    expect(rows.map(({ mtu }) => mtu)).toEqual([2, 2]);
  });

  it('who wants to be alone waits for those who are together, and they for him', async () => {
    const log: string[] = [];
    // The turn comes with the first statement.
    const look = (tx: Tx) => tx.selectFrom('networks').select('id').execute();
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const together = database.transaction(async (tx) => {
      await takeTurn(tx, 'together');
      await look(tx);
      log.push('first together');
      await opened;
    });
    await until('it has its turn', () => log.length === 1);
    const alone = database.transaction(async (tx) => {
      await takeTurn(tx, 'alone');
      await look(tx);
      log.push('alone');
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(log).toEqual(['first together']);
    open();
    await Promise.all([together, alone]);
    expect(log).toEqual(['first together', 'alone']);
  });

  it('programs that migrate at the same moment make each step once', async () => {
    const fresh = await newDatabaseOn(server.url(''));
    const steps: string[] = [];
    await Promise.all(
      Array.from({ length: runs(4, 10) }, async () => {
        const one = await openDatabase({ connection: fresh, pool });
        await upgrade(one, { onStep: (_, { revision }) => steps.push(revision) });
        await one.close();
      }),
    );
    expect(new Set(steps).size).toBe(steps.length);
  });

  it('more callers than connections wait their turn, and one that waits too long is told so', async () => {
    const narrow = await openDatabase({ connection, pool: { size: 1, overflow: 1, waitMs: 200, recycleMs: -1 } });
    try {
      expect(await Promise.all(Array.from({ length: 20 }, (_, i) => narrow.transaction(insert(`n${i}`))))).toHaveLength(
        20,
      );
      let open = () => {};
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      const held = [1, 2].map(() => narrow.transaction(() => opened));
      const late = narrow.transaction(insert('late'), { attempts: 1 });
      await expect(late).rejects.toThrow('all 2 database connections are in use');
      open();
      await Promise.all(held);
      expect(await narrow.transaction(insert('then'))).toBe('then');
    } finally {
      await narrow.close();
    }
  });
});
