import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../support/api.ts';
import { ChromiumBrowser, type Screen } from '../support/browser.ts';
import { DashboardServer } from '../support/dashboard.ts';

/** Names and descriptions that would like to be more than text, in every list, form, picture and question of the page. */
const ran = (what: string) => `globalThis.ran='${what}'`;
const HOSTILE: readonly string[] = [
  `<script>${ran('script')}</script>`,
  `<img src=x onerror="${ran('img')}">`,
  `"'>\`\${${ran('template')}}<svg/onload=${ran('svg')}>`,
  `javascript:${ran('address')}//%0a<a href="javascript:${ran('link')}">`,
  `\u202Etxt.exe\u202C \u05D0\u05D1\u05D2 \u2066\u200F{{${ran('braces')}}} $& $1 {name}`,
  'W'.repeat(255),
];
let server: DashboardServer;
let browser: ChromiumBrowser;
beforeAll(async () => {
  const service_plugins = 'router,qos,segments,trunk';
  [server, browser] = await Promise.all([
    DashboardServer.start({ DEFAULT: { service_plugins } }),
    ChromiumBrowser.launch(),
  ]);
  for (const [i, text] of HOSTILE.entries()) await makeAll(server.api, text, i);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** Everything that is drawn or listed under a name, with that name and description. */
async function makeAll(api: ApiClient, name: string, n: number): Promise<void> {
  const named = { name, description: name };
  const make = async (path: string, member: string, body: object) =>
    (await api.expect('POST', `/v2.0/${path}`, { [member]: { ...named, ...body } }))[member];
  const network = await make('networks', 'network', {});
  const subnet = await make('subnets', 'subnet', { network_id: network.id, ip_version: 4, cidr: `10.${n}.0.0/24` });
  const outside = await make('networks', 'network', { 'router:external': true });
  await make('subnets', 'subnet', { network_id: outside.id, ip_version: 4, cidr: `203.0.${n}.0/24` });
  const router = await make('routers', 'router', { external_gateway_info: { network_id: outside.id } });
  await api.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const port = await make('ports', 'port', { network_id: network.id, device_id: name });
  await api.expect('POST', '/v2.0/floatingips', {
    floatingip: { floating_network_id: outside.id, port_id: port.id, description: name },
  });
  const group = await make('security-groups', 'security_group', {});
  await api.expect('POST', '/v2.0/security-group-rules', {
    security_group_rule: { security_group_id: group.id, direction: 'ingress', description: name },
  });
  await make('subnetpools', 'subnetpool', { prefixes: [`10.1${n}.0.0/16`] });
  await make('qos/policies', 'policy', {});
  await make('address-groups', 'address_group', {});
  await api.expect('POST', '/v2.0/address-scopes', { address_scope: { name, ip_version: 4 } });
  const parent = await make('ports', 'port', { network_id: network.id });
  await make('trunks', 'trunk', { port_id: parent.id });
}

/** Nothing of it has become an element or has run, and the page is no wider than its window. */
async function isText(screen: Screen, where: string): Promise<void> {
  const seen = await screen.page.evaluate(`({
    ran: globalThis.ran ?? null,
    made: document.querySelectorAll('img[src="x"], body script, svg[onload], a[href^="javascript:"]').length,
    wider: document.scrollingElement.scrollWidth > innerWidth,
  })`);
  expect([where, seen, screen.faults]).toEqual([where, { ran: null, made: 0, wider: false }, []]);
}

const collections = [
  ...['networks', 'subnets', 'ports', 'routers', 'security_groups', 'subnetpools', 'policies'],
  ...['address_groups', 'address_scopes', 'trunks'],
] as const;

it('lists, details and questions show names as text', async () => {
  await using screen = await browser.open();
  const { page } = screen;
  for (const collection of collections) {
    await page.goto(server.url(`/lists/${collection}`));
    for (const name of HOSTILE) await page.getByRole('cell', { name, exact: true }).first().waitFor();
    await isText(screen, collection);
  }
  await page.goto(server.url('/lists/ports'));
  for (const [i, name] of HOSTILE.entries()) {
    const row = page.getByRole('row').filter({ has: page.getByRole('cell', { name, exact: true }) });
    await row.first().getByRole('button').nth(0).click();
    await screen.dialog.getByRole('heading', { name, exact: true }).waitFor();
    await screen.dialog.getByRole('tab', { name: screen.text('lists.json'), exact: true }).click();
    await isText(screen, `details ${i}`);
    await page.keyboard.press('Escape');
    await screen.dialog.waitFor({ state: 'detached' });
    await row.first().getByRole('checkbox').click();
  }
  await screen.button('lists.delete').first().click();
  await screen.dialog.waitFor();
  for (const name of HOSTILE) await screen.dialog.getByRole('listitem').filter({ hasText: name }).waitFor();
  await isText(screen, 'delete');
});

it('a form takes them as text, and shows the commands of what it did', async () => {
  await using screen = await browser.open({ language: 'zh' });
  for (const [i, name] of HOSTILE.entries()) {
    await screen.page.goto(server.url('/lists/networks'));
    await screen.button('network.title').click();
    const field = screen.dialog.getByLabel(screen.text('network.name'), { exact: true });
    await field.click();
    await screen.page.keyboard.insertText(name);
    expect(await screen.send()).toContain('net-create');
    await isText(screen, `network ${i}`);
  }
  await screen.page.goto(server.url('/lists/ports'));
  await screen.button('lists.create').click();
  await screen.field('network_id', 'combobox').click();
  for (const name of HOSTILE) await screen.page.getByRole('option').filter({ hasText: name }).first().waitFor();
  await isText(screen, 'what can be chosen');
});

it('the picture and its panel show them as text, as bars and as a graph', async () => {
  await using screen = await browser.open();
  const { page } = screen;
  await page.goto(server.url('/topology'));
  for (const name of HOSTILE) {
    const drawn = page.getByRole('button').filter({ hasNotText: '⋯' }).and(page.locator('.topology-thing'));
    await drawn
      .and(page.locator(`[aria-label^=${JSON.stringify(name)}]`))
      .first()
      .press('Enter');
    await screen.button('topology.closePanel').waitFor();
    await isText(screen, `panel of ${name}`);
    await screen.button('topology.closePanel').click();
  }
  await page.getByText(screen.text('topology.graph'), { exact: true }).click();
  await page.locator('.react-flow__node').first().waitFor();
  await isText(screen, 'graph');
});

it('an address of the page that says such a thing is text', async () => {
  await using screen = await browser.open();
  for (const [i, text] of HOSTILE.entries()) {
    await screen.page.goto(server.url(`/lists/networks?name=${encodeURIComponent(text)}`));
    await screen.page.getByRole('cell', { name: text, exact: true }).first().waitFor();
    await isText(screen, `filter ${i}`);
    await screen.page.goto(server.url(`/lists/${encodeURIComponent(text)}`));
    await screen.page.getByText(screen.text('lists.unknown')).waitFor();
    await isText(screen, `address ${i}`);
  }
});
