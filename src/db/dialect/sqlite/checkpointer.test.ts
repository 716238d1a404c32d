import { statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import type { Database } from '../../database.ts';
import { preparedInsert } from '../../prepared.ts';
import { temporaryDatabase } from '../../temporary.ts';

const insertTag = preparedInsert('tags', ['resource_type', 'resource_id', 'tag']);

describe('the checkpoint thread', () => {
  let database: Database;
  let file: string;

  beforeEach(async () => {
    database = await temporaryDatabase();
    file = database.options.connection.replace('sqlite:///', '');
  });

  afterEach(async () => {
    await database.close();
  });

  it('copies the log into the file while it is written', {
    timeout: 20_000,
  }, async () => {
    const before = statSync(file).size;
    const write = async (round: string) => {
      for (let i = 0; i < 40; i++) {
        await database.transaction((tx) =>
          insertTag.run(tx, { resource_type: 'port', resource_id: `${round}-${i}`, tag: 'x'.repeat(400_000) }),
        );
      }
    };
    await write('a');
    await eventually(() => expect(statSync(file).size).toBeGreaterThan(before + 8_000_000));
    await write('b');
    await eventually(() => expect(statSync(file).size).toBeGreaterThan(before + 24_000_000));
    const { count } = await database.db
      .selectFrom('tags')
      .select((eb) => eb.fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    expect(Number(count)).toBe(80);
  });
});
