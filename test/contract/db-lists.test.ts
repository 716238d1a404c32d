import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Database, Tx } from '../../src/db/database.ts';
import { findAgents, listAgents } from '../../src/db/read/agents.ts';
import { networkIpAvailabilities } from '../../src/db/read/network-ip-availabilities.ts';
import { findNetworks, listNetworks } from '../../src/db/read/networks.ts';
import { findPorts, getPort, listPorts } from '../../src/db/read/ports.ts';
import { reader } from '../../src/db/read/resource.ts';
import { findSubnets, listSubnets } from '../../src/db/read/subnets.ts';
import { listInThread } from '../../src/db/read/thread/client.ts';
import { fullView, UnknownMarkerError, type View } from '../../src/db/read/view.ts';
import { addressKey } from '../../src/lib/ip/address.ts';
import { everything, type FilterValue, type ListQuery } from '../../src/lib/query.ts';
import type { NetworkIpAvailability } from '../../src/resources/shapes.ts';
import { recordingDatabase } from '../support/recorded-statements.ts';
import {
  insertAddress,
  insertAgent,
  insertBinding,
  insertNetwork,
  insertPort,
  insertSegment,
  insertSubnet,
} from '../support/rows.ts';
import { dialects } from './db-dialects.ts';

type Resource = Record<string, unknown> & { id: string };

/** Few values, so that filters match several rows and sorts have ties. */
const NAMES = ['', 'web', 'db', "o'hara; --", '100%_x'];
const PROJECTS = ['project-1', 'project-2'];
const TAGS = ['red', 'green', 'blue'];
const HOSTS = ['', 'host-a', 'host-b'];
/** 10.0.1.69: some of the addresses of each subnet come after it. */
const LAST_IN_POOL = addressKey(0x0a000145n);
const useOfNetworks = reader<NetworkIpAvailability>(
  'network_ip_availabilities',
  networkIpAvailabilities.network_ip_availabilities,
);
const pick = <T>(values: readonly T[], i: number, factor: number): T =>
  values[(i * factor + (i >> 2)) % values.length]!;

async function seed(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    const tag = async (resource_type: string, resource_id: string, i: number) => {
      const rows = TAGS.filter((_, t) => ((i * 5) >> t) % 2 === 1).map((value) => ({
        resource_type,
        resource_id,
        tag: value,
      }));
      if (rows.length > 0) await tx.insertInto('tags').values(rows).execute();
    };
    const networks: string[] = [];
    const subnets: string[] = [];
    for (let i = 0; i < 24; i++) {
      const id = await insertNetwork(tx, {
        name: pick(NAMES, i, 3),
        project_id: pick(PROJECTS, i, 1),
        mtu: 1400 + (i % 3),
        admin_state_up: i % 4 !== 0,
      });
      networks.push(id);
      const flat = i % 3 === 0;
      await insertSegment(tx, id, {
        network_type: flat ? 'flat' : 'vlan',
        physical_network: `net${i % 5}`,
        segmentation_id: flat ? null : i,
      });
      if (i % 4 === 1) {
        const row = { id: `rbac-${i}`, project_id: 'p', object_id: id, target_project: '*' };
        await tx
          .insertInto('networkrbacs')
          .values({ ...row, action: 'access_as_shared' })
          .execute();
      }
      if (i % 6 === 2)
        await tx
          .insertInto('externalnetworks')
          .values({ network_id: id, is_default: i === 2 })
          .execute();
      await tag('network', id, i);
      const subnet = await insertSubnet(tx, id, {
        name: pick(NAMES, i, 2),
        cidr: `10.${i % 4}.0.0/16`,
        gateway_ip: i % 3 === 0 ? null : `10.${i % 4}.0.1`,
        enable_dhcp: i % 2 === 0,
        ipv6_ra_mode: i % 5 === 0 ? 'slaac' : null,
      });
      subnets.push(subnet);
      const pool = { subnet_id: subnet, first_ip: '10.0.0.2', last_ip: '10.0.1.69', position: 0 };
      const keys = { first_key: addressKey(0x0a000002n), last_key: LAST_IN_POOL };
      await tx
        .insertInto('ipallocationpools')
        .values({ id: `pool-${i}`, ...pool, ...keys })
        .execute();
      await tx.insertInto('dnsnameservers').values({ subnet_id: subnet, address: '9.9.9.9', position: 0 }).execute();
      await tag('subnet', subnet, i + 1);
    }
    for (let i = 0; i < 60; i++) {
      const network = i % 6;
      const id = await insertPort(tx, networks[network]!, {
        name: pick(NAMES, i, 7),
        project_id: pick(PROJECTS, i, 3),
        status: i % 2 === 0 ? 'ACTIVE' : 'DOWN',
        admin_state_up: i % 5 !== 0,
        device_id: `vm-${i % 9}`,
        device_owner: i % 7 === 0 ? 'network:dhcp' : 'compute:nova',
      });
      if (i % 8 !== 0) await insertAddress(tx, id, subnets[network]!, networks[network]!, 300 + i);
      if (i % 10 !== 0) await insertBinding(tx, id, { host: pick(HOSTS, i, 1), vif_details: '{"port_filter":true}' });
      await tag('port', id, i);
    }
    for (let i = 0; i < 12; i++) {
      await insertAgent(tx, {
        agent_type: i % 2 === 0 ? 'DHCP agent' : 'Linux bridge agent',
        heartbeat_timestamp: 1_000_000 + i * 10_000,
        description: i % 3 === 0 ? null : `d${i % 4}`,
      });
    }
  });
}

