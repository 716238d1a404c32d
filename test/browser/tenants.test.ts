import { expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import type { Screen } from '../support/browser.ts';
import { browserStand } from '../support/browser-stand.ts';
import { DashboardServer } from '../support/dashboard.ts';
import { administrator, authtoken, memberOf } from '../support/identity.ts';
import { until } from '../support/wait.ts';

/** People of several projects before one server, each with a browser of their own. */
const PASSWORDS = { ann: 'correct-horse-1', bob: 'battery-staple-2' } as const;
type Person = keyof typeof PASSWORDS;
const stand = browserStand(async (kept) => {
  const keystone = kept.use(await FakeKeystone.start());
  keystone.people.set('ann', { password: PASSWORDS.ann, facts: memberOf('one') });
  keystone.people.set('bob', { password: PASSWORDS.bob, facts: memberOf('two') });
  const token = keystone.add(administrator);
  const options = {
    DEFAULT: { auth_strategy: 'keystone' },
    keystone_authtoken: { ...authtoken(keystone), token_cache_time: -1 },
  };
  return { keystone, server: kept.use(await DashboardServer.start(options, token)) };
});

const input = ({ page }: Screen, name: 'user' | 'password') => page.locator(`input[name=${name}]`);
const heading = (screen: Screen) =>
  screen.page.getByRole('heading', { name: screen.text('signIn.title'), exact: true });
/** Refusals that the console tells of as well. */
const faults = (screen: Screen) => screen.faults.filter((fault) => !fault.includes('status of 401'));

async function signIn(screen: Screen, person: Person, password: string = PASSWORDS[person]): Promise<void> {
  await screen.type(input(screen, 'user'), person);
  await screen.type(input(screen, 'password'), password);
  await screen.button('signIn.enter').click();
}

/** Signed in, before a list. */
async function enter(screen: Screen, person: Person, collection = 'networks'): Promise<void> {
  await screen.page.goto(stand.stage.server.url(`/lists/${collection}`));
  await signIn(screen, person);
  await screen.page.getByRole('heading', { name: screen.title(collection), exact: true }).waitFor();
}

async function makeNetwork(screen: Screen, name: string): Promise<void> {
  await screen.button('network.title').click();
  await screen.type(screen.dialog.getByLabel(screen.text('network.name'), { exact: true }), name);
  await screen.send();
  await cell(screen, name).waitFor();
}

const cell = (screen: Screen, name: string) => screen.page.getByRole('cell', { name, exact: true });

it('two tenants do not see each other, in lists, picture, links or news', async () => {
  await using ann = await stand.open({ isNew: true });
  await using bob = await stand.open({ isNew: true, language: 'zh' });
  await enter(ann, 'ann');
  await enter(bob, 'bob');
  await makeNetwork(ann, 'of-ann');
  await makeNetwork(bob, 'of-bob');
  // What comes after the other's news has been told proves that those were not.
  await makeNetwork(ann, 'of-ann-too');
  expect(await cell(ann, 'of-bob').count()).toBe(0);
  expect(await cell(bob, 'of-ann').count()).toBe(0);

  await bob.go('topology.title');
  await bob.drawn('of-bob', 'network').waitFor();
  expect(await bob.drawn('of-ann', 'network').count()).toBe(0);
  const [network] = await stand.stage.server.api.list('network', 'name=of-ann');
  await bob.page.goto(stand.stage.server.url(`/lists/networks?id=${network!.id}`));
  await bob.page.getByText(bob.text('lists.emptyFiltered')).waitFor();
  expect([faults(ann), faults(bob)]).toEqual([[], []]);
});

it('a wrong password is said, and the right one then lets in', async () => {
  await using screen = await stand.open();
  await screen.page.goto(stand.stage.server.url());
  await signIn(screen, 'ann', 'wrong');
  await screen.page.getByRole('alert').filter({ hasText: 'wrong password' }).waitFor();
  expect(await screen.page.getByRole('navigation').count()).toBe(0);
  await signIn(screen, 'ann');
  await screen.page.getByRole('heading', { name: screen.text('shell.welcome') }).waitFor();
  expect(faults(screen)).toEqual([]);
});

it('a session ends with its time, or when the server no longer takes it, and leaves nothing to be seen', async () => {
  await using screen = await stand.open({ isNew: true });
  await screen.page.clock.install();
  await enter(screen, 'ann', 'security_groups');
  await cell(screen, 'default').waitFor();
  await screen.page.clock.fastForward('01:01:00');
  await screen.page.getByText(screen.text('signIn.over')).waitFor();
  expect(await cell(screen, 'default').count()).toBe(0);

  await screen.page.clock.setSystemTime(new Date());
  await signIn(screen, 'ann');
  await cell(screen, 'default').waitFor();
  for (const [token, { user }] of stand.stage.keystone.tokens)
    if (user === memberOf('one').user) stand.stage.keystone.tokens.delete(token);
  await screen.page
    .getByRole('navigation')
    .getByRole('link', { name: screen.title('networks'), exact: true })
    .click();
  await screen.page.getByText(screen.text('signIn.over')).waitFor();
  expect(await screen.page.getByRole('navigation').count()).toBe(0);
  expect(faults(screen)).toEqual([]);
});

it('another project of the same person is another look, and signing out ends the token', async () => {
  await using screen = await stand.open();
  stand.stage.keystone.projects.push('one', 'three');
  try {
    await enter(screen, 'ann');
    await makeNetwork(screen, 'of-project-one');
    const project = screen.page.getByRole('combobox', { name: screen.text('signIn.changeProject') });
    await project.selectOption('three');
    await screen.page.getByText(screen.text('lists.empty'), { exact: true }).waitFor();
    await makeNetwork(screen, 'of-project-three');
    expect(await cell(screen, 'of-project-one').count()).toBe(0);
    await project.selectOption('one');
    await cell(screen, 'of-project-one').waitFor();
    expect(await cell(screen, 'of-project-three').count()).toBe(0);
  } finally {
    stand.stage.keystone.projects.length = 0;
  }
  const before = stand.stage.keystone.tokens.size;
  await screen.button('signIn.leave').click();
  await heading(screen).waitFor();
  await until('the end of the token', () => stand.stage.keystone.tokens.size < before);
  expect(await cell(screen, 'of-project-one').count()).toBe(0);
  await screen.page.reload();
  await heading(screen).waitFor();
  expect(faults(screen)).toEqual([]);
});

it('neither token nor password is in an address, a storage, a cookie or the page', async () => {
  await using screen = await stand.open({ isNew: true });
  const { page } = screen;
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await enter(screen, 'ann');
  await makeNetwork(screen, 'secret-keeper');
  await screen.go('topology.title');
  await screen.drawn('secret-keeper', 'network').waitFor();
  const kept = await page.evaluate(`(async () => JSON.stringify([
    location.href, document.cookie, { ...localStorage }, { ...sessionStorage }, history.state,
    await indexedDB.databases(), await caches.keys(), globalThis.name, document.documentElement.outerHTML,
  ]))()`);
  const all = JSON.stringify([kept, asked, await page.context().storageState({ indexedDB: true })]);
  expect(all).toContain('secret-keeper');
  const secrets = [...stand.stage.keystone.tokens.keys(), ...Object.values(PASSWORDS)];
  expect(secrets.filter((secret) => new RegExp(`${secret}\\b`).test(all))).toEqual([]);
  expect(await page.context().cookies()).toEqual([]);
  expect(faults(screen)).toEqual([]);
});
