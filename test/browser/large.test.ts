import { DatabaseSync } from 'node:sqlite';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { ApiClient } from '../support/api.ts';
import { browserStand } from '../support/browser-stand.ts';
import { DashboardServer } from '../support/dashboard.ts';
import { until } from '../support/wait.ts';

/**
 * A cloud of 51 networks, 20 routers and 2,000 guests. What is shown of it is tested; how long it takes is printed, for
 * docs/dashboard.md, and nobody's business here.
 */
const NETWORKS = 50;
const ROUTERS = 20;
const GUESTS = 2000;
/** Of the first network, so few that they stay apart. */
const DOWN = 3;
const unlimited = { quota_network: -1, quota_subnet: -1, quota_port: -1, quota_router: -1 };
const stand = browserStand(async (kept) => {
  const server = kept.use(await DashboardServer.start({ quotas: unlimited }));
  await populate(server.api);
  // There is no agent here that would say so.
  using database = new DatabaseSync(server.databaseFile);
  database.exec('PRAGMA busy_timeout = 10000');
  database.exec(`UPDATE ports SET status = 'ACTIVE' WHERE name NOT LIKE 'down-%'`);
  return server;
});

async function populate(api: ApiClient): Promise<void> {
  const outside = await api.create('network', { name: 'outside', 'router:external': true });
  await api.create('subnet', { network_id: outside.id, ip_version: 4, cidr: '203.0.112.0/24', enable_dhcp: false });
  const numbers = Array.from({ length: NETWORKS }, (_, i) => i);
  const networks = await api.createMany(
    'network',
    numbers.map((i) => ({ name: `net-${i}` })),
  );
  const subnets = await api.createMany(
    'subnet',
    networks.map(({ id }, i) => ({ network_id: id, ip_version: 4, cidr: `10.${i}.0.0/24` })),
  );
  for (let i = 0; i < ROUTERS; i++) {
    const gateway = i < ROUTERS / 2 ? { external_gateway_info: { network_id: outside.id } } : {};
    const { id } = await api.create('router', { name: `router-${i}`, ...gateway });
    for (const subnet of [subnets[2 * i]!, subnets[2 * i + 1]!])
      await api.expect('PUT', `/v2.0/routers/${id}/add_router_interface`, { subnet_id: subnet.id });
  }
  const each = GUESTS / NETWORKS;
  for (const [i, { id }] of networks.entries()) {
    const name = (n: number) => `${i === 0 && n < DOWN ? 'down' : 'guest'}-${i}-${n}`;
    const ports = Array.from({ length: each }, (_, n) => ({
      ...{ network_id: id, name: name(n), device_id: `vm-${i}-${n}`, device_owner: 'compute:nova' },
    }));
    await api.createMany('port', ports);
  }
}

/** The longest time that the page was busy at once, in ms, since this was last asked. */
const longest = async (page: Page): Promise<number> =>
  await page.evaluate('Math.round(Math.max(0, ...globalThis.busy.splice(0)))');

it('is grouped, searched, filtered and opened', async () => {
  await using screen = await stand.open({ isNew: true });
  const { page } = screen;
  await page.addInitScript(`
    globalThis.busy = [];
    new PerformanceObserver((list) => busy.push(...list.getEntries().map((one) => one.duration))).observe({ type: 'longtask', buffered: true });
  `);
  const figures: string[] = [];
  const picture = page.getByRole('group', { name: screen.text('topology.picture') });
  const things = picture.getByRole('button');
  const shown = (networks: number, routers: number, guests: number) =>
    page.getByRole('status').filter({ hasText: screen.text('topology.shown', { networks, routers, guests }) });
  const measured = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    await longest(page);
    await act();
    // Long tasks are told when they are over.
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))');
    figures.push(`${what}: busy for ${await longest(page)} ms at most`);
  };

  for (const how of ['cold', 'with its files in the cache']) {
    await page.goto('about:blank');
    await page.goto(stand.stage.url('/topology'));
    await shown(NETWORKS + 1, ROUTERS, GUESTS).waitFor();
    await things.first().waitFor();
    const [paint, picture] = (await page.evaluate(
      `[performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.now()].map(Math.round)`,
    )) as [number, number];
    figures.push(`${how}: first paint after ${paint} ms, the picture after ${picture} ms`);
  }
  const drawn = await things.count();
  expect(drawn).toBeLessThan(300);
  figures.push(`${drawn} things are drawn`);
  const groups = things.filter({ hasText: screen.text('topology.group', { count: GUESTS / NETWORKS }) });
  expect(await groups.count()).toBe(NETWORKS - 1);
  for (let n = 0; n < DOWN; n++) await screen.drawn(`down-0-${n}`, 'guest', 'down').waitFor();

  await measured('a network opened', async () => {
    await screen.drawn('net-7', 'network').press('Enter');
    await page.getByRole('complementary', { name: /net-7$/ }).waitFor();
  });
  await screen.button('topology.closePanel').click();

  const search = page.getByRole('searchbox', { name: screen.text('topology.search') });
  await measured('a search', async () => {
    await screen.type(search, 'guest-31-17');
    await screen.drawn('guest-31-17', 'guest', 'up').waitFor();
  });
  expect(await things.filter({ hasText: /guest-/ }).count()).toBe(1);
  await screen.button('topology.clear').click();
  await shown(NETWORKS + 1, ROUTERS, GUESTS).waitFor();

  const status = page.getByRole('combobox', { name: screen.text('topology.status'), exact: true });
  await measured('a filter', async () => {
    await screen.choose(status, new RegExp(`${screen.text('topology.down')}$`));
    await until('only those that are down', async () => (await things.filter({ hasText: /guest-/ }).count()) === 0);
  });
  expect(await things.filter({ hasText: /down-0-/ }).count()).toBe(DOWN);
  await screen.button('topology.clear').click();

  await measured('a pile opened', async () => {
    await groups.first().press('Enter');
    await screen.button('topology.open').click();
    await until('each of them', async () => (await things.filter({ hasText: /^\S*\s*guest-/ }).count()) > 30);
  });
  await screen.button('topology.gather').click();

  await measured('the graph, for the first time', async () => {
    await page.getByText(screen.text('topology.graph'), { exact: true }).click();
    await page.locator('.react-flow__node').first().waitFor();
  });
  console.log(figures.join('\n'));
  expect(screen.faults).toEqual([]);
});

it('the list of ports is paged by the server', async () => {
  await using screen = await stand.open({ language: 'zh' });
  await screen.page.goto(stand.stage.url('/lists/ports'));
  const rows = screen.page.getByRole('table').getByRole('row');
  await until('a page', async () => (await rows.count()) === 51);
  await screen.button('lists.next').click();
  await screen.page.getByText(screen.text('lists.page', { page: 2 })).waitFor();
  expect(await rows.count()).toBe(51);
  expect(screen.faults).toEqual([]);
});
