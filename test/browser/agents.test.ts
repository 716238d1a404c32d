import { expect, it } from 'vitest';
import type { Agent } from '../../src/resources/shapes.ts';
import type { Language, Screen } from '../support/browser.ts';
import { browserStand } from '../support/browser-stand.ts';
import { DashboardServer } from '../support/dashboard.ts';
import { type EmulatedHost, openLab } from '../support/hosts.ts';
import { until } from '../support/wait.ts';

/** Real agents on two hosts, and what they serve moved from one to the other by a click. */
const stand = browserStand(async (kept) => {
  const lab = await openLab();
  kept.defer(() => lab.close());
  const server = kept.use(await DashboardServer.start());
  const hosts = [await lab.addHost({ name: 'moves-a' }), await lab.addHost({ name: 'moves-b' })];
  for (const host of hosts) {
    await server.deployment.agent('neutron-linuxbridge-agent', host);
    await server.deployment.agent('neutron-dhcp-agent', host);
    await server.deployment.agent('neutron-l3-agent', host);
  }
  return { hosts, server };
});

const has = async (host: EmulatedHost, netns: string) => (await host.namespaces()).includes(netns);
const other = (host: EmulatedHost) => stand.stage.hosts.find((one) => one !== host)!;

/** The host whose agent was chosen for it. */
async function servedBy(path: string): Promise<EmulatedHost> {
  const name = await until('an agent', async () => {
    const { agents } = (await stand.stage.server.api.expect('GET', `/v2.0/${path}`)) as { agents: Agent[] };
    return agents[0]?.host;
  });
  return stand.stage.hosts.find((host) => host.name === name)!;
}

/** Opens an agent from the list of all. */
async function openAgent(screen: Screen, kind: 'DHCP agent' | 'L3 agent', host: EmulatedHost): Promise<void> {
  const name = `${screen.text(`agents.kind.${kind}`)} ${host.name}`;
  await screen.page.goto(stand.stage.server.url('/agents'));
  await screen.page.getByRole('button', { name: screen.text('agents.open', { name }), exact: true }).click();
  await screen.dialog.waitFor();
}

const button = (screen: Screen, name: string) => screen.page.getByRole('button', { name, exact: true });

it.each<Language>(['en', 'zh'])('a network goes to the DHCP agent of another host: %s', async (language) => {
  const network = await stand.stage.server.api.create('network', { name: `lan-${language}` });
  await stand.stage.server.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.1.0.0/24' });
  const [netns, path] = [`qdhcp-${network.id}`, `networks/${network.id}/dhcp-agents`];
  const from = await servedBy(path);
  const to = other(from);
  await until('its DHCP server', () => has(from, netns));

  await using screen = await stand.open({ language });
  await openAgent(screen, 'DHCP agent', from);
  await button(screen, screen.text('agents.moveTo', { name: network.name, host: to.name })).click();
  await screen.dialog
    .getByRole('status')
    .filter({ hasText: screen.text('agents.done', { count: 1 }) })
    .waitFor();
  await screen.dialog.getByRole('link', { name: network.name, exact: true }).waitFor({ state: 'detached' });
  await openAgent(screen, 'DHCP agent', to);
  await screen.dialog.getByRole('link', { name: network.name, exact: true }).waitFor();

  expect((await servedBy(path)).name).toBe(to.name);
  await until('dnsmasq on the other host', async () => {
    if (!(await has(to, netns))) return false;
    const { stdout } = await to.run(['ip', 'netns', 'pids', netns]);
    return stdout.trim() !== '';
  });
  await until('nothing of it where it was', async () => !(await has(from, netns)));
  expect(screen.faults).toEqual([]);
});

it('a router goes to the L3 agent of another host, after a question', async () => {
  const network = await stand.stage.server.api.create('network', { name: 'behind' });
  const subnet = await stand.stage.server.api.create('subnet', {
    network_id: network.id,
    ip_version: 4,
    cidr: '10.2.0.0/24',
  });
  const router = await stand.stage.server.api.create('router', { name: 'door' });
  await stand.stage.server.api.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, {
    subnet_id: subnet.id,
  });
  const [netns, path] = [`qrouter-${router.id}`, `routers/${router.id}/l3-agents`];
  const from = await servedBy(path);
  const to = other(from);
  const isBuilt = async (host: EmulatedHost) =>
    (await has(host, netns)) && (await host.links(netns)).some((name) => name.startsWith('qr-'));
  await until('the router', () => isBuilt(from));

  await using screen = await stand.open();
  await openAgent(screen, 'L3 agent', from);
  const move = button(screen, screen.text('agents.moveTo', { name: 'door', host: to.name }));
  const question = screen.page.getByRole('dialog', {
    name: screen.text('agents.moveTitle', { count: 1, host: to.name }),
  });
  await move.click();
  await screen.button('shell.cancel', question).click();
  await question.waitFor({ state: 'detached' });
  expect((await servedBy(path)).name).toBe(from.name);

  await move.click();
  await question.getByRole('button', { name: screen.text('agents.move', { count: 1 }) }).click();
  await screen.dialog
    .getByRole('status')
    .filter({ hasText: screen.text('agents.done', { count: 1 }) })
    .waitFor();
  await openAgent(screen, 'L3 agent', to);
  await screen.dialog.getByRole('link', { name: 'door', exact: true }).waitFor();

  await until('the router on the other host', () => isBuilt(to));
  await until('nothing of it where it was', async () => !(await has(from, netns)));

  // What the other host's kernel counts at the router's device, beside what is said of it.
  await screen.page.goto(stand.stage.server.url(`/underneath/router/${router.id}`));
  const told = screen.page.getByRole('row').filter({ hasText: `qr-` });
  const counted = new RegExp(screen.text('underneath.went', { count: '[0-9]+' }));
  await told.filter({ hasText: counted }).first().waitFor();
  expect(screen.faults).toEqual([]);
});
