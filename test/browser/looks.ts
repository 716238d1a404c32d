import { expect } from 'vitest';
import type { Screen } from '../support/browser.ts';
import { DashboardServer } from '../support/dashboard.ts';
import { reportAgents } from '../support/stand-in-agents.ts';
import { byTurns } from '../support/turns.ts';
import { until } from '../support/wait.ts';

/** A server with one of everything that pages look different by. */
export async function openServerToLookAt(): Promise<DashboardServer> {
  const service_plugins = 'router,qos,segments,trunk,port_forwarding,conntrack_helper,ndp_proxy,metering';
  const server = await DashboardServer.start({ DEFAULT: { service_plugins } });
  const { api } = server;
  const last_error = { at: '2026-11-29T12:00:00Z', what: 'a bridge that is too long to be read '.repeat(4), count: 2 };
  await reportAgents(server.deployment, [
    {
      ...{ binary: 'neutron-linuxbridge-agent', agent_type: 'Linux bridge agent', topic: 'N/A', host: 'hypervisor' },
      ...{ availability_zone: null, configurations: { interface_mappings: {}, bridge_mappings: {}, last_error } },
    },
    {
      ...{ binary: 'neutron-dhcp-agent', agent_type: 'DHCP agent', topic: 'dhcp_agent', host: 'controller' },
      ...{ availability_zone: 'nova', configurations: { networks: 1 } },
    },
  ]);
  const outside = await api.create('network', { name: 'outside', 'router:external': true });
  await api.create('subnet', { network_id: outside.id, ip_version: 4, cidr: '203.0.113.0/24' });
  const inside = await api.create('network', { name: 'inside' });
  const subnet = await api.create('subnet', { network_id: inside.id, ip_version: 4, cidr: '10.0.0.0/24' });
  const router = await api.create('router', { name: 'door', external_gateway_info: { network_id: outside.id } });
  await api.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const port = await api.create('port', { network_id: inside.id, name: 'guest', 'binding:host_id': 'hypervisor' });
  await api.create('floatingip', { floating_network_id: outside.id, port_id: port.id });
  return server;
}

/** Lists a day, of some 27 of the same make: a test that looks at them begins where the one before ended (`ahead`). */
export const LISTS = 9;

/** Every state of the page that is looked at, one after the other, each left as the next wants it. */
export async function* looks(screen: Screen, server: DashboardServer, ahead = 0): AsyncGenerator<string> {
  yield* pages(screen, server, ahead);
  yield* ofTopology(screen);
  yield* ofHosts(screen, server);
  yield* ofLists(screen);
}

async function* pages(screen: Screen, server: DashboardServer, ahead: number): AsyncGenerator<string> {
  const { page } = screen;
  await page.goto(server.url());
  const links = page.getByRole('navigation', { includeHidden: true }).locator('a');
  await links
    .filter({ hasText: screen.title('networks') })
    .first()
    .waitFor({ state: 'attached' });
  const all = await links.all();
  const addresses = await Promise.all(all.map(async (link) => (await link.getAttribute('href'))!.split('#')[1]!));
  const isList = (address: string) => address.startsWith('/lists/');
  const lists = byTurns(addresses.filter(isList), LISTS, ahead);
  expect(lists.length).toBeGreaterThanOrEqual(LISTS);
  for (const address of [...addresses.filter((one) => !isList(one)), ...lists]) {
    await page.goto(server.url(address));
    await page.getByRole('main').getByRole('heading').first().waitFor();
    await loaded(screen);
    yield address;
  }
}

async function* ofTopology(screen: Screen): AsyncGenerator<string> {
  const { page } = screen;
  await screen.go('topology.title');
  await screen.button('topology.legend').click();
  yield 'the legend';
  await screen.button('topology.legend').click();
  await screen.drawn('guest', 'guest').press('Enter');
  const panel = page.getByRole('complementary');
  await screen.button('topology.closePanel').waitFor();
  yield 'the panel of a guest';
  await screen.button('topology.why', panel).click();
  await screen.button('topology.whyAgain', panel).waitFor();
  yield 'what explains';
  await screen.button('topology.traceFromHere', panel).click();
  const form = page.getByRole('region', { name: screen.text('topology.trace') });
  await screen.type(form.getByRole('textbox', { name: screen.text('topology.traceTo'), exact: true }), '192.0.2.1');
  await screen.button('topology.follow', form).click();
  await screen.button('topology.forget', form).waitFor();
  yield 'the way of a packet';
  await page.getByText(screen.text('topology.graph'), { exact: true }).click();
  await page.locator('.react-flow__node').first().waitFor();
  yield 'the graph';
  await screen.drawn('door', 'router').press('Enter');
  await screen.button('topology.join', panel).first().click();
  await screen.dialog.waitFor();
  yield 'the dialog that joins';
  await screen.button('shell.cancel', screen.dialog).click();
  await screen.button('network.title').first().click();
  await screen.dialog.waitFor();
  yield 'the dialog of a network';
  await screen.button('shell.cancel', screen.dialog).click();
}

async function* ofHosts(screen: Screen, server: DashboardServer): AsyncGenerator<string> {
  const { page } = screen;
  const [port] = await server.api.list('port', 'name=guest');
  await page.goto(server.url(`/underneath/port/${port!.id}`));
  await page.getByRole('table').first().waitFor();
  yield 'what lies underneath a port';
  await page.goto(server.url('/agents'));
  await page.getByRole('row').filter({ hasText: 'hypervisor' }).getByRole('button').click();
  await screen.dialog.getByRole('heading', { name: screen.text('agents.history') }).waitFor();
  await loaded(screen);
  yield 'an agent';
  await page.keyboard.press('Escape');
  await screen.dialog.waitFor({ state: 'detached' });
}

async function* ofLists(screen: Screen): AsyncGenerator<string> {
  const { page } = screen;
  await screen.go({ list: 'ports' });
  await screen.button('lists.create').click();
  await screen.button('forms.more', screen.dialog).click();
  await screen.field('mac_address').waitFor();
  yield 'a form';
  await screen.button('forms.send', screen.dialog).click();
  await screen.dialog.getByText(screen.text('forms.required')).first().waitFor();
  yield 'a form with an error';
  await screen.button('shell.cancel', screen.dialog).click();

  const menu = page.getByRole('menu');
  const actions = screen.button(new RegExp(`^${screen.text('lists.actions')}: guest`));
  await actions.click();
  await menu.waitFor();
  yield 'a menu';
  await page.getByRole('menuitem', { name: screen.text('lists.details'), exact: true }).click();
  await menu.waitFor({ state: 'detached' });
  await screen.dialog.getByRole('tab', { name: screen.text('lists.json'), exact: true }).waitFor();
  yield 'details';
  await screen.dialog.getByRole('tab', { name: screen.text('lists.tags'), exact: true }).click();
  await screen.button('lists.tagsSave').waitFor();
  yield 'tags';
  await page.keyboard.press('Escape');
  await screen.dialog.waitFor({ state: 'detached' });
  await actions.click();
  await page.getByRole('menuitem', { name: screen.text('lists.delete'), exact: true }).click();
  await menu.waitFor({ state: 'detached' });
  await screen.dialog.waitFor();
  yield 'a question before something is deleted';
}

async function loaded(screen: Screen): Promise<void> {
  const loading = screen.page.getByLabel(screen.text('shell.loading'));
  await until('all that was loading', async () => (await loading.count()) === 0);
}
