import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import type { ApiClient } from '../support/api.ts';
import type { Screen } from '../support/browser.ts';
import { browserStand } from '../support/browser-stand.ts';
import { DashboardServer } from '../support/dashboard.ts';
import { reportAgents, setHeartbeats } from '../support/stand-in-agents.ts';
import { byTurns } from '../support/turns.ts';

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
const WIDEST = HOSTILE.length - 1;
/** By turns between two tests, but for the widest name. */
const isTried = (i: number, turn: 0 | 1) =>
  process.env.NEUTRINO_TEST_LONG !== undefined || i === WIDEST || i % 2 === turn;
/** Longer than these tests take on any machine: agents live and die when a test says so. */
const AGENT_DOWN_S = 86_400;
const stand = browserStand(async (kept) => {
  const service_plugins = 'router,qos,segments,trunk';
  const server = kept.use(await DashboardServer.start({ DEFAULT: { service_plugins, agent_down_time: AGENT_DOWN_S } }));
  // Whoever reaches the queue can report an agent under any name.
  await reportAgents(server.deployment, HOSTILE.map(agentNamed));
  for (const [i, text] of HOSTILE.entries()) await makeAll(server.api, text, i);
  return server;
});

function agentNamed(name: string) {
  const last_error = { at: '2026-11-29T12:00:00Z', what: name, count: 1 };
  return {
    ...{ binary: 'neutron-linuxbridge-agent', agent_type: 'Linux bridge agent', topic: 'N/A', host: name },
    ...{
      availability_zone: null,
      configurations: { interface_mappings: {}, bridge_mappings: {}, last_error, [name]: name },
    },
  };
}

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
  const port = await make('ports', 'port', { network_id: network.id, device_id: name, 'binding:host_id': name });
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

/** Nothing of it has become an element or has run, and neither page nor dialog nor panel is wider than it is shown. */
async function isText(screen: Screen, where: string): Promise<void> {
  const seen = await screen.page.evaluate(`({
    ran: globalThis.ran ?? null,
    made: document.querySelectorAll('img[src="x"], body script, svg[onload], a[href^="javascript:"]').length,
    wider: [document.scrollingElement, ...document.querySelectorAll('main, aside, [role=dialog], [role=tooltip]')]
      .filter((one) => one.scrollWidth > one.clientWidth)
      .map((one) => one.tagName + ' ' + one.className),
  })`);
  expect([where, seen, screen.faults]).toEqual([where, { ran: null, made: 0, wider: [] }, []]);
}

const collections = [
  ...['networks', 'subnets', 'ports', 'routers', 'security_groups', 'subnetpools', 'policies'],
  ...['address_groups', 'address_scopes', 'trunks'],
] as const;

it('lists, details and questions show names as text', async () => {
  await using screen = await stand.open();
  const { page } = screen;
  for (const collection of collections) {
    await page.goto(stand.stage.url(`/lists/${collection}`));
    for (const name of HOSTILE) await page.getByRole('cell', { name, exact: true }).first().waitFor();
    await isText(screen, collection);
  }
  await page.goto(stand.stage.url('/lists/ports'));
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
  await using screen = await stand.open({ language: 'zh' });
  for (const [i, name] of byTurns([...HOSTILE.entries()], 3)) {
    await screen.page.goto(stand.stage.url('/lists/networks'));
    await screen.button('network.title').click();
    const field = screen.dialog.getByLabel(screen.text('network.name'), { exact: true });
    await field.click();
    await screen.page.keyboard.insertText(name);
    expect(await screen.send()).toContain('net-create');
    await isText(screen, `network ${i}`);
  }
  await screen.page.goto(stand.stage.url('/lists/ports'));
  await screen.button('lists.create').click();
  await screen.field('network_id', 'combobox').click();
  for (const name of HOSTILE) await screen.page.getByRole('option').filter({ hasText: name }).first().waitFor();
  await isText(screen, 'what can be chosen');
});

