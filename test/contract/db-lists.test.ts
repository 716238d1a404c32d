import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Database, Tx } from '../../src/db/database.ts';
import { listAgents } from '../../src/db/read/agents.ts';
import { networkIpAvailabilities } from '../../src/db/read/network-ip-availabilities.ts';
import { findNetworks, listNetworks } from '../../src/db/read/networks.ts';
import { findPorts, getPort, listPorts } from '../../src/db/read/ports.ts';
import { reader } from '../../src/db/read/resource.ts';
import { listSubnets } from '../../src/db/read/subnets.ts';
import { listInThread } from '../../src/db/read/thread/client.ts';
import { fullView, UnknownMarkerError, type View } from '../../src/db/read/view.ts';
import { everything, type FilterValue, type ListQuery } from '../../src/lib/query.ts';
import type { NetworkIpAvailability } from '../../src/resources/shapes.ts';
import { recordingDatabase } from '../support/recorded-statements.ts';
import { insertNetwork, insertPort } from '../support/rows.ts';
import { runs } from '../support/turns.ts';
import { dialects } from './db-dialects.ts';
import { kinds, NOW, queries } from './db-lists/kinds.ts';
import { modelled, type Resource } from './db-lists/model.ts';
import { LAST_IN_POOL, seed } from './db-lists/seed.ts';

const useOfNetworks = reader<NetworkIpAvailability>(
  'network_ip_availabilities',
  networkIpAvailabilities.network_ip_availabilities,
);

