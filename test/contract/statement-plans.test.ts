import { afterAll, beforeAll, expect, it } from 'vitest';
import { serveResources } from '../../src/api/served-resource.ts';
import type { Database } from '../../src/db/database.ts';
import { handleOf, query } from '../../src/db/handle.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { resources } from '../../src/resources/registry.ts';
import { recordingDatabase, type Statement } from '../support/recorded-statements.ts';
import { admin, makeTenants, member, type Tenants } from '../support/tenants.ts';
import { byTurns } from '../support/turns.ts';

/**
 * What a tenant asks for costs what the tenant sees, however much more there is. Times would say so only on a quiet machine;
 * the plans of the statements say it always: each table that grows with the cloud is entered by an index, at a value.
 */

/** These hold what operators configure, not what tenants make. */
const SMALL = new Set(['flavors', 'securitygroupdefaultrules']);

const owner = member('demo');
let bare: Database;
let t: Tenants;
let statements: Statement[];
/** Of each collection one that the tenant sees. */
const seen: Record<string, string> = {};

beforeAll(async () => {
  bare = await temporaryDatabase();
  const recording = await recordingDatabase(bare);
  statements = recording.statements;
  t = await makeTenants({
    database: recording.recorded,
    atRest: true,
    options: {
      securityGroup: { enable_security_group: true },
      service: { service_plugins: ['segments', 'network_segment_range', 'trunk', 'router'] },
    },
  });
  const make = async (collection: string, input: object, caller = owner) => {
    const { id } = await t.create(caller, collection, input);
    seen[collection.replaceAll('-', '_')] = id;
    return id as string;
  };
  const theirs = (await t.create(admin, 'networks', {})).id;
  await t.create(admin, 'subnets', { network_id: theirs, ip_version: 4, cidr: '10.1.0.0/24' });
  const access = { object_type: 'network', action: 'access_as_shared', target_tenant: 'demo' };
  await t.create(admin, 'rbac-policies', { ...access, object_id: theirs });
  await t.create(owner, 'ports', { network_id: theirs });
  await make('flavors', { name: 'f', service_type: 'CORE' }, admin);
  const network = await make('networks', {});
  await make('subnets', { network_id: network, ip_version: 4, cidr: '10.0.0.0/24' });
  await make('ports', { network_id: network });
  await make('routers', { name: 'r' });
  await make('subnetpools', { name: 'p', prefixes: ['10.8.0.0/16'] });
  await make('address-scopes', { name: 's', ip_version: 4 });
  await make('address-groups', { name: 'g', addresses: ['10.0.0.1/32'] });
  const group = await make('security-groups', { name: 'g' });
  await make('security-group-rules', { security_group_id: group, direction: 'ingress', protocol: 'tcp' });
  await make('rbac-policies', { ...access, object_id: network, target_tenant: 'alt' });
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  await bare.close();
  expect(faults).toEqual([]);
});

/** What waits to be told, who does what periodically, and counts of ports for charts. */
const periodic = / from "outbox"|"neutrino_(duties|usage_samples|piece)"/;

