import { expect, it } from 'vitest';
import type { Language } from '../support/browser.ts';
import { browserStand } from '../support/browser-stand.ts';
import { DashboardHost } from '../support/dashboard.ts';
import { openLab } from '../support/hosts.ts';
import { until } from '../support/wait.ts';
import { Tour } from './tour-steps.ts';

/** What a new user does in the browser alone, after `npm start`, with the mouse: only names are typed. */
const stand = browserStand(async (kept) => {
  const lab = await openLab();
  kept.defer(() => lab.close());
  return lab;
});

// Without `--long` once, and Chinese from the middle on: by the button that everybody has.
const isWhole = Boolean(process.env.NEUTRINO_TEST_LONG || process.env.NEUTRINO_PICTURES);
const tours: [first: Language, then: Language][] = isWhole
  ? [
      ['en', 'en'],
      ['zh', 'zh'],
    ]
  : [['en', 'zh']];

it.each(tours)('the tour by mouse: %s, %s', async (language, later) => {
  const host = await stand.stage.addHost({ name: `tour-${later}` });
  await using dashboard = await DashboardHost.start(host);
  await using screen = await stand.open({ isNew: true, language });
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
  if (later !== language) await screen.speak(later);
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
  expect(refused).toContain(later === 'en' ? 'no ingress rule of the groups' : '没有入方向规则');
  expect(refused).toContain(later === 'en' ? 'group default' : '安全组 default');
  await until('the port that was opened where it was missing', () => answers(stranger, `http://${address}:81/`));
  expect(await tour.explain('web')).toContain(screen.text('underneath.works'));
  await tour.showGraph(['mynet', 'outside', 'door', 'web', 'stranger']);
  expect(screen.faults).toEqual([]);
});
