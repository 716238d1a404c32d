import { expect, it } from 'vitest';
import { browserStand } from '../support/browser-stand.ts';
import { DashboardServer } from '../support/dashboard.ts';

/** What is typed into a form: not lost by a slip, and refused where it stands. */
const stand = browserStand(async (kept) => {
  const server = kept.use(await DashboardServer.start());
  await server.api.create('network', { name: 'inside' });
  return server;
});

it('Escape closes the list of a field first, and asks before it throws away what was typed', async () => {
  await using screen = await stand.open();
  const { page } = screen;
  const list = page.getByRole('listbox');
  const question = page.getByRole('alert').filter({ hasText: screen.text('forms.loses') });
  await page.goto(stand.stage.url('/lists/ports'));
  await screen.button('lists.create').click();
  await screen.type(screen.field('name'), 'typed');
  await screen.field('security_groups', 'combobox').click();
  await page.getByRole('option', { name: /^default / }).click();
  await list.waitFor();
  await page.keyboard.press('Escape');
  await list.waitFor({ state: 'detached' });
  expect(await screen.field('name').inputValue()).toBe('typed');
  expect(await question.count()).toBe(0);

  await page.keyboard.press('Escape');
  await question.waitFor();
  await screen.button('forms.keep', question).click();
  await question.waitFor({ state: 'detached' });
  expect(await screen.field('name').inputValue()).toBe('typed');
  await screen.field('name').press('Escape');
  await screen.button('forms.lose', question).click();
  await screen.dialog.waitFor({ state: 'detached' });

  // Where nothing was typed there is nothing to ask.
  await screen.button('lists.create').click();
  await screen.field('name').press('Escape');
  await screen.dialog.waitFor({ state: 'detached' });
  expect(screen.faults).toEqual([]);
});

it.each(['en', 'zh'] as const)('what is wrong stands at its field, once: %s', async (language) => {
  await using screen = await stand.open({ language });
  const { page } = screen;
  await page.goto(stand.stage.url('/lists/networks'));
  await screen.button('network.title').click();
  const field = (key: 'network.cidr' | 'network.gateway') =>
    screen.dialog.getByRole('textbox', { name: screen.text(key), exact: true });
  /** What stands below it: hints and errors. */
  const said = async (of: 'network.cidr' | 'network.gateway') => {
    const ids = (await field(of).getAttribute('aria-describedby'))!.match(/\S+/g)!;
    return (await Promise.all(ids.map((id) => page.locator(`[id="${id}"]`).innerText()))).join('\n');
  };

  await screen.type(field('network.cidr'), '10.0.0.0/33');
  await screen.button('forms.send', screen.dialog).click();
  await field('network.cidr').and(page.locator('[aria-invalid=true]')).waitFor();
  expect(await said('network.cidr')).toBe(screen.text('network.noCidr'));
  expect(await screen.dialog.getByText(screen.text('network.noCidr')).count()).toBe(1);

  await screen.type(field('network.cidr'), '10.0.0.0/24');
  await screen.type(field('network.gateway'), '10.0.0.255');
  await screen.button('forms.send', screen.dialog).click();
  await field('network.gateway').and(page.locator('[aria-invalid=true]')).waitFor();
  const refused = await said('network.gateway');
  expect(refused).toContain('Gateway is not valid on subnet');
  // The server speaks English: that it does is said in the language of the page.
  if (language === 'zh') expect(refused).toContain(screen.text('shell.inEnglish', { message: '' }).trim());
  expect(screen.faults.filter((fault) => !fault.includes('status of 400'))).toEqual([]);
});

it('the first page says what is to be done next, and ticks off what was done by whomever', async () => {
  await using screen = await stand.open();
  const { page } = screen;
  const { api, url } = { api: stand.stage.api, url: stand.stage.url() };
  const step = (key: 'start.network' | 'start.port' | 'start.router', how: 'start.done' | 'start.toDo') =>
    page.getByRole('listitem').filter({ hasText: `${screen.text(key)} (${screen.text(how)})` });
  await page.goto(url);
  await step('start.network', 'start.toDo').waitFor();
  expect(await screen.button('topology.newPort').count()).toBe(0);

  const [network] = await api.list('network', 'name=inside');
  await api.create('subnet', { network_id: network!.id, ip_version: 4, cidr: '10.0.7.0/24' });
  await step('start.network', 'start.done').waitFor();
  await screen.button('topology.newPort').click();
  await screen.type(screen.field('name'), 'first');
  await screen.send();
  await step('start.port', 'start.done').waitFor();
  const [port] = await api.list('port', 'name=first');
  const way = page.getByRole('link', { name: screen.text('start.plug') });
  expect(await way.getAttribute('href')).toContain(port!.id);
  await api.create('router', { name: 'door' });
  await step('start.router', 'start.done').waitFor();
  await way.click();
  await page.getByRole('complementary', { name: 'first' }).waitFor();
  expect(screen.faults).toEqual([]);
});
