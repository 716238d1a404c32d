import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Tx } from '../../src/db/database.ts';
import { prepared, preparedIn, preparedInsert } from '../../src/db/prepared.ts';
import { isBusy, isForeignKeyViolation, isUniqueViolation, RetryRequest } from '../../src/db/retry.ts';
import { causedBy, currentCauses } from '../../src/lib/cause.ts';
import {
  insertAddress,
  insertAgent,
  insertBinding,
  insertNetwork,
  insertPort,
  insertSegment,
  insertSubnet,
} from '../support/rows.ts';
import { dialects, openAgain } from './db-dialects.ts';

describe.each(dialects)('$name', ({ open }) => {
  let database: Database;

  beforeEach(async () => {
    database = await open();
  });

  afterEach(async () => {
    await database.close();
  });

  const networkNames = async () => {
    const rows = await database.db.selectFrom('networks').select('name').orderBy('name').execute();
    return rows.map((row) => row.name);
  };

  describe('transactions', () => {
    it('keep rows after the commit and show them to readers only then', async () => {
      let inside: string[] = [];
      await database.transaction(async (tx) => {
        await insertNetwork(tx, { name: 'a' });
        inside = await networkNames();
      });
      expect(inside).toEqual([]);
      expect(await networkNames()).toEqual(['a']);
    });

    it('leave nothing when the work throws', async () => {
      const failed = database.transaction(async (tx) => {
        await insertNetwork(tx, { name: 'a' });
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(await networkNames()).toEqual([]);
    });

    it('that wait together fail alone', async () => {
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) =>
          database.transaction(async (tx) => {
            await insertNetwork(tx, { name: `n${String(i).padStart(2, '0')}` });
            if (i % 3 === 0) throw new Error(`no ${i}`);
            return i;
          }),
        ),
      );
      const kept = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(kept).toEqual(Array.from({ length: 20 }, (_, i) => i).filter((i) => i % 3 !== 0));
      expect(await networkNames()).toEqual(kept.map((i) => `n${String(i).padStart(2, '0')}`));
    });

    it('run on behalf of whoever asked for them, whoever they share a commit with', async () => {
      const seen: string[] = [];
      const ask = (requestId: string) =>
        causedBy([{ requestId, globalRequestId: null }], () =>
          database.transaction(async (tx) => {
            await insertNetwork(tx, { name: requestId });
            seen.push(`${requestId} ${currentCauses().map((cause) => cause.requestId)}`);
          }),
        );
      await Promise.all(['a', 'b', 'c'].map(ask));
      expect(seen.sort()).toEqual(['a a', 'b b', 'c c']);
    });

    it('see what earlier ones did, however many wait', async () => {
      await database.transaction((tx) => insertNetwork(tx, { name: 'n', mtu: 1000 }));
      await Promise.all(
        Array.from({ length: 50 }, () =>
          database.transaction((tx) =>
            tx
              .updateTable('networks')
              .set((eb) => ({ mtu: eb('mtu', '+', 1) }))
              .execute(),
          ),
        ),
      );
      const { mtu } = await database.db.selectFrom('networks').select('mtu').executeTakeFirstOrThrow();
      expect(mtu).toBe(1050);
    });

    it('refuse statements that come after their end', async () => {
      let kept: Tx | undefined;
      await database.transaction(async (tx) => {
        kept = tx;
      });
      await expect(insertNetwork(kept!)).rejects.toThrow('over');
    });

    it('are done again on request, and give the cause when it does not help', async () => {
      let attempts = 0;
      const value = await database.transaction(async (tx) => {
        attempts++;
        await insertNetwork(tx, { name: `try ${attempts}` });
        if (attempts < 3) throw new RetryRequest(new Error('taken'));
        return attempts;
      });
      expect(value).toBe(3);
      expect(await networkNames()).toEqual(['try 3']);

      const hopeless = database.transaction(
        async () => {
          throw new RetryRequest(new Error('taken'));
        },
        { attempts: 2 },
      );
      await expect(hopeless).rejects.toThrow('taken');
    });

    it('write on two connections in turn and lose nothing', async () => {
      const other = await openAgain(database);
      try {
        await database.transaction((tx) => insertNetwork(tx, { mtu: 0 }));
        const count = (on: Database) =>
          on.transaction((tx) =>
            tx
              .updateTable('networks')
              .set((eb) => ({ mtu: eb('mtu', '+', 1) }))
              .execute(),
          );
        await Promise.all(Array.from({ length: 40 }, (_, i) => count(i % 2 === 0 ? database : other)));
        const { mtu } = await other.db.selectFrom('networks').select('mtu').executeTakeFirstOrThrow();
        expect(mtu).toBe(40);
      } finally {
        await other.close();
      }
    });
  });

  describe('reading', () => {
    it('outside a transaction cannot write', async () => {
      await expect(insertNetwork(database.db)).rejects.toThrow(/read.?only|query_only/i);
    });

    it('in a snapshot sees one moment', async () => {
      await database.transaction((tx) => insertNetwork(tx, { name: 'a' }));
      await database.snapshot(async (db) => {
        const names = async () => (await db.selectFrom('networks').select('name').execute()).map((row) => row.name);
        expect(await names()).toEqual(['a']);
        await database.transaction((tx) => insertNetwork(tx, { name: 'b' }));
        expect(await names()).toEqual(['a']);
      });
      expect(await networkNames()).toEqual(['a', 'b']);
    });
  });

  describe('prepared queries', () => {
    const byName = prepared((db, p: { name: string; mtu: number }) =>
      db
        .selectFrom('networks')
        .select(['name', 'mtu'])
        .where('name', '=', p.name)
        .where('mtu', '>', p.mtu)
        .where('status', '=', 'ACTIVE'),
    );
    const byNames = preparedIn((db, names: string[]) =>
      db.selectFrom('networks').select('name').where('name', 'in', names).orderBy('name'),
    );
    const rename = prepared((db, p: { from: string; to: string }) =>
      db.updateTable('networks').set({ name: p.to }).where('name', '=', p.from),
    );
    const insertTag = preparedInsert('tags', ['resource_type', 'resource_id', 'tag']);

    beforeEach(async () => {
      await database.transaction(async (tx) => {
        for (let i = 0; i < 20; i++) await insertNetwork(tx, { name: `n${i}`, mtu: 1000 + i });
      });
    });

    it('fill parameters and constants in their places', async () => {
      expect(await byName.all(database.db, { name: 'n7', mtu: 1000 })).toEqual([{ name: 'n7', mtu: 1007 }]);
      expect(await byName.first(database.db, { name: 'n7', mtu: 1007 })).toBeNull();
      expect(await byName.arrays(database.db, { mtu: 0, name: 'n8' })).toEqual([['n8', 1008]]);
    });

    it.each([0, 1, 2, 3, 5, 20])('take lists of %i values', async (length) => {
      const wanted = Array.from({ length }, (_, i) => `n${i}`);
      const rows = await byNames.all(database.db, wanted);
      expect(rows.map((row) => row.name)).toEqual(wanted.toSorted());
    });

    it('take lists longer than one statement can hold', async () => {
      const wanted = Array.from({ length: 1500 }, (_, i) => `n${i}`);
      expect(await byNames.all(database.db, wanted)).toHaveLength(20);
    });

    it('see their own transaction', async () => {
      await database.transaction(async (tx) => {
        expect(await rename.run(tx, { from: 'n1', to: 'm1' })).toMatchObject({ changes: 1 });
        expect(await byName.first(tx, { name: 'm1', mtu: 0 })).not.toBeNull();
        expect(await byName.first(database.db, { name: 'm1', mtu: 0 })).toBeNull();
      });
    });

    it('that nobody waits for are run in their order, before what comes next and before the commit', async () => {
      const tag = (name: string) => ({ resource_type: 'port', resource_id: 'x', tag: name });
      const changes: number[] = [];
      await database.transaction(async (tx) => {
        await insertTag.later(tx, tag('red'));
        await rename.later(tx, { from: 'n1', to: 'm1' }, (outcome) => changes.push(outcome.changes));
        await rename.later(tx, { from: 'm1', to: 'o1' });
        expect(await byName.first(tx, { name: 'o1', mtu: 0 })).not.toBeNull();
        expect(changes).toEqual([1]);
        await insertTag.later(tx, tag('blue'));
        await rename.later(tx, { from: 'none', to: 'm1' }, (outcome) => changes.push(outcome.changes));
      });
      expect(changes).toEqual([1, 0]);
      const tags = await database.db.selectFrom('tags').select('tag').orderBy('tag').execute();
      expect(tags.map((row) => row.tag)).toEqual(['blue', 'red']);
    });

    it.each([
      ['the next statement', (tx: Tx) => byName.first(tx, { name: 'n1', mtu: 0 }).then(() => {})],
      ['the commit', async () => {}],
    ] as const)('that nobody waits for fail with %s, and leave nothing', async (_, next) => {
      const row = { resource_type: 'port', resource_id: 'x', tag: 'red' };
      await database.transaction((tx) => insertTag.later(tx, row));
      const refused = await database
        .transaction(async (tx) => {
          await rename.later(tx, { from: 'n1', to: 'm1' });
          await insertTag.later(tx, row);
          await rename.later(tx, { from: 'n2', to: 'm2' });
          await next(tx);
        })
        .catch((error: unknown) => error);
      expect(isUniqueViolation(refused)).toBe(true);
      expect(await byNames.all(database.db, ['m1', 'm2'])).toEqual([]);
      // Nor does it come with what the connection does next.
      await database.transaction((tx) => rename.later(tx, { from: 'n3', to: 'm3' }));
      expect(await byNames.all(database.db, ['m1', 'm2', 'm3'])).toEqual([{ name: 'm3' }]);
    });

    it('that nobody waits for do not happen in a transaction that is taken back', async () => {
      const failed = database.transaction(async (tx) => {
        await rename.later(tx, { from: 'n1', to: 'm1' });
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      await database.transaction((tx) => rename.later(tx, { from: 'n2', to: 'm2' }));
      expect(await byNames.all(database.db, ['m1', 'm2'])).toEqual([{ name: 'm2' }]);
      await expect(rename.later(database.db, { from: 'n1', to: 'm1' })).rejects.toThrow('transaction');
    });

    it('insert, and say which key was taken', async () => {
      const row = { resource_type: 'port', resource_id: 'x', tag: 'red' };
      await database.transaction((tx) => insertTag.run(tx, row));
      const again = await database.transaction((tx) => insertTag.run(tx, row)).catch((error: unknown) => error);
      expect(isUniqueViolation(again, 'tags')).toBe(true);
      expect(isUniqueViolation(again, 'ports')).toBe(false);
      expect(isBusy(again)).toBe(false);
    });
  });

  describe('keys', () => {
    const refusal = (work: (tx: Tx) => Promise<unknown>) =>
      database.transaction(work).then(
        () => null,
        (error: unknown) => error,
      );

    it('one MAC per network, the same on another', async () => {
      const mac_address = 'fa:16:3e:aa:bb:cc';
      const error = await refusal(async (tx) => {
        const network = await insertNetwork(tx);
        await insertPort(tx, network, { mac_address });
        await insertPort(tx, await insertNetwork(tx), { mac_address });
        await insertPort(tx, network, { mac_address });
      });
      expect(isUniqueViolation(error, 'ports')).toBe(true);
    });

    it('one port per address of a subnet', async () => {
      const error = await refusal(async (tx) => {
        const network = await insertNetwork(tx);
        const subnet = await insertSubnet(tx, network);
        await insertAddress(tx, await insertPort(tx, network), subnet, network, 5);
        await insertAddress(tx, await insertPort(tx, network), subnet, network, 5);
      });
      expect(isUniqueViolation(error, 'ipallocations')).toBe(true);
    });

    it('one flat network per physical network', async () => {
      const take = (tx: Tx) => tx.insertInto('ml2_flat_allocations').values({ physical_network: 'public' }).execute();
      expect(await refusal(take)).toBeNull();
      expect(isUniqueViolation(await refusal(take), 'ml2_flat_allocations')).toBe(true);
    });

    it('one agent of a type per host', async () => {
      expect(await refusal((tx) => insertAgent(tx, { host: 'h' }))).toBeNull();
      expect(isUniqueViolation(await refusal((tx) => insertAgent(tx, { host: 'h' })), 'agents')).toBe(true);
    });

    it('a network with subnets or ports stays, a subnet with addresses too', async () => {
      let network = '';
      let subnet = '';
      await database.transaction(async (tx) => {
        network = await insertNetwork(tx);
        subnet = await insertSubnet(tx, network);
        await insertAddress(tx, await insertPort(tx, network), subnet, network, 9);
      });
      const removeSubnet = await refusal((tx) => tx.deleteFrom('subnets').where('id', '=', subnet).execute());
      const removeNetwork = await refusal((tx) => tx.deleteFrom('networks').where('id', '=', network).execute());
      expect(isForeignKeyViolation(removeSubnet)).toBe(true);
      expect(isForeignKeyViolation(removeNetwork)).toBe(true);
    });

    it('a port takes its addresses, bindings, pairs, options and blocks along, a network its segments and sharing', async () => {
      await database.transaction(async (tx) => {
        const network = await insertNetwork(tx);
        const segment_id = await insertSegment(tx, network);
        const subnet = await insertSubnet(tx, network);
        const port_id = await insertPort(tx, network);
        await insertAddress(tx, port_id, subnet, network, 9);
        await insertBinding(tx, port_id, { host: 'h' });
        const level = { port_id, host: 'h', level: 0, driver: 'linuxbridge', segment_id };
        await tx.insertInto('ml2_port_binding_levels').values(level).execute();
        const pair = { port_id, mac_address: 'fa:16:3e:00:00:01', ip_address: '10.0.0.0/8', position: 0 };
        await tx.insertInto('allowedaddresspairs').values(pair).execute();
        const option = { id: 'o', port_id, opt_name: 'mtu', opt_value: '1400', ip_version: 4 };
        await tx.insertInto('extradhcpopts').values(option).execute();
        await tx.insertInto('provisioningblocks').values({ port_id, entity: 'L2' }).execute();
        await tx.deleteFrom('ports').execute();
        for (const table of [
          'ipallocations',
          'ml2_port_bindings',
          'ml2_port_binding_levels',
          'allowedaddresspairs',
          'extradhcpopts',
          'provisioningblocks',
        ] as const) {
          expect(await tx.selectFrom(table).selectAll().execute(), table).toEqual([]);
        }
        await tx.deleteFrom('subnets').execute();
        await tx.deleteFrom('networks').execute();
        expect(await tx.selectFrom('networksegments').selectAll().execute()).toEqual([]);
      });
    });
  });
});
