import { openDatabase } from '../../../src/db/database.ts';
import { upgrade } from '../../../src/db/migrate.ts';
import { takeTurn } from '../../../src/db/write/turns.ts';
import { insertNetwork } from '../../support/rows.ts';

/**
 * A process that writes, for tests that need two of them or one to kill.
 *
 *     db-writer.ts CONNECTION migrate            upgrades to the head and says which steps it ran
 *     db-writer.ts CONNECTION count N            adds 1 to the MTU of every network N times, reading it first
 *     db-writer.ts CONNECTION insert PREFIX      inserts networks for ever, printing each name after its commit
 */
const [connection = '', command = '', argument = ''] = process.argv.slice(2);
const database = await openDatabase({ connection });
switch (command) {
  case 'migrate':
    await upgrade(database, { onStep: (_, { revision }) => console.log(revision) });
    break;
  case 'count':
    for (let i = 0; i < Number(argument); i++) {
      await database.transaction(async (tx) => {
        await takeTurn(tx, 'alone');
        const { mtu } = await tx.selectFrom('networks').select('mtu').executeTakeFirstOrThrow();
        await tx
          .updateTable('networks')
          .set({ mtu: mtu + 1 })
          .execute();
      });
    }
    break;
  default:
    for (let i = 0; ; i++) {
      const name = `${argument}${i}`;
      await database.transaction(async (tx) => {
        const id = await insertNetwork(tx, { name });
        await tx.insertInto('tags').values({ resource_type: 'network', resource_id: id, tag: name }).execute();
      });
      process.stdout.write(`${name}\n`);
    }
}
await database.close();
