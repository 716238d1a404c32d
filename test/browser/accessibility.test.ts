import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import { obstacles } from '../support/accessibility.ts';
import { ChromiumBrowser, type Screen } from '../support/browser.ts';
import { DashboardServer } from '../support/dashboard.ts';
import { authtoken } from '../support/identity.ts';
import { looks, openServerToLookAt } from './looks.ts';

/** For people who do not see, do not use a mouse, or have a small screen. */
let server: DashboardServer;
let browser: ChromiumBrowser;
beforeAll(async () => {
  [server, browser] = await Promise.all([openServerToLookAt(), ChromiumBrowser.launch()]);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

describe.each(['light', 'dark'] as const)('axe finds nothing of weight, %s', (colorScheme) => {
  it('on every page and in every dialog', async () => {
    await using screen = await browser.open({ colorScheme });
    const found: string[] = [];
    for await (const look of looks(screen, server))
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
