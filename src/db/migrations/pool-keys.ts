import { addressKey, parseAddress } from '../../lib/ip/address.ts';
import type { Migration } from './contract.ts';

/** Allocation pools as numbers, too, so that the database can count the addresses inside them. */
export const poolKeys: Migration = {
  revision: '5d0b7e92c3a4',
  branch: 'expand',
  title: 'allocation pools that can be compared with addresses',
  async up(db) {
    for (const column of ['first_key', 'last_key']) {
      await db.schema
        .alterTable('ipallocationpools')
        .addColumn(column, 'varchar(32)', (c) => c.notNull().defaultTo(''))
        .execute();
    }
    const keyOf = (text: string) => addressKey(parseAddress(text)!.value);
    for (const { id, first_ip, last_ip } of await db.selectFrom('ipallocationpools').selectAll().execute()) {
      const keys = { first_key: keyOf(first_ip), last_key: keyOf(last_ip) };
      await db.updateTable('ipallocationpools').set(keys).where('id', '=', id).execute();
    }
  },
};
