import { describe, expect, it } from 'vitest';
import type { Screen } from '../support/browser.ts';
import { browserStand } from '../support/browser-stand.ts';
import { DashboardHost } from '../support/dashboard.ts';
import { findGuest } from '../support/guest.ts';
import { openLab } from '../support/hosts.ts';

/** A page that stays open while the world changes: nobody loads it anew. */
const stand = browserStand(async (kept) => {
  const lab = await openLab();
  kept.defer(() => lab.close());
  return kept.use(await DashboardHost.start(await lab.addHost({ name: 'live' })));
});

const api = () => stand.stage.one.api;
const away = (screen: Screen) => screen.page.getByRole('alert').filter({ hasText: screen.text('shell.noAnswerText') });
const live = (screen: Screen) => screen.page.getByRole('status').filter({ hasText: screen.text('shell.live') });
/** But for requests that came to nothing, as they should here. */
const faults = (screen: Screen) => screen.faults.filter((fault) => !/net::ERR_|status of 50[0-9]/.test(fault));

/** The topology, with the stream of changes at hand. */
async function lookOn(screen: Screen): Promise<() => Promise<boolean>> {
  await screen.page.goto(stand.stage.url('/topology'));
  await live(screen).waitFor();
  await screen.page.getByRole('heading', { name: screen.text('topology.title'), exact: true }).waitFor();
  return await screen.mark();
}

describe('a page that is open', () => {
  it('shows a port that becomes ACTIVE, and one that does no longer, in picture and list', async () => {
    const { network } = await stand.stage.one.makeNetwork('10.11.0.0/24', { name: 'seen' });
    const port = await api().create('port', { network_id: network.id, name: 'guest1' });
    await using picture = await stand.open();
    const isSame = await lookOn(picture);
    await using list = await stand.open({ language: 'zh' });
    await list.page.goto(stand.stage.url(`/lists/ports?network_id=${network.id}`));
    const row = list.page.getByRole('row').filter({ hasText: 'guest1' });
    await row.filter({ hasText: 'DOWN' }).waitFor();
    await picture.drawn('guest1', 'guest', 'down').waitFor();

    await stand.stage.one.neutrino(['plug', port.id, '--netns', 'guest1']);
    await picture.drawn('guest1', 'guest', 'up').waitFor();
    await row.filter({ hasText: 'ACTIVE' }).waitFor();

    await (await findGuest(stand.stage.one.host, 'guest1')).remove();
    await picture.drawn('guest1', 'guest', 'down').waitFor();
    await row.filter({ hasText: 'DOWN' }).waitFor();
    expect([await isSame(), faults(picture), faults(list)]).toEqual([true, [], []]);
  });

  it('says that the server is away, and shows what changed when it is back', async () => {
    await using screen = await stand.open();
    const isSame = await lookOn(screen);
    await stand.stage.one.interrupt();
    await away(screen).waitFor();
    await stand.stage.one.start();
    await stand.stage.one.makeNetwork('10.12.0.0/24', { name: 'after-restart' });
    await away(screen).waitFor({ state: 'detached' });
    await live(screen).waitFor();
    await screen.drawn('after-restart', 'network', 'up').waitFor();
    expect([await isSame(), faults(screen)]).toEqual([true, []]);
  });

  it('says that the network is cut, and shows what changed meanwhile', async () => {
    const { network } = await stand.stage.one.makeNetwork('10.13.0.0/24', { name: 'to-go' });
    await using screen = await stand.open();
    const isSame = await lookOn(screen);
    await screen.drawn('to-go', 'network').waitFor();
    stand.stage.wire.stop();
    await away(screen).waitFor();
    await api().remove('network', network.id);
    await stand.stage.one.makeNetwork('10.14.0.0/24', { name: 'came' });
    stand.stage.wire.start();
    await screen.drawn('came', 'network').waitFor();
    await screen.drawn('to-go', 'network').waitFor({ state: 'detached' });
    await away(screen).waitFor({ state: 'detached' });
    expect([await isSame(), faults(screen)]).toEqual([true, []]);
  });

  it('finds out by the silence when a cable is pulled', async () => {
    await using screen = await stand.open({ isNew: true });
    const { clock } = screen.page;
    await clock.install();
    const isSame = await lookOn(screen);
    stand.stage.wire.silent = true;
    // Three heartbeats are missing; then nothing answers who asks anew.
    for (let minutes = 0; minutes < 3 && !(await away(screen).isVisible()); minutes++) await clock.runFor(60_000);
    await away(screen).waitFor();
    stand.stage.wire.silent = false;
    await stand.stage.one.makeNetwork('10.15.0.0/24', { name: 'unheard-of' });
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
