import { expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import { obstacles } from '../support/accessibility.ts';
import type { Screen } from '../support/browser.ts';
import { browserStand } from '../support/browser-stand.ts';
import { DashboardServer } from '../support/dashboard.ts';
import { authtoken } from '../support/identity.ts';
import { until } from '../support/wait.ts';
import { looks, openServerToLookAt } from './looks.ts';

const isLong = process.env.NEUTRINO_TEST_LONG !== undefined;
/** For people who do not see, do not use a mouse, or have a small screen. */
const stand = browserStand(async (kept) => kept.use(await openServerToLookAt()));

const schemes = ['light', 'dark'] as const;

/** What axe finds in light and in dark. Without `--long` in the dark only what colours decide: the rest is the same page. */
async function obstaclesInBoth({ page }: Screen): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
    const rules = colorScheme === 'light' || isLong ? 'all' : 'colours';
    for (const obstacle of await obstacles(page, rules)) found.push(`${colorScheme}: ${obstacle}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}

it('axe finds nothing of weight on any page and in any dialog', async () => {
  await using screen = await stand.open();
  const found: string[] = [];
  for await (const look of looks(screen, stand.stage))
    for (const obstacle of await obstaclesInBoth(screen)) found.push(`${look}: ${obstacle}`);
  expect(found).toEqual([]);
  expect(screen.faults).toEqual([]);
});

it('axe finds nothing of weight where one signs in', async () => {
  await using keystone = await FakeKeystone.start();
  const withKeystone = { DEFAULT: { auth_strategy: 'keystone' }, keystone_authtoken: authtoken(keystone) };
  await using guarded = await DashboardServer.start(withKeystone, keystone.add({ roles: ['admin'] }));
  await using screen = await stand.open({ colorScheme: 'dark', language: 'zh' });
  await screen.page.goto(guarded.url());
  await screen.button('signIn.enter').waitFor();
  expect(await obstacles(screen.page)).toEqual([]);
  expect(await obstaclesInBoth(screen)).toEqual([]);
});

it('axe would find grey on grey, in the dark, too', async () => {
  await using screen = await stand.open();
  await screen.page.goto(stand.stage.url());
  await screen.button('network.title').waitFor();
  await screen.page.evaluate(`(() => {
    const made = document.querySelector('main').appendChild(document.createElement('p'));
    made.textContent = 'hardly to be read';
    Object.assign(made.style, { color: '#666', background: '#777' });
  })()`);
  const found = await obstaclesInBoth(screen);
  expect(found.map((obstacle) => obstacle.replace(/(color-contrast).*/, '$1'))).toEqual([
    'light: color-contrast',
    'dark: color-contrast',
  ]);
});

it('a network is made by keyboard alone', async () => {
  await using screen = await stand.open();
  const { page } = screen;
  await page.goto(stand.stage.url('/lists/networks'));
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
  await until('the first link', () => isAt(screen.text('shell.skip')));
  await page.keyboard.press('Enter');
  await tabTo(screen.text('network.title'));
  await page.keyboard.press('Enter');
  await screen.dialog.waitFor();
  await until('the first field', () => isAt(screen.text('network.name')));
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