it('the picture and its panel show them as text, as bars and as a graph', async () => {
  await using screen = await stand.open();
  const { page } = screen;
  await page.goto(stand.stage.url('/topology'));
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
  await using screen = await stand.open();
  for (const [i, text] of byTurns([...HOSTILE.entries()], 3)) {
    await screen.page.goto(stand.stage.url(`/lists/networks?name=${encodeURIComponent(text)}`));
    await screen.page.getByRole('cell', { name: text, exact: true }).first().waitFor();
    await isText(screen, `filter ${i}`);
    await screen.page.goto(stand.stage.url(`/lists/${encodeURIComponent(text)}`));
    await screen.page.getByText(screen.text('lists.unknown')).waitFor();
    await isText(screen, `address ${i}`);
  }
});

/** The row of a list that has one of them under its name. */
function rowOf({ page }: Screen, name: string): Locator {
  return page
    .getByRole('row')
    .filter({ has: page.getByRole('cell', { name, exact: true }) })
    .first();
}

/** Opens the form of a row by its menu. */
async function edit(screen: Screen, row: Locator): Promise<void> {
  await row.getByRole('button').last().click();
  await screen.page.getByRole('menuitem', { name: screen.text('lists.edit'), exact: true }).click();
  await screen.button('forms.send', screen.dialog).waitFor();
}

const forms = [...collections, 'floatingips'];

// A day each form has one of the names, and the next form the next.
it('the form that changes one holds them as text', async () => {
  await using screen = await stand.open();
  for (const [turn, collection] of forms.entries()) {
    const attribute = collection === 'floatingips' ? 'description' : 'name';
    await screen.page.goto(stand.stage.url(`/lists/${collection}`));
    for (const [i, name] of byTurns([...HOSTILE.entries()], 1, turn)) {
      // Of floating IPs the lists show no description.
      const row = collection === 'floatingips' ? screen.page.getByRole('row').nth(i + 1) : rowOf(screen, name);
      await edit(screen, row);
      const more = screen.button('forms.more', screen.dialog);
      if (await more.isVisible()) await more.click();
      const held = await screen.field(attribute).inputValue();
      expect([collection, held]).toEqual([
        collection,
        collection === 'floatingips' ? HOSTILE.find((one) => one === held) : name,
      ]);
      await isText(screen, `${collection} ${i}`);
      await screen.button('shell.cancel', screen.dialog).click();
      await screen.dialog.waitFor({ state: 'detached' });
    }
  }
});

it('tags show them as text, and can be taken back', async () => {
  await using screen = await stand.open();
  const { page } = screen;
  const tags = HOSTILE.map((text) => text.replaceAll(',', ' ').slice(0, 60));
  await page.goto(stand.stage.url('/lists/networks'));
  const open = () => rowOf(screen, HOSTILE[0]!).getByRole('button').first().click();
  const badge = (tag: string) => screen.dialog.getByRole('cell', { name: tag, exact: false });
  await open();
  await screen.dialog.getByRole('tab', { name: screen.text('lists.tags'), exact: true }).click();
  await screen.dialog.getByRole('combobox', { name: screen.text('lists.tags') }).click();
  for (const tag of tags) {
    await page.keyboard.insertText(tag);
    await page.keyboard.press('Enter');
  }
  await isText(screen, 'tags typed');
  await screen.button('lists.tagsSave').click();
  const done = page.getByRole('dialog', { name: screen.text('forms.done') });
  await done.getByText(/openstack network set --no-tag/).waitFor();
  await isText(screen, 'tags done');
  await done
    .getByRole('button', { name: screen.text('shell.close') })
    .last()
    .click();
  await screen.dialog.getByRole('tab', { name: screen.text('lists.details'), exact: true }).click();
  for (const tag of tags) await badge(tag).first().waitFor();
  await isText(screen, 'tags');

  await screen.dialog.getByRole('tab', { name: screen.text('lists.tags'), exact: true }).click();
  await screen.button('lists.tagsSave').click();
  await done.waitFor();
  await screen.button('forms.undo', done).click();
  await page.getByRole('dialog', { name: screen.text('forms.undone') }).waitFor();
  expect(screen.faults).toEqual([]);
});

