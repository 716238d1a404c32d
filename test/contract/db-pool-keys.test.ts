import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { upgrade } from '../../src/db/migrate.ts';
import { migrations } from '../../src/db/migrations/list.ts';
import { poolKeys } from '../../src/db/migrations/pool-keys.ts';
import type { Schema } from '../../src/db/schema.ts';
import { insertNetwork, insertSubnet } from '../support/rows.ts';

it('gives the pools that are there their keys', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-pool-keys-'));
  const database = await openDatabase({ connection: `sqlite:///${join(folder, 'test.sqlite')}` });
  try {
    const before = migrations.slice(0, migrations.indexOf(poolKeys));
    await upgrade(database, { target: before.at(-1)!.revision });
    await database.transaction(async (tx) => {
      const pool = { subnet_id: await insertSubnet(tx, await insertNetwork(tx)), position: 0 };
      for (const [id, first_ip, last_ip] of [
        ['four', '10.0.0.2', '10.0.0.254'],
        ['six', '2001:db8::1', '2001:db8::ff'],
      ]) {
        const row = { id, first_ip, last_ip, ...pool } as Schema['ipallocationpools'];
        await tx.insertInto('ipallocationpools').values(row).execute();
      }
    });
    await upgrade(database);
    const stored = await database.db.selectFrom('ipallocationpools').select(['id', 'first_key', 'last_key']).execute();
    expect(stored).toEqual([
      { id: 'four', first_key: '0000000000000000000000000a000002', last_key: '0000000000000000000000000a0000fe' },
      { id: 'six', first_key: '20010db8000000000000000000000001', last_key: '20010db80000000000000000000000ff' },
    ]);
  } finally {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  }
});
