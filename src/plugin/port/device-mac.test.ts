import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFixture, type Fixture, type Network, type Port } from '../fixture.ts';

const device = 'fa:16:3e:dd:dd:dd';

let folder: string;
let f: Fixture;
let network: Network;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-device-'));
  const path = join(folder, 'driver.mjs');
  await writeFile(
    path,
    `export const contractVersion = 1;
    export const createMechanismDriver = () => ({
      name: 'devices', agentType: null, supportedVnicTypes: ['direct-physical', 'direct'], connectivity: 'l2',
      async initialize() {},
      async bindPort({ host, vnic_type, segments }) {
        if (vnic_type === 'normal') return null;
        return { segment_id: segments[0].id, vif_type: 'hostdev_physical', vif_details: {}, status: 'ACTIVE' };
      },
    });`,
  );
  f = await createFixture({ ml2: { mechanism_drivers: [path] } });
  await f.dhcpAgent();
  network = await f.network();
  await f.subnet(network.id);
});

afterAll(async () => {
  await f[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const physical = (more: Record<string, unknown> = {}) =>
  f.port(network.id, { 'binding:vnic_type': 'direct-physical', device_id: 'vm', device_owner: 'compute:a', ...more });
const on = (host: string, mac?: string) => ({
  'binding:host_id': host,
  'binding:profile': mac === undefined ? {} : { device_mac_address: mac },
});
const update = (id: string, changes: Record<string, unknown>): Promise<Port> =>
  f.plugin.collections.ports.update!(f.context, id, changes);
const remove = (id: string) => f.plugin.collections.ports.delete!(f.context, id);

it('a physical function has its device’s MAC while it is bound, and its agents know', async () => {
  const port = await physical();
  await f.told();
  const bound = await update(port.id, on('host1', 'FA:16:3E:DD:DD:DD'));
  expect(bound).toMatchObject({ mac_address: device, 'binding:vif_type': 'hostdev_physical' });
  expect(await f.plugin.collections.ports.get(f.context, port.id)).toMatchObject({ mac_address: device });
  const told = (await f.told()).find(({ method }) => method === 'port_update_end')!;
  expect(told.args.payload.port.mac_address).toBe(device);
  const freed = await update(port.id, { device_id: '', device_owner: '', ...on('') });
  expect(freed.mac_address).not.toBe(device);
  expect(await physical(on('host2', device))).toMatchObject({ mac_address: device });
});

it('gets a new MAC when it is bound without one', async () => {
  const port = await physical();
  expect((await update(port.id, on('host1'))).mac_address).not.toBe(port.mac_address);
});

it('does not take the MAC of another port, or one that is none', async () => {
  const holder = await f.port(network.id, { mac_address: 'fa:16:3e:00:00:11' });
  const port = await physical(on('host1', holder.mac_address));
  expect(port.mac_address).not.toBe(holder.mac_address);
  expect((await physical(on('host1', 'no MAC'))).mac_address).toMatch(/^fa:16:3e:/);
});

it('other kinds of ports keep their MAC', async () => {
  const port = await f.port(network.id, { 'binding:vnic_type': 'direct', ...on('host1', 'fa:16:3e:00:00:12') });
  expect(port).toMatchObject({ 'binding:vif_type': 'hostdev_physical' });
  expect(port.mac_address).not.toBe('fa:16:3e:00:00:12');
  await remove(port.id);
});