// One that is alive is asked, and does not answer: then there is a place beside the way. Without `--long` the widest name is
// tried with both, the others with one of them.
it.each(['alive', 'dead'] as const)(
  'what lies underneath shows them as text, with agents that are %s',
  async (life) => {
    setHeartbeats(stand.stage.databaseFile, life === 'alive' ? Date.now() : 0);
    await using screen = await stand.open();
    const { page } = screen;
    const { api } = stand.stage;
    for (const [i, name] of HOSTILE.entries()) {
      if (!isTried(i, life === 'alive' ? 0 : 1)) continue;
      const named = `name=${encodeURIComponent(name)}`;
      const [port] = await api.list('port', `${named}&binding:host_id=${encodeURIComponent(name)}`);
      const [network, router] = [(await api.list('network', named))[0], (await api.list('router', named))[0]];
      const [floating] = await api.list('floatingip', `port_id=${port!.id}`);
      const subjects = { port, network, router, floatingip: floating };
      for (const [subject, one] of Object.entries(subjects)) {
        await page.goto(stand.stage.url(`/underneath/${subject}/${one!.id}`));
        if (subject !== 'floatingip') await page.getByRole('heading', { name, exact: false }).first().waitFor();
        // What should be beside what is.
        await page.getByRole('table').first().waitFor();
        // Of a port its host is told.
        if (subject === 'port') {
          await page.getByRole('cell').filter({ hasText: name }).first().waitFor();
          const silent = page.getByRole('button', { name: screen.text('underneath.at.answer') });
          expect([life, await silent.count()]).toEqual([life, life === 'alive' ? 1 : 0]);
        }
        await isText(screen, `${subject} ${i}`);
      }
      await page.getByRole('combobox', { name: screen.text('underneath.choose') }).click();
      await page.keyboard.insertText(name);
      await page.getByRole('option').filter({ hasText: name }).first().waitFor();
      await isText(screen, `found ${i}`);
    }
  },
);

// Without `--long` the widest name in both languages, the others in one of them.
it.each(['en', 'zh'] as const)('what explains and traces shows them as text: %s', async (language) => {
  setHeartbeats(stand.stage.databaseFile, language === 'en' ? Date.now() : 0);
  await using screen = await stand.open({ language });
  const { page } = screen;
  for (const [i, name] of HOSTILE.entries()) {
    if (!isTried(i, language === 'en' ? 0 : 1)) continue;
    const [port] = await stand.stage.api.list('port', `binding:host_id=${encodeURIComponent(name)}`);
    await page.goto(stand.stage.url(`/topology?select=${port!.id}`));
    const panel = page.getByRole('complementary');
    await screen.button('topology.why', panel).click();
    await panel.getByText(name).first().waitFor();
    await screen.button('topology.whyAgain', panel).waitFor();
    await isText(screen, `explained ${i}`);
    await screen.button('topology.traceFromHere', panel).click();
    const form = page.getByRole('region', { name: screen.text('topology.trace') });
    await screen.type(form.getByRole('textbox', { name: screen.text('topology.traceTo'), exact: true }), '192.0.2.1');
    await screen.button('topology.follow', form).click();
    await form.getByRole('listitem').first().waitFor();
    await form.getByText(name).first().waitFor();
    await isText(screen, `traced ${i}`);
  }
});

it('agents show them as text, with their last error', async () => {
  setHeartbeats(stand.stage.databaseFile, Date.now());
  await using screen = await stand.open();
  const { page } = screen;
  await page.goto(stand.stage.url('/agents'));
  for (const [i, name] of HOSTILE.entries()) {
    await page.getByRole('row').filter({ hasText: name }).first().getByRole('button').first().click();
    await screen.dialog.getByText(name).first().waitFor();
    await isText(screen, `agent ${i}`);
    await page.keyboard.press('Escape');
    await screen.dialog.waitFor({ state: 'detached' });
  }
});
