import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumBrowser, type Screen } from '../support/browser.ts';
import { DashboardHost } from '../support/dashboard.ts';
import { findGuest } from '../support/guest.ts';
import { type Lab, openLab } from '../support/hosts.ts';

/** A page that stays open while the world changes: nobody loads it anew. */
let lab: Lab;
let browser: ChromiumBrowser;
let dashboard: DashboardHost;
beforeAll(async () => {
  [lab, browser] = await Promise.all([openLab(), ChromiumBrowser.launch()]);
  dashboard = await DashboardHost.start(await lab.addHost({ name: 'live' }));
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await dashboard?.[Symbol.asyncDispose]();
  await lab?.close();
});

const api = () => dashboard.one.api;
const away = (screen: Screen) => screen.page.getByRole('alert').filter({ hasText: screen.text('shell.noAnswerText') });
const live = (screen: Screen) => screen.page.getByRole('status').filter({ hasText: screen.text('shell.live') });
/** But for requests that came to nothing, as they should here. */
const faults = (screen: Screen) => screen.faults.filter((fault) => !/net::ERR_|status of 50[0-9]/.test(fault));

/** The topology, with the stream of changes at hand. */
async function lookOn(screen: Screen): Promise<() => Promise<boolean>> {
  await screen.page.goto(dashboard.url('/topology'));
  await live(screen).waitFor();
  await screen.page.getByRole('heading', { name: screen.text('topology.title'), exact: true }).waitFor();
  return await screen.mark();
}

describe('a page that is open', () => {
  it('shows a port that becomes ACTIVE, and one that does no longer, in picture and list', async () => {
    const { network } = await dashboard.one.makeNetwork('10.11.0.0/24', { name: 'seen' });
    const port = await api().create('port', { network_id: network.id, name: 'guest1' });
    await using picture = await browser.open();
    const isSame = await lookOn(picture);
    await using list = await browser.open({ language: 'zh' });
    await list.page.goto(dashboard.url(`/lists/ports?network_id=${network.id}`));
    const row = list.page.getByRole('row').filter({ hasText: 'guest1' });
    await row.filter({ hasText: 'DOWN' }).waitFor();
    await picture.drawn('guest1', 'guest', 'down').waitFor();

    await dashboard.one.neutrino(['plug', port.id, '--netns', 'guest1']);
    await picture.drawn('guest1', 'guest', 'up').waitFor();
    await row.filter({ hasText: 'ACTIVE' }).waitFor();

    await (await findGuest(dashboard.one.host, 'guest1')).remove();
    await picture.drawn('guest1', 'guest', 'down').waitFor();
    await row.filter({ hasText: 'DOWN' }).waitFor();
    expect([await isSame(), faults(picture), faults(list)]).toEqual([true, [], []]);
  });

  it('says that the server is away, and shows what changed when it is back', async () => {
    await using screen = await browser.open();
    const isSame = await lookOn(screen);
    await dashboard.one.interrupt();
    await away(screen).waitFor();
    await dashboard.one.start();
    await dashboard.one.makeNetwork('10.12.0.0/24', { name: 'after-restart' });
    await away(screen).waitFor({ state: 'detached' });
    await live(screen).waitFor();
    await screen.drawn('after-restart', 'network', 'up').waitFor();
    expect([await isSame(), faults(screen)]).toEqual([true, []]);
  });

  it('says that the network is cut, and shows what changed meanwhile', async () => {
    const { network } = await dashboard.one.makeNetwork('10.13.0.0/24', { name: 'to-go' });
    await using screen = await browser.open();
    const isSame = await lookOn(screen);
    await screen.drawn('to-go', 'network').waitFor();
    dashboard.wire.stop();
    await away(screen).waitFor();
    await api().remove('network', network.id);
    await dashboard.one.makeNetwork('10.14.0.0/24', { name: 'came' });
    dashboard.wire.start();
    await screen.drawn('came', 'network').waitFor();
    await screen.drawn('to-go', 'network').waitFor({ state: 'detached' });
    await away(screen).waitFor({ state: 'detached' });
    expect([await isSame(), faults(screen)]).toEqual([true, []]);
  });

  it('finds out by the silence when a cable is pulled', async () => {
    await using screen = await browser.open();
    const { clock } = screen.page;
    await clock.install();
    const isSame = await lookOn(screen);
    dashboard.wire.silent = true;
    // Three heartbeats are missing; then nothing answers who asks anew.
    for (let minutes = 0; minutes < 3 && !(await away(screen).isVisible()); minutes++) await clock.runFor(60_000);
    await away(screen).waitFor();
    dashboard.wire.silent = false;
    await dashboard.one.makeNetwork('10.15.0.0/24', { name: 'unheard-of' });
    // In small steps: who lets a minute pass at once has every attempt given up before its answer can come.
    const isDrawn = async () => {
      await clock.runFor(2_000);
      return await screen.drawn('unheard-of', 'network').isVisible();
    };
    await expect.poll(isDrawn, { interval: 500, timeout: 60_000 }).toBe(true);
    await away(screen).waitFor({ state: 'detached' });
    expect([await isSame(), faults(screen)]).toEqual([true, []]);
  });
});
