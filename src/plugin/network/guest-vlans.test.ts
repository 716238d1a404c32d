import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { all, createFixture, failure, type Options } from '../fixture.ts';

let folder: string;
let driver: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-qinq-'));
  driver = join(folder, 'driver.mjs');
  await writeFile(
    driver,
    `export const contractVersion = 1;
    export const createMechanismDriver = () => ({
      name: 'tags', agentType: null, supportedVnicTypes: [], connectivity: 'l2', vlanTransparent: true, qinq: true,
      async initialize() {},
    });`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fixture = (mechanism_drivers: readonly string[], core: Options['core'] = {}) =>
  createFixture({ core, ml2: { mechanism_drivers } });

it('qinq is listed when every driver can do it, unless the operator forbids it', async () => {
  const listed = async (drivers: readonly string[], core: Options['core'] = {}) => {
    await using f = await fixture(drivers, core);
    return f.plugin.extensions.has('qinq');
  };
  expect(await listed([driver])).toBe(true);
  expect(await listed([driver], { vlan_qinq: false })).toBe(false);
  expect(await listed([driver, 'linuxbridge'], { vlan_qinq: true })).toBe(false);
  expect(await listed(['linuxbridge'])).toBe(false);
  expect(await listed([])).toBe(false);
});

it('networks are what they were asked to be, which can be looked for', async () => {
  await using f = await fixture([driver], { vlan_transparent: true });
  const { networks } = f.plugin.collections;
  const stacked = await f.network({ qinq: true });
  const transparent = await f.network({ vlan_transparent: true });
  const plain = await f.network();
  expect(stacked).toMatchObject({ qinq: true, vlan_transparent: false });
  expect(transparent).toMatchObject({ qinq: false, vlan_transparent: true });
  expect(await networks.get(f.context, plain.id)).toMatchObject({ qinq: false, vlan_transparent: false });
  const found = await all(networks, { filters: { qinq: [true] } });
  expect(found.map(({ id }) => id)).toEqual([stacked.id]);
});

it('a network is not both', async () => {
  await using f = await fixture([driver], { vlan_transparent: true });
  expect(await failure(f.network({ qinq: true, vlan_transparent: true }))).toEqual({
    type: 'BadRequest',
    message:
      "Bad network request: Attributes 'vlan_transparent' and 'qinq' can not be set to True for the same network..",
  });
});
