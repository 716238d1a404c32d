import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { everything, type Ground, ground, makeAgents, makeOne, makers } from '../support/every-resource.ts';
import { recordingDatabase, type Statement } from '../support/recorded-statements.ts';
import { admin, makeTenants, member, type Tenants } from '../support/tenants.ts';

/**
 * A request costs the same number of statements however many rows there are: none is asked for each row of another. Lists
 * shorter than `FEW` may be read by other statements than long ones, so both counts are of longer ones.
 */
const FEW = 52;
const MORE = 60;
/** For every request at most, so that a constant number is not a large one. */
const MOST = { list: 20, show: 12, create: 45, change: 40, remove: 25 } as const;

const unchanging = new Set(['security_group_rules', 'default_security_group_rules', 'metering_labels']);

const owner = member('demo');
let bare: Database;
let t: Tenants;
let statements: Statement[];
let trips: string[][];
let on: Ground;

beforeAll(async () => {
  bare = await temporaryDatabase();
  const recording = await recordingDatabase(bare);
  ({ statements, trips } = recording);
  const quota = Object.fromEntries(Object.keys(makers).map((name) => [`quota_${name.replace(/s$/, '')}`, 1000]));
  t = await makeTenants({ database: recording.recorded, options: { ...everything, quota }, atRest: true });
  on = await ground(t, owner);
  await makeAgents(t, MORE);
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  await bare.close();
  expect(faults).toEqual([]);
});

/** What the server does for a request and what it has to tell of it; not what it looks after by itself. */
async function count(work: () => Promise<{ status: number; body: unknown } | object>): Promise<number> {
  await t.plugin.idle();
  statements.length = 0;
  await work();
  await t.plugin.idle();
  return statements.filter(({ sql }) => !/["`](outbox|neutrino_\w+)["`]/.test(sql)).length;
}

interface Counts {
  list: number;
  show: number;
  create: number;
  change: number;
  remove: number;
}

async function measure(name: string, n: number): Promise<Counts> {
  const made = makers[name]!;
  const caller = made.byAdmin ? admin : owner;
  let id = '';
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await t.ask(caller, method, path, body);
    expect(answer.status, `${method} ${path} ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    return answer;
  };
  const create = await count(async () => {
    const item = await makeOne(t, owner, made, on, n);
    id = item.id;
    return item;
  });
  const change = made.change ?? (unchanging.has(name) ? null : { name: 'changed' });
  // What lists keep is made before.
  await ask('GET', made.path);
  const list = await count(() => ask('GET', made.path));
  const show = await count(() => ask('GET', `${made.path}/${id}`));
  const changed = change === null ? 0 : await count(() => ask('PUT', `${made.path}/${id}`, { [made.member]: change }));
  const remove = await count(() => ask('DELETE', `${made.path}/${id}`));
  return { list, show, create, change: changed, remove };
}

/** The least of three: a segment or an address is found by chance, now and then by one try more. */
async function least(name: string, n: number): Promise<Counts> {
  const [first, ...others] = [await measure(name, n), await measure(name, n + 1), await measure(name, n + 2)];
  const verbs = Object.keys(first!) as (keyof Counts)[];
  return Object.fromEntries(
    verbs.map((verb) => [verb, Math.min(first![verb], ...others.map((one) => one[verb]))]),
  ) as unknown as Counts;
}

describe('the statements of a request do not grow with the rows', () => {
  it.each(Object.keys(makers))('%s', async (name) => {
    const made = makers[name]!;
    for (let n = 0; n < FEW; n++) await makeOne(t, owner, made, on, n);
    // The first of a kind may fill what is kept between requests.
    await measure(name, 93);
    const few = await least(name, 94);
    for (let n = FEW; n < MORE; n++) await makeOne(t, owner, made, on, n);
    expect(await least(name, 97)).toEqual(few);
    for (const [verb, most] of Object.entries(MOST)) {
      expect(few[verb as keyof Counts], `${verb}: ${few[verb as keyof Counts]}`).toBeLessThanOrEqual(most);
    }
  });

  it('agents', async () => {
    expect(await count(() => t.ask(admin, 'GET', 'agents'))).toBeLessThanOrEqual(3);
  });

  it('many at once cost each what one costs, and share what they have in common', async () => {
    const bulk = (size: number) =>
      count(() =>
        t.ask(owner, 'POST', 'ports', { ports: Array.from({ length: size }, () => ({ network_id: on.network })) }),
      );
    await bulk(2);
    const ten = await bulk(10);
    const twenty = await bulk(20);
    const each = (twenty - ten) / 10;
    expect(each).toBeLessThanOrEqual(MOST.create / 2);
    expect(await bulk(40)).toBe(twenty + 20 * each);
  });
});

/** What a request costs on a database server is mostly how often it waits for an answer. */
describe('the round trips of a request', () => {
  const gateway = () => ({ router: { external_gateway_info: { network_id: on.outside } } });
  const cases: [what: string, most: number, method: string, path: () => string, body: () => object][] = [
    ['a port', 8, 'POST', () => 'ports', () => ({ port: { network_id: on.network } })],
    ['a router with a gateway (two of them for NDP proxies)', 9, 'POST', () => 'routers', gateway],
    ['a gateway (two of them for NDP proxies)', 12, 'PUT', () => `routers/${bareRouter}`, gateway],
    ['an interface', 12, 'PUT', () => `routers/${bareRouter}/add_router_interface`, () => ({ subnet_id: inner })],
    [
      'a floating IP that leads to a port',
      8,
      'POST',
      () => 'floatingips',
      () => ({ floatingip: { floating_network_id: on.outside, port_id: guest } }),
    ],
  ];
  let bareRouter: string;
  let inner: string;
  let guest: string;
  beforeAll(async () => {
    // Whoever is near a limit counts exactly, which is two more on database servers.
    const quota = { port: -1, router: -1, floatingip: -1 };
    expect((await t.ask(admin, 'PUT', `quotas/${owner.project}`, { quota })).status).toBe(200);
    bareRouter = (await t.create(owner, 'routers', {})).id;
    const network = await t.create(owner, 'networks', {});
    inner = (await t.create(owner, 'subnets', { network_id: network.id, ip_version: 4, cidr: '10.250.0.0/24' })).id;
    guest = (await t.create(owner, 'ports', { network_id: network.id })).id;
  });

  it.each(cases)('%s: %i at most', async (_, most, method, path, body) => {
    await t.plugin.idle();
    trips.length = 0;
    const answer = await t.ask(owner, method, path(), body());
    const done = trips.slice();
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    // What is told afterwards may have begun.
    const asked = done.slice(0, done.findIndex((trip) => trip.includes('commit')) + 1);
    expect(asked.length, asked.map((trip) => trip.join('\n  ')).join('\n')).toBeLessThanOrEqual(most);
  });
});
