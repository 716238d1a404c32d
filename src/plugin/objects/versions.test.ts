import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Database } from '../../db/database.ts';
import { temporaryDatabase } from '../../db/temporary.ts';
import { createFixture } from '../fixture.ts';
import { ObjectVersions } from './versions.ts';

let database: Database;
let versions: ObjectVersions;
beforeEach(async () => {
  database = await temporaryDatabase();
  versions = new ObjectVersions(() => 0);
});
afterEach(() => database.close());

const ofPorts = () => versions.of('Port', '1.7');

it('what an agent says while the table is read is not lost: its row may have come too late for that', async () => {
  const reading = versions.refresh(database.db);
  versions.note('a', 'host1', { Port: '1.3' });
  await reading;
  expect(ofPorts()).toEqual(['1.7', '1.3']);
});

it('what an agent says counts more than its row as it was', async () => {
  await using f = await createFixture({}, { database });
  await f.dhcpAgent('host1', { start_flag: true, resource_versions: { Port: '1.5' } });
  const reading = versions.refresh(database.db);
  versions.note('DHCP agent', 'host1', { Port: '1.3' });
  await reading;
  expect(ofPorts()).toEqual(['1.7', '1.3']);
});

it('a table that could not be read is read the next time', async () => {
  await using f = await createFixture({}, { database });
  await f.dhcpAgent('host1', { start_flag: true, resource_versions: { Port: '1.5' } });
  const away = await temporaryDatabase();
  await away.close();
  await expect(versions.refresh(away.db)).rejects.toThrow();
  await versions.refresh(database.db);
  expect(ofPorts()).toEqual(['1.7', '1.5']);
});