/** What a list must give, said in plain JavaScript over all resources. */
function model(all: readonly Resource[], query: ListQuery): Resource[] {
  const matching = all.filter((resource) =>
    Object.entries(query.filters).every(([key, values]) => matches(resource, key, values)),
  );
  const keys = [...query.sorts, { key: 'id', direction: 'asc' as const }];
  const ordered = matching.toSorted((a, b) => {
    for (const { key, direction } of keys) {
      const order = compare(a[key], b[key]);
      if (order !== 0) return direction === 'asc' ? order : -order;
    }
    return 0;
  });
  if (query.pageReverse) ordered.reverse();
  const start = query.marker === null ? 0 : ordered.findIndex(({ id }) => id === query.marker) + 1;
  const page = ordered.slice(start, query.limit === null ? undefined : start + query.limit);
  if (query.pageReverse) page.reverse();
  if (query.fields === null) return page;
  return page.map((resource) => {
    const kept = Object.entries(resource).filter(([key]) => query.fields!.includes(key));
    return Object.fromEntries(kept) as Resource;
  });
}

function matches(resource: Resource, key: string, values: readonly FilterValue[]): boolean {
  const tags = (resource.tags ?? []) as string[];
  const wanted = [...new Set(values.map(String))];
  switch (key) {
    case 'tags':
      return values.length > 0 && wanted.every((tag) => tags.includes(tag));
    case 'tags-any':
      return wanted.some((tag) => tags.includes(tag));
    case 'not-tags':
      return values.length > 0 && !wanted.every((tag) => tags.includes(tag));
    case 'not-tags-any':
      return values.length > 0 && !wanted.some((tag) => tags.includes(tag));
    case 'fixed_ips': {
      const addresses = resource.fixed_ips as Record<string, string>[];
      const pairs = values as { key: string; value: string }[];
      const of = (pairKey: string) => pairs.filter((pair) => pair.key === pairKey).map((pair) => pair.value);
      const found = (pairKey: string, test: (address: Record<string, string>, value: string) => boolean) =>
        of(pairKey).length === 0 || addresses.some((address) => of(pairKey).some((value) => test(address, value)));
      return (
        values.length > 0 &&
        found('subnet_id', (address, value) => address.subnet_id === value) &&
        found('ip_address', (address, value) => address.ip_address === value) &&
        found('ip_address_substr', (address, value) => address.ip_address!.includes(value))
      );
    }
    default:
      return values.includes(resource[key] as FilterValue);
  }
}

/** Nulls first; text by its bytes, as the databases are set to compare. */
function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return (a as string) < (b as string) ? -1 : 1;
}

interface Kind {
  readonly name: string;
  find(database: Database, query: ListQuery): Promise<Resource[]>;
  readonly filters: readonly string[];
  readonly sorts: readonly string[];
}

const asResources = (items: readonly object[]) => items as Resource[];
const TAG_FILTERS = ['tags', 'tags-any', 'not-tags', 'not-tags-any'];
const NOW = { ...fullView, nowMs: 1_060_000 + 75_000 };

