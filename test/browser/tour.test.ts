import { afterAll, beforeAll, expect, it } from 'vitest';
import { ChromiumBrowser, type Language } from '../support/browser.ts';
import { DashboardHost } from '../support/dashboard.ts';
import { type Lab, openLab } from '../support/hosts.ts';
import { until } from '../support/wait.ts';
import { Tour } from './tour-steps.ts';

/** What a new user does in the browser alone, after `npm start`, with the mouse: only names are typed. */
let lab: Lab;
let browser: ChromiumBrowser;
beforeAll(async () => {
  [lab, browser] = await Promise.all([openLab(), ChromiumBrowser.launch()]);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await lab?.close();
});

it.each<Language>(['en', 'zh'])('the tour by mouse: %s', async (language) => {
  const host = await lab.addHost({ name: `tour-${language}` });
  await using dashboard = await DashboardHost.start(host);
  await using screen = await browser.open({ language });
  const tour = new Tour(screen, dashboard);
  await screen.page.goto(dashboard.url());

  await tour.makeNetwork('mynet');
  await tour.makeGroup('other');

  const web = await tour.makeGuest('mynet', 'web');
  await tour.makeGuest('mynet', 'stranger', { group: 'other' });
  const [address] = (await web.addresses()) as [string];

  await web.run(['busybox', 'httpd', '-p', '80']);
  await web.run(['busybox', 'httpd', '-p', '81']);
  await tour.letIn('web', 'forms.presetHttp');

  const gateway = await tour.makeOutside('outside');
  await tour.makeRouter('door', ['mynet', 'outside']);
  const floating = await tour.giveFloatingIp('web', 'outside');
  const answers = async (from: { run: (typeof host)['run'] }, url: string) =>
    (await from.run(['curl', '-sS', '-o', '/dev/null', '-m', '1', url], { okCodes: [0, 7, 22, 28] })).code !== 28;
  await until(`an answer from ${floating}, by ${gateway}`, () => answers(host, `http://${floating}/`), {
    timeoutMs: 30_000,
  });

  const stranger = await tour.guest('stranger');
  await until('the port that was opened', () => answers(stranger, `http://${address}/`));
  expect(await answers(stranger, `http://${address}:81/`)).toBe(false);
  expect(await tour.trace('stranger', 'web', 80)).toContain(screen.text('topology.arrives'));
  const refused = await tour.trace('stranger', 'web', 81, { mend: true });
  expect(refused).toContain(screen.text('topology.dropped'));
  // The rule that decides, in the language of the page.
  expect(refused).toContain(language === 'en' ? 'no ingress rule of the groups' : '没有入方向规则');
  expect(refused).toContain(language === 'en' ? 'group default' : '安全组 default');
  await until('the port that was opened where it was missing', () => answers(stranger, `http://${address}:81/`));
  expect(await tour.explain('web')).toContain(screen.text('underneath.works'));
  await tour.showGraph(['mynet', 'outside', 'door', 'web', 'stranger']);
  expect(screen.faults).toEqual([]);
});
