import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FirewallDriver } from '../../src/agent/firewall/contract.ts';
import { SpoofGuard } from '../../src/agent/firewall/spoofing/spoof-guard.ts';
import { FirewallStand } from '../support/firewall/stand.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { cases } from '../support/isolation/cases.ts';
import { allGuests, anyPackets, anyWorld } from '../support/isolation/chance.ts';
import { plugGuests, stateOf } from '../support/isolation/driver-stage.ts';
import { reaches } from '../support/isolation/model.ts';
import { misbehaviour, type Spot } from '../support/isolation/run.ts';
import { type World, world } from '../support/isolation/world.ts';
import { runs } from '../support/turns.ts';

/** The rules that our drivers make, in this kernel, against what the API promises. No server: those tests are in test/functional. */
class Stage implements AsyncDisposable {
  readonly host: EmulatedHost;
  readonly spots: ReadonlyMap<string, Spot>;
  readonly #stand: FirewallStand;
  readonly #driver: FirewallDriver;
  readonly #guard: SpoofGuard;

  constructor(stand: FirewallStand, spots: Map<string, Spot>) {
    this.host = stand.host;
    this.spots = spots;
    this.#stand = stand;
    this.#driver = stand.driver();
    this.#guard = new SpoofGuard({ host: stand.remote });
  }

  async apply(what: World): Promise<void> {
    const state = stateOf(what);
    const nothing = { closed: new Map(), late: new Map() };
    expect(await this.#driver.apply(state, () => true)).toEqual(nothing);
    expect(await this.#guard.apply(state, () => true)).toEqual(nothing);
    await this.host.run(['conntrack', '-F']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { card, outside } of this.spots.values()) await Promise.all([card.close(), outside.close()]);
    await this.#stand.close();
  }
}

async function openStage(host: EmulatedHost, guests: World): Promise<Stage> {
  return new Stage(await FirewallStand.open(host), await plugGuests(host, guests));
}

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

it('every case of the table', async () => {
  await using stage = await openStage(await lab.addHost({ name: 'table' }), world);
  await stage.apply(world);
  expect(await misbehaviour(cases, stage.spots, { atOnce: 50 })).toEqual([]);
});

describe('by chance', () => {
  it('the host does what the model says', async () => {
    await using stage = await openStage(await lab.addHost({ name: 'chance' }), allGuests);
    await fc.assert(
      fc.asyncProperty(anyWorld, anyPackets, async (drawn, sent) => {
        await stage.apply(drawn);
        const steps = sent.map(({ from, to, packet }) => {
          const [sender, receiver] = [drawn.guests[from]!, drawn.guests[to]!];
          return { from: sender, to: receiver, packet, passes: reaches(drawn, sender, receiver, packet) };
        });
        const single = steps.map((step) => ({ name: JSON.stringify(step.packet), steps: [step] }));
        expect(await misbehaviour(single, stage.spots)).toEqual([]);
      }),
      { numRuns: runs(12, 300) },
    );
  }, 600_000);
});