/** An answer, and the lines of plans by which a statement on the way to it reads rows that it does not look for. */
// biome-ignore lint/suspicious/noExplicitAny: bodies of all kinds; tests look at what they expect
async function watched(method: string, path: string, body?: object): Promise<{ scans: string[]; body: any }> {
  statements.length = 0;
  const answer = await t.ask(owner, method, path, body);
  expect(answer.status, `${method} ${path} ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  const scans: string[] = [];
  // That the server itself does at any moment: no request's work.
  for (const statement of statements.filter(({ sql }) => !periodic.test(sql))) {
    for (const line of await planOf(statement)) if (isScan(line)) scans.push(`${line}: ${statement.sql}`);
  }
  return { scans, body: answer.body };
}

async function scansOf(method: string, path: string, body?: object): Promise<string[]> {
  return (await watched(method, path, body)).scans;
}

async function planOf({ sql, values }: Statement): Promise<string[]> {
  const { rows } = await query(handleOf(bare.db), `explain query plan ${sql}`, values);
  return rows.map((row) => row[3] as string);
}

/** `SCAN` reads a table or index from end to end; `SEARCH` with no value for the first column reads a part of no known size. */
function isScan(line: string): boolean {
  const [, table] = /^(?:SCAN|SEARCH) (\w+)/.exec(line) ?? [];
  if (table === undefined || table === 'CONSTANT' || /^SCAN \d+ CONSTANT/.test(line) || SMALL.has(table)) return false;
  return line.startsWith('SCAN') || /\(\w+[<>]/.test(line);
}

it('a plan that reads everything, or all beyond a value, is told from one that looks for a value', async () => {
  const lines = async (sql: string) => (await planOf({ sql, values: [] })).filter(isScan).length;
  expect(await lines('select id from ports')).toBe(1);
  expect(await lines("select id from ports where status = 'ACTIVE' order by id limit 5")).toBe(1);
  expect(await lines("select id from ports where id > 'a'")).toBe(1);
  expect(await lines("select id from ports where project_id = 'a' or id in ('b', 'c')")).toBe(0);
  expect(await lines('select id from ports where id in (select port_id from ipallocations)')).toBe(1);
});

const everything = [...serveResources(resources, allAliases()).values()];
const collections = [...new Set(everything)].filter(({ definition }) => definition.parent === undefined);

/** Aliases as a server has them that has them all. */
function allAliases(): ReadonlySet<string> {
  const used = resources.flatMap(({ extension, attributes }) => [
    extension,
    ...Object.values(attributes).flatMap((a) => [a.extension, a.sortExtension]),
  ]);
  return new Set(used.filter((alias) => alias !== undefined));
}

for (const { collection, sortable, filterable } of collections) {
  it(`a tenant's list of ${collection} reads what the tenant sees`, async () => {
    const { status, body } = await t.ask(owner, 'GET', collection);
    if (status === 404 || status === 403) return; // not a collection, or not for tenants
    expect(await scansOf('GET', collection)).toEqual([]);
    expect(await scansOf('GET', `${collection}?fields=id&limit=100`)).toEqual([]);
    const id = seen[collection];
    for (const [i, key] of [...sortable].entries()) {
      for (const direction of byTurns(['asc', 'desc'], 1, i)) {
        const path = `${collection}?limit=2&sort_key=${key}&sort_dir=${direction}`;
        expect(await scansOf('GET', path)).toEqual([]);
        if (id) expect(await scansOf('GET', `${path}&marker=${id}`)).toEqual([]);
      }
    }
    if (id === undefined) return;
    expect(await scansOf('GET', `${collection}/${id}`)).toEqual([]);
    expect(await scansOf('GET', `${collection}?limit=2&marker=${id}`)).toEqual([]);
    expect(await scansOf('GET', `${collection}?limit=2&marker=${id}&page_reverse=True`)).toEqual([]);
    const shown = body[collection].find((item: { id: string }) => item.id === id);
    for (const [key, { type }] of filterable) {
      const [value] = [shown[key]].flat();
      const invented = type.schema.type === 'integer' ? 1 : 'x';
      const known = typeof value === 'object' || value === undefined ? invented : value;
      const filter = `${key}=${encodeURIComponent(known)}`;
      if ((await t.ask(owner, 'GET', `${collection}?${filter}`)).status === 400) continue;
      expect(await scansOf('GET', `${collection}?${filter}`)).toEqual([]);
      expect(await scansOf('GET', `${collection}?${filter}&${filter}&sort_key=id&sort_dir=asc&limit=2`)).toEqual([]);
    }
    if (collection === 'ports') {
      const of = ['subnet_id=x', 'ip_address=10.0.0.2', 'ip_address_substr=0.0'].map((each) => `fixed_ips=${each}`);
      for (const filter of [
        ...of,
        'binding:host_id=',
        'binding:host_id=h',
        `security_groups=${seen.security_groups}`,
      ]) {
        expect(await scansOf('GET', `ports?${filter}`)).toEqual([]);
      }
    }
    if (!filterable.has('tags')) return;
    for (const filter of ['tags=a', 'tags=a,b', 'tags-any=a,b', 'not-tags=a', 'not-tags=a,b', 'not-tags-any=a,b']) {
      expect(await scansOf('GET', `${collection}?${filter}`)).toEqual([]);
    }
  });
}

it('what a tenant makes, changes and removes reads what the tenant has', async () => {
  const { networks, security_groups: group } = seen;
  const made: [collection: string, input: object, change: object | null][] = [
    ['networks', { name: 'w' }, { name: 'x' }],
    ['subnets', { network_id: networks, ip_version: 4, cidr: '10.2.0.0/24' }, { name: 'x', enable_dhcp: false }],
    ['ports', { network_id: networks, security_groups: [group] }, { name: 'x', security_groups: [] }],
    ['subnetpools', { name: 'w', prefixes: ['10.9.0.0/16'] }, { name: 'x' }],
    ['address-scopes', { name: 'w', ip_version: 6 }, { name: 'x' }],
    ['address-groups', { name: 'w' }, { name: 'x' }],
    ['security-groups', { name: 'w' }, { name: 'x' }],
    [
      'security-group-rules',
      { security_group_id: group, direction: 'ingress', protocol: 'udp', remote_group_id: group },
      null,
    ],
    [
      'rbac-policies',
      { object_type: 'network', object_id: networks, action: 'access_as_shared', target_tenant: 'beta' },
      { target_tenant: 'gamma' },
    ],
  ];
  for (const [collection, input, change] of made) {
    const key = collection.replaceAll('-', '_').replace(/ies$/, 'y').replace(/s$/, '');
    const { scans, body } = await watched('POST', collection, { [key]: input });
    expect(scans).toEqual([]);
    const { id } = body[key];
    if (change !== null) expect(await scansOf('PUT', `${collection}/${id}`, { [key]: change })).toEqual([]);
    expect(await scansOf('DELETE', `${collection}/${id}`)).toEqual([]);
  }
});

it('a tenant’s list takes as many statements for few objects as for more', async () => {
  for (let i = 0; i < 26; i++) {
    const { id } = await t.create(owner, 'networks', { name: `n${i}` });
    await t.create(owner, 'subnets', { network_id: id, ip_version: 4, cidr: '10.0.0.0/24' });
    await t.create(owner, 'ports', { network_id: id });
    if (i < 8) await t.create(owner, 'security-groups', { name: `g${i}` });
  }
  for (const collection of ['networks', 'subnets', 'ports', 'security-groups', 'security-group-rules']) {
    const statementsOf = async (query: string) => {
      const { body } = await watched('GET', `${collection}?${query}`);
      return { statements: statements.length, items: body[collection.replaceAll('-', '_')].length };
    };
    const few = await statementsOf('limit=4');
    const more = await statementsOf('limit=10');
    expect(few.items).toBe(4);
    expect(more).toEqual({ statements: few.statements, items: 10 });
    expect(more.statements, collection).toBeLessThanOrEqual(10);
  }
});