describe.each(dialects)('lists on $name', ({ open }) => {
  let database: Database;

  beforeAll(async () => {
    database = await open();
    await seed(database);
  });

  afterAll(async () => {
    await database.close();
  });

  it.each(kinds)('$name: filters, sorts, pages and fields give what plain arrays would', async (kind) => {
    const all = await kind.find(database, everything);
    expect(all.length).toBeGreaterThan(10);
    await fc.assert(
      fc.asyncProperty(queries(kind, all), async (query) => {
        expect(await kind.find(database, query)).toEqual(modelled(all, query));
      }),
      { numRuns: runs(60, 600) },
    );
  });

  it.each(kinds)('$name: pages put together are the list, in both directions', async (kind) => {
    const sorts = [{ key: kind.sorts[1]!, direction: 'desc' as const }];
    const whole = await kind.find(database, { ...everything, sorts });
    for (const pageReverse of [false, true]) {
      const pages: Resource[][] = [];
      let marker: string | null = null;
      for (;;) {
        const page: Resource[] = await kind.find(database, { ...everything, sorts, limit: 7, marker, pageReverse });
        if (page.length === 0) break;
        pages.push(page);
        marker = (pageReverse ? page[0] : page.at(-1))!.id;
      }
      expect((pageReverse ? pages.toReversed() : pages).flat()).toEqual(whole);
    }
  });

  it('the reader thread gives the same objects', async () => {
    for (const kind of kinds) {
      const query = { ...everything, sorts: [{ key: kind.sorts[0]!, direction: 'desc' as const }] };
      const items = await kind.find(database, query);
      const page = await listInThread(database, kind.name, query, NOW);
      expect(page).toMatchObject({ count: items.length, firstId: items[0]!.id, lastId: items.at(-1)!.id });
      expect(JSON.parse(Buffer.from(page.json!).toString())).toEqual(items);
      expect(Buffer.from(page.json!).toString()).toBe(JSON.stringify(items));
    }
    const named = await listInThread(database, 'ports', { ...everything, fields: ['name'], limit: 2 }, fullView);
    expect(JSON.parse(Buffer.from(named.json!).toString())).toEqual(
      await findPorts(database.db, { ...everything, fields: ['name'], limit: 2 }),
    );
    expect(named).toMatchObject({ count: 2, firstId: expect.stringMatching(/-/) });
  });

  it('the use of addresses is counted in the database', async () => {
    const networks = await useOfNetworks.find(database.db, everything);
    expect(networks).toHaveLength(24);
    const rows = await database.db.selectFrom('ipallocations').select(['network_id', 'ip_key']).execute();
    for (const { network_id, used_ips, total_ips, ip_availability_details: details } of networks) {
      const keys = rows.filter((row) => row.network_id === network_id).map(({ ip_key }) => ip_key);
      expect([used_ips, total_ips]).toEqual([keys.length, 324]);
      expect(details!.used_ips_in_allocation_pool).toBe(keys.filter((key) => key <= LAST_IN_POOL).length);
    }
    expect(new Set(networks.map((network) => network.ip_availability_details!.used_ips_in_allocation_pool)).size).toBe(
      4,
    );
    const page = await listInThread(database, 'network_ip_availabilities', everything, fullView);
    expect(JSON.parse(Buffer.from(page.json!).toString())).toEqual(networks);
  });

  it('a list of many comes as the JSON of the same objects', async () => {
    const query = { ...everything, sorts: [{ key: 'name', direction: 'desc' as const }] };
    const page = await listPorts(database, query);
    const items = await findPorts(database.db, query);
    expect(items).toHaveLength(60);
    expect(Buffer.from(page.json!).toString()).toBe(JSON.stringify(items));
    expect(page).toMatchObject({ count: 60, firstId: items[0]!.id, lastId: items[59]!.id });
    expect((await listPorts(database, { ...query, limit: 10 })).items).toEqual(items.slice(0, 10));
  });

  it('texts kept from the list before are of the resources as they are now', async () => {
    const own = await open();
    try {
      await seed(own);
      const whole = { ...everything, sorts: [{ key: 'name', direction: 'desc' as const }] };
      const expectLists = async () => {
        for (const kind of kinds) {
          const expected = JSON.stringify(await kind.find(own, whole));
          for (const page of [
            await listInThread(own, kind.name, whole, NOW),
            await { networks: listNetworks, ports: listPorts, subnets: listSubnets, agents: listAgents }[
              kind.name as 'networks' | 'ports' | 'subnets' | 'agents'
            ](own, whole, NOW),
          ]) {
            const text = page.json === undefined ? JSON.stringify(page.items) : Buffer.from(page.json).toString();
            expect(text).toBe(expected);
          }
        }
      };
      await expectLists();
      const [port, other] = await findPorts(own.db, { ...everything, sorts: [{ key: 'id', direction: 'asc' }] });
      const [network] = await findNetworks(own.db, everything);
      const steps: ((tx: Tx) => Promise<unknown>)[] = [
        async (tx) => {
          await tx
            .updateTable('ml2_port_bindings')
            .set({ host: 'elsewhere' })
            .where('port_id', '=', port!.id)
            .execute();
          await tx.updateTable('ports').set({ revision_number: 99 }).where('id', '=', port!.id).execute();
        },
        (tx) =>
          tx
            .updateTable('networks')
            .set({ name: 'é"\u2028', revision_number: 99 })
            .where('id', '=', network!.id)
            .execute(),
        // An agent's zone is no change of the network.
        (tx) => tx.updateTable('agents').set({ availability_zone: 'far' }).execute(),
        (tx) => tx.deleteFrom('networkdhcpagentbindings').execute(),
        (tx) => tx.deleteFrom('ports').where('id', '=', other!.id).execute(),
        async (tx) => {
          const { length } = await findPorts(tx, everything);
          for (let i = 0; i < 2 * length; i++) await insertPort(tx, network!.id, { name: `new ${i}` });
        },
      ];
      for (const step of steps) {
        await own.transaction(step);
        await expectLists();
      }
    } finally {
      await own.close();
    }
  });

  it('a reader thread that nobody needed for a minute ends, and another one answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const before = await listInThread(database, 'networks', everything, NOW);
      vi.advanceTimersByTime(60_000);
      expect(await listInThread(database, 'networks', everything, NOW)).toEqual(before);
      // Asked while one is ending: it is not the one that answers.
      vi.advanceTimersByTime(59_000);
      const again = listInThread(database, 'networks', everything, NOW);
      vi.advanceTimersByTime(1_000);
      expect(await again).toEqual(before);
    } finally {
      vi.useRealTimers();
    }
  });

  it('a long list comes from the thread as long as it is long', async () => {
    const own = await open();
    try {
      const add = (count: number, from: number) =>
        own.transaction(async (tx) => {
          for (let i = from; i < from + count; i++) await insertNetwork(tx, { name: `n${i}` });
        });
      const count = async () => {
        const page = await listNetworks(own, everything);
        const items = page.items ?? (JSON.parse(Buffer.from(page.json).toString()) as unknown[]);
        return { items: items.length, said: page.json === undefined ? items.length : page.count };
      };
      await add(500, 0);
      expect(await count()).toEqual({ items: 500, said: 500 });
      await add(100, 500);
      expect(await count()).toEqual({ items: 600, said: 600 });
      await add(1, 600);
      expect(await count()).toEqual({ items: 601, said: 601 });
      await own.transaction((tx) => tx.deleteFrom('networks').where('name', '!=', 'n7').execute());
      expect(await count()).toEqual({ items: 1, said: 1 });
      expect((await listNetworks(own, everything)).items).toHaveLength(1);
    } finally {
      await own.close();
    }
  });

  it('a filter finds for a project what it finds for all, as far as the project sees it', async () => {
    const project: View = { ...fullView, all: false, projectId: 'project-1' };
    const pairs = (key: string, value: string) => ({ fixed_ips: [{ key, value }] });
    const ofPorts = [
      ...[pairs('ip_address', '10.0.1.45'), pairs('ip_address_substr', '.1.4'), { security_groups: ['none'] }],
      ...[[''], ['host-a'], ['', 'host-b'], []].map((hosts) => ({ 'binding:host_id': hosts })),
    ];
    const ofNetworks = [
      ...[['vlan'], ['flat', 'vlan'], ['vxlan']].map((types) => ({ 'provider:network_type': types })),
      ...[{ 'provider:physical_network': ['net1'] }, { 'provider:segmentation_id': [1, 2, 3, 4, 5] }],
    ];
    const cases = [
      { find: findPorts, filters: ofPorts, seen: await findPorts(database.db, {}, project) },
      { find: findNetworks, filters: ofNetworks, seen: await findNetworks(database.db, {}, project) },
    ];
    for (const { find, filters: all, seen } of cases) {
      const ids = new Set(seen.map(({ id }) => id));
      for (const filters of all as Record<string, FilterValue[]>[]) {
        const expected = (await find(database.db, { filters })).filter(({ id }) => ids.has(id));
        expect((await find(database.db, { filters }, project)).map(({ id }) => id)).toEqual(
          expected.map(({ id }) => id),
        );
      }
    }
  });

  it('an unknown marker is said to be one', async () => {
    const query = { ...everything, marker: 'ffffffff-0000-0000-0000-000000000000' };
    for (const list of [listNetworks, listSubnets, listPorts, listAgents]) {
      await expect(list(database, query)).rejects.toThrow(UnknownMarkerError);
    }
    await expect(listInThread(database, 'ports', query, fullView)).rejects.toThrow(UnknownMarkerError);
  });

  it('asks a constant number of statements, and no more tables than the fields need', async () => {
    const { recorded, statements } = await recordingDatabase(database);
    try {
      const asked = async (query: Partial<ListQuery>) => {
        statements.length = 0;
        await findPorts(recorded.db, query);
        return statements.length;
      };
      const few = await asked({ limit: 25 });
      expect(await asked({ limit: 50 })).toBe(few);
      expect(few).toBeLessThanOrEqual(17);
      expect(await asked({ limit: 3 })).toBeLessThanOrEqual(9);
      expect(await asked({ limit: 50, fields: ['id', 'name'] })).toBe(1);
      expect(await asked({ limit: 5, fields: ['id', 'fixed_ips'] })).toBe(2);
      statements.length = 0;
      const [port] = await findPorts(database.db, { limit: 1 });
      await getPort(recorded.db, port!.id);
      expect(statements.length).toBeLessThanOrEqual(9);
      statements.length = 0;
      await useOfNetworks.find(recorded.db, everything);
      expect(statements.length).toBe(3);
    } finally {
      await recorded.close();
    }
  });

  it('leaves out what extensions bring that are not loaded', async () => {
    const [bare] = await findPorts(database.db, { limit: 1 }, { all: true, extensions: new Set() });
    expect(Object.keys(bare!)).toEqual([
      ...['id', 'name', 'network_id', 'tenant_id', 'mac_address', 'admin_state_up', 'status'],
      ...['device_id', 'device_owner', 'fixed_ips', 'project_id'],
    ]);
    const [withTimes] = await findPorts(
      database.db,
      { limit: 1 },
      { all: true, extensions: new Set(['standard-attr-timestamp']) },
    );
    expect(withTimes).toHaveProperty('created_at');
  });
});
