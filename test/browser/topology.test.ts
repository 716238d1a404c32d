import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Screen } from '../support/browser.ts';
import { browserStand } from '../support/browser-stand.ts';
import { DashboardServer } from '../support/dashboard.ts';
import { until } from '../support/wait.ts';

/** What is done with the picture itself. */
const stand = browserStand(async (kept) => {
  const server = kept.use(await DashboardServer.start());
  const { api } = server;
  const outside = await api.create('network', { name: 'outside', 'router:external': true });
  await api.create('subnet', { network_id: outside.id, ip_version: 4, cidr: '203.0.113.0/24' });
  for (const [i, name] of ['inside', 'beside'].entries()) {
    const { id } = await api.create('network', { name });
    await api.create('subnet', { network_id: id, ip_version: 4, cidr: `10.0.${i}.0/24` });
  }
  await api.create('router', { name: 'door' });
  return server;
});

async function openGraph(screen: Screen): Promise<void> {
  await screen.page.goto(stand.stage.url('/topology'));
  await screen.page.getByText(screen.text('topology.graph'), { exact: true }).click();
  await node(screen, 'door').waitFor();
  await screen.button('topology.fit').click();
}

function node({ page }: Screen, name: string): Locator {
  return page.locator('.react-flow__node').filter({ has: page.getByText(name, { exact: true }) });
}

/** Draws a line with the mouse, from the dot at one thing to the dot at another. */
async function drag(screen: Screen, from: Locator, to: Locator): Promise<void> {
  const { mouse } = screen.page;
  const [start, end] = await Promise.all([from, to].map((dot) => dot.boundingBox()));
  await mouse.move(start!.x + start!.width / 2, start!.y + start!.height / 2);
  await mouse.down();
  await mouse.move(end!.x + end!.width / 2, end!.y + end!.height / 2, { steps: 12 });
  await mouse.up();
}

const dot = (of: Locator, side: 'in' | 'out') => of.locator(`[data-handleid=${side}]`);
const ports = (owner: string) => stand.stage.api.list('port', `device_owner=${owner}`);

describe('a line that is dragged', () => {
  it('from a network to a router makes an interface there, which can be taken back', async () => {
    await using screen = await stand.open();
    await openGraph(screen);
    const legs = () => ports('network:router_interface');
    expect(await legs()).toEqual([]);
    await drag(screen, dot(node(screen, 'inside'), 'out'), dot(node(screen, 'door'), 'in'));
    await screen.dialog.getByRole('heading', { name: screen.text('topology.join'), exact: true }).waitFor();
    expect(await screen.dialog.getByRole('combobox', { name: screen.text('topology.router') }).inputValue()).toBe(
      'door',
    );
    const told = await screen.send('topology.join');
    expect(told).toMatch(/openstack router add subnet \S+ \S+/);
    expect(told).toMatch(/curl .*add_router_interface/);
    expect(await legs()).toMatchObject([{ fixed_ips: [{ ip_address: '10.0.0.1' }] }]);
    await until('the line', async () => (await screen.page.locator('.react-flow__edge').count()) === 1);

    await drag(screen, dot(node(screen, 'door'), 'out'), dot(node(screen, 'beside'), 'in'));
    await screen.button('topology.join', screen.dialog).click();
    await screen.button('forms.undo', screen.dialog).click();
    await screen.dialog.getByText(screen.text('forms.undoneText')).waitFor();
    await screen.button('shell.close', screen.dialog).last().click();
    expect(await legs()).toHaveLength(1);
    expect(screen.faults).toEqual([]);
  });

  it('from a router to an external network makes its gateway', async () => {
    await using screen = await stand.open({ language: 'zh' });
    await openGraph(screen);
    await drag(screen, dot(node(screen, 'door'), 'in'), dot(node(screen, '☁ outside'), 'out'));
    await screen.dialog.getByText(screen.text('topology.joinOutside')).waitFor();
    expect(await screen.send('topology.join')).toContain('--external-gateway=');
    expect(await ports('network:router_gateway')).toHaveLength(1);
    expect(screen.faults).toEqual([]);
  });

  it('between two networks asks for nothing', async () => {
    await using screen = await stand.open();
    await openGraph(screen);
    await drag(screen, dot(node(screen, 'inside'), 'out'), dot(node(screen, 'beside'), 'in'));
    // A line that asks for something would have opened its dialog before this one's can open.
    await screen.button('network.title').click();
    await screen.dialog.waitFor();
    expect(await screen.dialog.count()).toBe(1);
    expect(screen.faults).toEqual([]);
  });
});

it('a legend says what the picture means, and goes by Escape', async () => {
  await using screen = await stand.open();
  await screen.page.goto(stand.stage.url('/topology'));
  const legend = screen.page.getByRole('region', { name: screen.text('topology.legend') });
  await screen.button('topology.legend').click();
  for (const key of ['topology.legendExternal', 'topology.legendBroken', 'topology.off'] as const)
    await legend
      .getByRole('listitem')
      .filter({ hasText: screen.text(key) })
      .waitFor();
  await screen.button('topology.legend').press('Escape');
  await legend.getByRole('button', { name: screen.text('shell.close') }).press('Escape');
  await legend.waitFor({ state: 'detached' });
  expect(screen.faults).toEqual([]);
});

it('all of many networks is shown when that is asked for', async () => {
  await using screen = await stand.open();
  const { page } = screen;
  await stand.stage.api.createMany(
    'network',
    Array.from({ length: 50 }, (_, i) => ({ name: `many-${i}` })),
  );
  await page.goto(stand.stage.url('/topology'));
  await screen.drawn('many-49', 'network').waitFor();
  const hidden = async () =>
    (await page.evaluate(`(() => {
      const room = document.querySelector('svg.topology-picture').getBoundingClientRect();
      const boxes = [...document.querySelectorAll('.topology-thing')].map((one) => one.getBoundingClientRect());
      return boxes.filter(({ top, bottom }) => top < room.top || bottom > room.bottom).length;
    })()`)) as number;
  expect(await hidden()).toBeGreaterThan(0);
  await screen.button('topology.fit').click();
  await until('every bar in sight', async () => (await hidden()) === 0);
  expect(screen.faults).toEqual([]);
});

it('a server without routers is asked for none', async () => {
  await using bare = await DashboardServer.start({ DEFAULT: { service_plugins: '' } });
  const network = await bare.api.create('network', { name: 'alone' });
  await using screen = await stand.open();
  await screen.page.goto(bare.url('/topology'));
  await screen.drawn('alone', 'network').click();
  await screen.button('topology.closePanel').waitFor();
  await screen.page.goto(bare.url(`/underneath/network/${network.id}`));
  await screen.page.getByRole('combobox', { name: screen.text('underneath.choose') }).click();
  await screen.page.getByRole('option', { name: 'alone' }).waitFor();
  expect(screen.faults).toEqual([]);
});
