import { expect, it } from 'vitest';
import type { Database } from '../../db/database.ts';
import { openDatabase } from '../../db/database.ts';
import { agentsHosting } from '../../db/write/network-agents.ts';
import { all, createFixture, type Fixture } from '../fixture.ts';

const hosting = (f: Fixture, id: string) => agentsHosting(f.database.db, [id]);
const hosts = async (f: Fixture, id: string) => (await hosting(f, id)).map(({ host }) => host).toSorted();
const active = (f: Fixture, host: string) => f.ask('get_active_networks_info', { host, enable_dhcp_filter: false });

it('a network that has too few agents gets more with its next port', async () => {
  await using f = await createFixture({ core: { dhcp_agents_per_network: 2 } });
  await f.dhcpAgent('host1');
  const { id } = await f.network();
  await f.subnet(id);
  expect(await hosts(f, id)).toEqual(['host1']);
  await f.dhcpAgent('host2');
  await f.dhcpAgent('host3');
  await f.told();
  await f.port(id);
  expect(await hosts(f, id)).toHaveLength(2);
  const told = (await f.told()).filter(({ method }) => method === 'network_create_end');
  expect(told).toHaveLength(1);
  await f.port(id);
  expect(await hosts(f, id)).toHaveLength(2);
});

it('agents have places, the lowest that is free', async () => {
  await using f = await createFixture({ core: { dhcp_agents_per_network: 3 } });
  for (const host of ['host1', 'host2', 'host3']) await f.dhcpAgent(host);
  const { id } = await f.network();
  await f.subnet(id);
  const places = async () => (await hosting(f, id)).map(({ binding_index }) => binding_index);
  expect(await places()).toEqual([1, 2, 3]);
  const second = (await all(f.plugin.collections.agents)).find(({ host }) => host === 'host2')!;
  const remove = f.plugin.routes['DELETE agents/{id}/dhcp-networks/{network_id}']!;
  const call = { context: f.context, input: {}, parameters: [], ifRevision: null };
  await remove({ ...call, params: { id: second.id, network_id: id } });
  expect(await places()).toEqual([1, 3]);
  await f.port(id);
  expect(await places()).toEqual([1, 2, 3]);
});

it('a binding of an older server counts, without a place', async () => {
  await using f = await createFixture({ core: { dhcp_agents_per_network: 2 } });
  await f.dhcpAgent('host1');
  const { id } = await f.network();
  await f.subnet(id);
  await f.database.transaction((tx) =>
    tx.updateTable('networkdhcpagentbindings').set({ binding_index: null }).execute(),
  );
  await f.dhcpAgent('host2');
  await f.port(id);
  expect((await hosting(f, id)).map(({ binding_index }) => binding_index)).toEqual([null, 2]);
});

it('a host that does not reach the network is passed over', async () => {
  await using f = await createFixture({
    ml2: { tenant_network_types: ['vlan'] },
    vlan: { network_vlan_ranges: ['racks:1:99'] },
  });
  await f.bridgeAgent('host1', { interface_mappings: { other: 'eth0' } });
  await f.dhcpAgent('host1');
  const { id } = await f.network();
  await f.subnet(id);
  expect(await hosts(f, id)).toEqual([]);
  expect(await active(f, 'host1')).toEqual([]);
  await f.bridgeAgent('host2', { interface_mappings: { racks: 'eth0' } });
  await f.dhcpAgent('host2');
  // Of this one nobody knows yet what it reaches.
  await f.dhcpAgent('host3', { configurations: { networks: 0 } });
  await f.port(id);
  expect(await hosts(f, id)).toEqual(['host2']);
});

it('default_availability_zones hold for agents that ask, too', async () => {
  await using f = await createFixture({ core: { default_availability_zones: ['near'] } });
  const { id } = await f.network();
  await f.subnet(id);
  await f.dhcpAgent('host1', { availability_zone: 'far' });
  expect(await active(f, 'host1')).toEqual([]);
  await f.dhcpAgent('host2', { availability_zone: 'near' });
  expect(await active(f, 'host2')).toHaveLength(1);
});

it('several servers that schedule one network at once give it no more agents than it is to have', async () => {
  const core = { dhcp_agents_per_network: 2 };
  await using one = await createFixture({ core });
  const again: Database = await openDatabase(one.database.options);
  {
    await using two = await createFixture({ core }, { database: again });
    for (let i = 0; i < 6; i++) await one.dhcpAgent(`host${i}`);
    for (let round = 0; round < 5; round++) {
      const { id } = await one.network();
      await Promise.all(Array.from({ length: 8 }, (_, i) => (i % 2 ? one : two).port(id)));
      expect(await hosts(one, id)).toHaveLength(2);
    }
  }
  await again.close();
});
