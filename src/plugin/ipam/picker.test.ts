import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Database } from '../../db/database.ts';
import { temporaryDatabase } from '../../db/temporary.ts';
import type { SubnetFacts } from '../../db/write/subnets.ts';
import { AddressPicker } from './picker.ts';

let database: Database;
beforeEach(async () => {
  database = await temporaryDatabase();
});
afterEach(() => database.close());

const subnet = (start: string, end: string): SubnetFacts => ({
  id: 'subnet',
  network_id: 'network',
  ip_version: 4,
  cidr: '10.0.0.0/24',
  gateway_ip: null,
  enable_dhcp: false,
  ipv6_ra_mode: null,
  ipv6_address_mode: null,
  subnetpool_id: null,
  segment_id: null,
  pools: [{ start, end }],
  service_types: [],
});

it('does not hand out again what was handed out a moment ago, though its row is not there yet', async () => {
  const picker = new AddressPicker();
  const pick = () => database.transaction((tx) => picker.pick(tx, subnet('10.0.0.1', '10.0.0.12')));
  const picked: (bigint | null)[] = [];
  for (let round = 0; round < 3; round++) {
    picked.push(...(await Promise.all([pick(), pick(), pick(), pick()])));
    picker.forgetAll();
  }
  expect(picked).not.toContain(null);
  expect(new Set(picked).size).toBe(12);
});

it('offers it all the same when there is nothing else: whoever had it may have given up', async () => {
  const picker = new AddressPicker();
  const pick = () => database.transaction((tx) => picker.pick(tx, subnet('10.0.0.1', '10.0.0.1')));
  const first = await pick();
  expect(first).not.toBeNull();
  expect(await pick()).toBe(first);
});
