import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createFixture, failure } from '../../src/plugin/fixture.ts';
import type { SegmentRequest } from '../../src/plugin/ml2/contract.ts';
import { dialects } from './db-dialects.ts';
import { describeTypeDriver, type TypeDriverUnderTest } from './type-driver-suite.ts';

const segment = (
  network_type: string,
  physical_network: string | null,
  segmentation_id: number | null,
): SegmentRequest => ({ network_type, physical_network, segmentation_id });

const folder = mkdtempSync(join(tmpdir(), 'neutrino-type-driver-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** From outside: lightpaths of an optical network, each of which can be used any number of times. */
const outside = join(folder, 'lightpath.mjs');
writeFileSync(
  outside,
  `export const contractVersion = 1;
   export const createTypeDriver = ({ options }) => ({
     type: 'lightpath',
     mtu: () => options.core.global_physnet_mtu - 100,
     async initialize() {},
     validateProviderSegment({ segmentation_id }) {
       const error = new Error('a lightpath has a number');
       if (segmentation_id === null) throw Object.assign(error, { type: 'InvalidInput', kind: 'bad_request' });
     },
     async reserveProviderSegment(tx, segment) { return segment; },
     async allocateTenantSegment() { return { network_type: 'lightpath', physical_network: null, segmentation_id: 1 }; },
     async releaseSegment() {},
   });`,
);

const tunnel = (driver: 'vxlan' | 'gre' | 'geneve', largest: number): TypeDriverUnderTest => ({
  driver,
  options: {
    vxlan: { vni_ranges: ['5:10', '20:25'] },
    gre: { tunnel_id_ranges: ['5:10', '20:25'] },
    geneve: { vni_ranges: ['5:10', '20:25'] },
  },
  segments: [segment(driver, null, 7), segment(driver, null, 4000), segment(driver, null, largest)],
  exclusive: true,
  invalid: [segment(driver, 'physnet1', 7), segment(driver, null, largest + 1), segment(driver, null, -1)],
  tenantSegments: 12,
  partial: [segment(driver, null, null)],
});

const drivers: readonly TypeDriverUnderTest[] = [
  {
    driver: 'local',
    segments: [segment('local', null, null)],
    exclusive: false,
    invalid: [segment('local', 'physnet1', null), segment('local', null, 5)],
    tenantSegments: null,
    partial: [],
  },
  {
    driver: 'flat',
    options: { flat: { flat_networks: ['physnet1', 'physnet2'] } },
    segments: [segment('flat', 'physnet1', null), segment('flat', 'physnet2', null)],
    exclusive: true,
    invalid: [segment('flat', null, null), segment('flat', 'physnet3', null), segment('flat', 'physnet1', 5)],
    tenantSegments: 0,
    partial: [],
  },
  {
    driver: 'vlan',
    options: { vlan: { network_vlan_ranges: ['physnet1:10:15', 'physnet2:10:15'] } },
    segments: [segment('vlan', 'physnet1', 10), segment('vlan', 'physnet2', 10), segment('vlan', 'physnet1', 4094)],
    exclusive: true,
    invalid: [
      segment('vlan', 'physnet3', 10),
      segment('vlan', 'physnet1', 4095),
      segment('vlan', null, 10),
      segment('vlan', 'physnet1', -5),
    ],
    tenantSegments: 12,
    partial: [segment('vlan', 'physnet2', null), segment('vlan', null, null)],
  },
  tunnel('vxlan', 2 ** 24 - 1),
  tunnel('gre', 2 ** 32 - 1),
  tunnel('geneve', 2 ** 24 - 1),
  {
    driver: outside,
    segments: [segment('lightpath', 'a', 1), segment('lightpath', 'b', 2)],
    exclusive: false,
    invalid: [segment('lightpath', null, null)],
    tenantSegments: null,
    partial: [],
  },
];

for (const dialect of dialects) for (const driver of drivers) describeTypeDriver(dialect, driver);

describe('networks of a type from outside', () => {
  it('are made, carried and refused by it', async () => {
    await using f = await createFixture({ ml2: { type_drivers: [outside], tenant_network_types: ['lightpath'] } });
    expect(await f.network()).toMatchObject({ 'provider:network_type': 'lightpath', mtu: 1400 });
    const refused = f.network({ 'provider:network_type': 'lightpath', 'provider:physical_network': 'a' });
    expect((await failure(refused)).message).toBe('a lightpath has a number');
  });
});
