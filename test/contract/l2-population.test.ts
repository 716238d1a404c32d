import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { tapName } from '../../src/lib/names.ts';
import { createFixture, type Fixture, type Network, type Port } from '../../src/plugin/fixture.ts';
import { recordingDatabase, type Statement } from '../support/recorded-statements.ts';

/** What it costs to tell where ports are, on each kind of database. */

let bare: Database;
let f: Fixture;
let network: Network;
let statements: Statement[];

beforeEach(async () => {
  bare = await temporaryDatabase();
  const recording = await recordingDatabase(bare);
  statements = recording.statements;
  const ml2 = { mechanism_drivers: ['linuxbridge', 'l2population'], tenant_network_types: ['vxlan'] };
  f = await createFixture({ ml2, vxlan: { vni_ranges: ['101:199'] } }, { database: recording.recorded });
  for (const [host, tunneling_ip] of [
    ['host1', '192.0.2.1'],
    ['host2', '192.0.2.2'],
  ]) {
    await f.bridgeAgent(host, { tunneling_ip, tunnel_types: ['vxlan'], l2_population: true });
  }
  network = await f.network();
  await f.subnet(network.id, { enable_dhcp: false });
});
afterEach(async () => {
  await f[Symbol.asyncDispose]();
  await f.database.close();
  await bare.close();
});

async function wire(host: string, count: number): Promise<Port[]> {
  const made = Array.from({ length: count }, () => ({
    ...{ project_id: 'p1', network_id: network.id, device_owner: 'compute:nova', 'binding:host_id': host },
  }));
  const ports = (await f.plugin.collections.ports.createBulk!(f.context, made)) as Port[];
  const devices = ports.map(({ id }) => tapName(id));
  await f.ask('get_devices_details_list', { devices, host, agent_id: 'a' });
  await f.ask('update_device_list', { devices_up: devices, devices_down: [], host, agent_id: 'a' });
  await f.told();
  return ports;
}

/** Statements after the commit of a port that comes up. */
async function countTelling(): Promise<number> {
  const [port] = await wire('host1', 1);
  await f.ask('get_devices_details_list', { devices: [tapName(port!.id)], host: 'host1', agent_id: 'a' });
  await f.told();
  statements.length = 0;
  await f.ask('update_device_up', { device: tapName(port!.id), host: 'host1', agent_id: 'a' });
  const messages = await f.told();
  expect(messages.map(({ method }) => method)).toContain('add_fdb_entries');
  return statements.length;
}

describe('telling where a port is', () => {
  it('takes as many statements in a large network as in a small one', async () => {
    await wire('host1', 3);
    await wire('host2', 3);
    const few = await countTelling();
    await wire('host1', 60);
    await wire('host2', 60);
    expect(await countTelling()).toBe(few);
    // Begin, ports held, facts, block, status, outbox, commit; facts twice, the list, and the outbox row goes.
    expect(few).toBeLessThanOrEqual(30);
  });

  it('and asking for all of a network likewise', async () => {
    const ask = async () => {
      statements.length = 0;
      const answer = await f.transport.tell('neutrino-forwarding', 'get_fdb_entries', {
        host: 'host2',
        networks: { [network.id]: null },
      });
      return { count: statements.length, answer: JSON.stringify(answer) };
    };
    await wire('host1', 3);
    const few = await ask();
    const ports = await wire('host1', 60);
    const more = await ask();
    expect(more.count).toBe(few.count);
    for (const { mac_address } of ports) expect(more.answer).toContain(mac_address);
  });
});