const kinds: readonly Kind[] = [
  {
    name: 'networks',
    find: async (database, query) => asResources(await findNetworks(database.db, query)),
    filters: [
      ...['id', 'name', 'admin_state_up', 'status', 'project_id', 'mtu', 'shared', 'router:external'],
      ...['provider:network_type', 'provider:physical_network', 'provider:segmentation_id'],
      ...TAG_FILTERS,
    ],
    sorts: ['id', 'name', 'admin_state_up', 'project_id', 'mtu'],
  },
  {
    name: 'subnets',
    find: async (database, query) => asResources(await findSubnets(database.db, query)),
    filters: ['id', 'name', 'network_id', 'cidr', 'gateway_ip', 'enable_dhcp', 'ipv6_ra_mode', ...TAG_FILTERS],
    sorts: ['name', 'cidr', 'gateway_ip', 'enable_dhcp', 'ipv6_ra_mode'],
  },
  {
    name: 'ports',
    find: async (database, query) => asResources(await findPorts(database.db, query)),
    filters: [
      ...['id', 'name', 'network_id', 'mac_address', 'admin_state_up', 'status', 'device_id', 'device_owner'],
      ...['tenant_id', 'binding:host_id', 'fixed_ips', ...TAG_FILTERS],
    ],
    sorts: ['name', 'network_id', 'admin_state_up', 'status', 'device_id', 'mac_address'],
  },
  {
    name: 'agents',
    find: async (database, query) => asResources(await findAgents(database.db, query, NOW)),
    filters: ['id', 'agent_type', 'host', 'alive', 'description'],
    sorts: ['agent_type', 'alive', 'description', 'heartbeat_timestamp'],
  },
];

/** Values that occur, values that do not, and for ids some of each. */
function valuesOf(all: readonly Resource[], key: string): fc.Arbitrary<FilterValue> {
  if (TAG_FILTERS.includes(key)) return fc.constantFrom(...TAGS, 'no such tag');
  if (key === 'fixed_ips') {
    const addresses = all.flatMap((resource) => resource.fixed_ips as { subnet_id: string; ip_address: string }[]);
    const pair = (name: string, value: string) => ({ key: name, value });
    return fc.oneof(
      fc.constantFrom(...addresses.map((address) => pair('subnet_id', address.subnet_id))),
      fc.constantFrom(...addresses.map((address) => pair('ip_address', address.ip_address))),
      fc.constantFrom(...['10.0.1.', '.4', '%', '_', '!'].map((text) => pair('ip_address_substr', text))),
    );
  }
  const present = [...new Set(all.map((resource) => resource[key] as FilterValue))];
  const absent = typeof present[0] === 'string' ? ['no such value'] : [];
  return fc.constantFrom(...present, ...absent);
}

function queries(kind: Kind, all: readonly Resource[]): fc.Arbitrary<ListQuery> {
  const filter = fc
    .constantFrom(...kind.filters)
    .chain((key) => fc.tuple(fc.constant(key), fc.array(valuesOf(all, key), { maxLength: 4 })));
  const keys = [...new Set(all.flatMap((resource) => Object.keys(resource)))];
  return fc.record({
    filters: fc.array(filter, { maxLength: 2 }).map((entries) => Object.fromEntries(entries)),
    fields: fc.option(fc.uniqueArray(fc.constantFrom(...keys), { minLength: 1, maxLength: 5 }), { freq: 3 }),
    sorts: fc.uniqueArray(
      fc.record({ key: fc.constantFrom(...kind.sorts), direction: fc.constantFrom('asc' as const, 'desc' as const) }),
      { maxLength: 3, selector: ({ key }) => key },
    ),
    limit: fc.option(fc.integer({ min: 1, max: 12 })),
    marker: fc.option(fc.constantFrom(...all.map(({ id }) => id))),
    pageReverse: fc.boolean(),
  });
}

/** Where in the order a marker stands that the filters hide is well defined in SQL; the model looks it up unfiltered. */
function modelled(all: readonly Resource[], query: ListQuery): Resource[] {
  if (
    query.marker === null ||
    model(all, { ...query, fields: ['id'], marker: null, limit: null }).some(({ id }) => id === query.marker)
  ) {
    return model(all, query);
  }
  const marker = all.find(({ id }) => id === query.marker)!;
  const withMarker = model(all, { ...everything, sorts: query.sorts, pageReverse: query.pageReverse });
  const ordered = query.pageReverse ? withMarker.toReversed() : withMarker;
  const after = new Set(ordered.slice(ordered.indexOf(marker) + 1));
  const rest = all.filter((resource) => after.has(resource));
  return model(rest, { ...query, marker: null });
}

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
      { numRuns: 250 },
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
