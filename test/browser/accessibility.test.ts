import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import { obstacles } from '../support/accessibility.ts';
import { ChromiumBrowser, type Screen } from '../support/browser.ts';
import { DashboardServer } from '../support/dashboard.ts';
import { authtoken } from '../support/identity.ts';
import { until } from '../support/wait.ts';

/** For people who do not see, do not use a mouse, or have a small screen. */
let server: DashboardServer;
let browser: ChromiumBrowser;
beforeAll(async () => {
  const service_plugins = 'router,qos,segments,trunk,port_forwarding,conntrack_helper,ndp_proxy,metering';
  [server, browser] = await Promise.all([
    DashboardServer.start({ DEFAULT: { service_plugins } }),
    ChromiumBrowser.launch(),
  ]);
  const { api } = server;
  const outside = await api.create('network', { name: 'outside', 'router:external': true });
  await api.create('subnet', { network_id: outside.id, ip_version: 4, cidr: '203.0.113.0/24' });
  const inside = await api.create('network', { name: 'inside' });
  const subnet = await api.create('subnet', { network_id: inside.id, ip_version: 4, cidr: '10.0.0.0/24' });
  const router = await api.create('router', { name: 'door', external_gateway_info: { network_id: outside.id } });
  await api.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const port = await api.create('port', { network_id: inside.id, name: 'guest' });
  await api.create('floatingip', { floating_network_id: outside.id, port_id: port.id });
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** Every state of the page that is looked at, one after the other, each left as the next wants it. */
async function* looks(screen: Screen): AsyncGenerator<string> {
  const { page } = screen;
  await page.goto(server.url());
  await page
    .getByRole('navigation')
    .getByRole('link', { name: screen.title('networks'), exact: true })
    .waitFor();
  const links = await page.getByRole('navigation').getByRole('link').all();
  const addresses = await Promise.all(links.map(async (link) => (await link.getAttribute('href'))!.split('#')[1]!));
  for (const address of addresses) {
    await page.goto(server.url(address));
    await page.getByRole('main').getByRole('heading').first().waitFor();
    const loading = page.getByLabel(screen.text('shell.loading'));
    await until('all that was loading', async () => (await loading.count()) === 0);
    yield address;
  }
  await screen.go('topology.title');
  await screen.drawn('guest', 'guest').click();
  await screen.button('topology.closePanel').waitFor();
  yield 'the panel of a guest';
  await page.getByText(screen.text('topology.graph'), { exact: true }).click();
  await page.locator('.react-flow__node').first().waitFor();
  yield 'the graph';
  await screen.button('network.title').click();
  await screen.dialog.waitFor();
  yield 'the dialog of a network';
  await screen.button('shell.cancel', screen.dialog).click();

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
  await page.keyboard.press('Escape');
  await screen.dialog.waitFor({ state: 'detached' });
  await actions.click();
  await page.getByRole('menuitem', { name: screen.text('lists.delete'), exact: true }).click();
  await menu.waitFor({ state: 'detached' });
  await screen.dialog.waitFor();
  yield 'a question before something is deleted';
}

describe.each(['light', 'dark'] as const)('axe finds nothing serious or critical, %s', (colorScheme) => {
  it('on every page and in every dialog', async () => {
    await using screen = await browser.open({ colorScheme });
    const found: string[] = [];
    for await (const look of looks(screen))
      for (const obstacle of await obstacles(screen.page)) found.push(`${look}: ${obstacle}`);
    expect(found).toEqual([]);
    expect(screen.faults).toEqual([]);
  });

  it('where one signs in', async () => {
    await using keystone = await FakeKeystone.start();
    const withKeystone = { DEFAULT: { auth_strategy: 'keystone' }, keystone_authtoken: authtoken(keystone) };
    await using guarded = await DashboardServer.start(withKeystone, keystone.add({ roles: ['admin'] }));
    await using screen = await browser.open({ colorScheme, language: 'zh' });
    await screen.page.goto(guarded.url());
    await screen.button('signIn.enter').waitFor();
    expect(await obstacles(screen.page)).toEqual([]);
  });
});

it('a network is made by keyboard alone', async () => {
  await using screen = await browser.open();
  const { page } = screen;
  await page.goto(server.url('/lists/networks'));
  await page.getByRole('cell', { name: 'inside', exact: true }).waitFor();
  const isAt = async (name: string) => (await focused(screen)).includes(name);
  /** Goes on by Tab until that is reached. */
  const tabTo = async (name: string): Promise<void> => {
    for (let steps = 0; steps < 60; steps++) {
      if (await isAt(name)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`${name} is not reached by Tab`);
  };
  await page.keyboard.press('Tab');
  await expect.poll(() => isAt(screen.text('shell.skip'))).toBe(true);
  await page.keyboard.press('Enter');
  await tabTo(screen.text('network.title'));
  await page.keyboard.press('Enter');
  await screen.dialog.waitFor();
  await expect.poll(() => isAt(screen.text('network.name'))).toBe(true);
  await page.keyboard.type('by-keyboard');
  await tabTo(screen.text('network.cidr'));
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('10.99.0.0/24');
  await page.keyboard.press('Enter');
  await screen.dialog.getByRole('heading', { name: screen.text('forms.done'), exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await screen.dialog.waitFor({ state: 'detached' });
  await page.getByRole('cell', { name: 'by-keyboard', exact: true }).waitFor();
  expect(screen.faults).toEqual([]);
});

/** The words of the button, link or input that has the focus. */
async function focused({ page }: Screen): Promise<string> {
  return await page.evaluate(`(() => {
    const at = document.activeElement;
    if (!['BUTTON', 'INPUT', 'A'].includes(at.tagName)) return '';
    return [at.ariaLabel, at.textContent, ...[...(at.labels ?? [])].map((label) => label.textContent)].join(' ');
  })()`);
}

it.each(['en', 'zh'] as const)(
  'a narrow window has no horizontal scroll, and its navigation works: %s',
  async (language) => {
    await using screen = await browser.open({ language, viewport: { width: 390, height: 800 }, hasTouch: true });
    const { page } = screen;
    await page.goto(server.url());
    const menu = page.getByRole('button', { name: screen.text('shell.openNavigation') });
    const wide = (): Promise<number> => page.evaluate('document.scrollingElement.scrollWidth - innerWidth');
    for (const collection of ['ports', 'security_group_rules']) {
      await menu.click();
      await screen.go({ list: collection });
      expect([collection, await wide()]).toEqual([collection, 0]);
    }
    await screen.button('lists.create').click();
    await screen.dialog.waitFor();
    expect(await wide()).toBe(0);
    await screen.button('shell.cancel', screen.dialog).click();
    await menu.click();
    await screen.go('topology.title');
    await screen.drawn('guest', 'guest').waitFor();
    expect(await wide()).toBe(0);
    expect(screen.faults).toEqual([]);
  },
);
