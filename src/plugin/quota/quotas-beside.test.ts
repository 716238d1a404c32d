import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Database, Tx } from '../../db/database.ts';
import { temporaryDatabase } from '../../db/temporary.ts';
import { insertNetwork } from '../../db/write/networks.ts';
import { projectRows, setLimit } from '../../db/write/quotas.ts';
import { holdName, isSerial } from '../../db/write/turns.ts';
import { defaultValues } from '../../lib/options.ts';
import { quotaOptions } from './options.ts';
import { Quotas } from './quotas.ts';

/** Those who add rows at the same time, on the databases where that is so. */
const request = { resource: 'network', inputs: [{ project_id: 'p' }] };
let database: Database;
let quotas: Quotas;

beforeEach(async () => {
  database = await temporaryDatabase();
  quotas = new Quotas(defaultValues(quotaOptions), new Map([['network', projectRows('networks')]]));
  // Held once, as whoever adds the first row does.
  await database.transaction((tx) => holdName(tx, 'quota network p'));
});
afterEach(() => database.close());

const limitedTo = (limit: number) =>
  database.transaction((tx) => setLimit(tx, { project_id: 'p', resource: 'network', limit }));
const check = (tx: Tx) => quotas.checkBeside(tx, request);
/** The limit is known from the second time on. */
async function mustCount(): Promise<boolean> {
  await database.transaction(check);
  return database.transaction(check);
}

async function addNetwork(tx: Tx, i: number): Promise<void> {
  await insertNetwork(tx, {
    id: `n${i}`,
    project_id: 'p',
    name: '',
    description: '',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    revision_number: 0,
    status: 'ACTIVE',
    admin_state_up: true,
    mtu: 1500,
    port_security_enabled: true,
    vlan_transparent: null,
    availability_zone_hints: '',
    dns_domain: '',
    qinq: null,
  });
}

it.each([
  [999, true],
  [1_001, false],
  [-1, false],
])('with a limit of %i rows must be counted again: %s', async (limit, expected) => {
  await limitedTo(limit);
  expect(await mustCount()).toBe(expected);
});

it('the last thousand are counted, however large the limit', async () => {
  await limitedTo(1_002);
  expect(await mustCount()).toBe(false);
  for (let i = 0; i < 3; i++) await database.transaction((tx) => addNetwork(tx, i));
  expect(await database.transaction(check)).toBe(true);
});

it('a limit that was lowered meanwhile is the one that counts', async () => {
  await limitedTo(5_000);
  expect(await mustCount()).toBe(false);
  await limitedTo(0);
  await expect(database.transaction(check)).rejects.toMatchObject({ type: 'OverQuota' });
});

it('who counts exactly waits for those who have plenty, and counts their rows', async () => {
  await limitedTo(2_000);
  expect(await mustCount()).toBe(false);
  const events: string[] = [];
  const [held, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const plenty = database.transaction(async (tx) => {
    if (isSerial(tx)) mayEnd.resolve();
    await check(tx);
    await addNetwork(tx, 1);
    held.resolve();
    await mayEnd.promise;
    events.push('added');
  });
  await held.promise;
  const exact = database.transaction(async (tx) => {
    await quotas.recount(tx, [request]);
    events.push('counted');
  });
  // Time for the second to count too soon.
  await new Promise((resolve) => setTimeout(resolve, 200));
  mayEnd.resolve();
  await Promise.all([plenty, exact]);
  expect(events).toEqual(['added', 'counted']);
});
