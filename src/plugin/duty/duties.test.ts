import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import type { Database } from '../../db/database.ts';
import { addDuties, raiseBeats, readDuties, takeDuty } from '../../db/duties.ts';
import { temporaryDatabase } from '../../db/temporary.ts';
import type { Logger } from '../../lib/log.ts';
import { Duties } from './duties.ts';

const times = { beatMs: 20, lapseMs: 400 };
const NAME = 'sweep';

let database: Database;
let servers: Duties[];
/** The clock of all servers. It goes on when a test says so: a machine that is slow takes no duty from anybody. */
let clockMs: number;
/** Which server did it, in order. */
let did: string[];
/** What was said of it. */
let logged: string[];
beforeEach(async () => {
  database = await temporaryDatabase();
  servers = [];
  clockMs = 0;
  did = [];
  logged = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
  await database.close();
});

const note = (level: string) => (fields: object, message: string) => {
  if ((fields as { duty?: string }).duty === NAME) logged.push(`${level} ${message}`);
};
const logger: Logger = { debug() {}, info: note('info'), warn: note('warn'), error: note('error') };

type Work = (stillOurs: () => boolean) => Promise<void>;

/** It does the duty at each beat unless `everyMs` says otherwise, and has one more that nobody else knows. */
function server(host: string, work: Work = async () => void did.push(host), everyMs = 0) {
  const duties = new Duties({ database, logger, host, times, elapsed: () => clockMs });
  duties.add({ name: NAME, everyMs, work });
  duties.add({ name: ownOf(host), everyMs: 0, work: async () => {} });
  duties.start();
  servers.push(duties);
  return duties;
}

const ownOf = (host: string) => `own of ${host}`;
const ours = (duties: Duties) => duties.states.find(({ name }) => name === NAME)!.ours;
const row = async (wanted = NAME) => (await readDuties(database.db)).find(({ name }) => name === wanted)!;

/** These servers have looked at all rows as they are now: each has begun a beat since, and another one after that. */
async function looked(...hosts: string[]): Promise<void> {
  for (const host of hosts) {
    // Before its first beat there is none.
    const beat = (await row(ownOf(host)))?.beat ?? 0;
    await eventually(async () => expect((await row(ownOf(host)))?.beat).toBeGreaterThanOrEqual(beat + 2));
  }
}

/** A row of a server that is not in this process. */
async function heldBy(holder: string): Promise<void> {
  await database.transaction(async (tx) => {
    await addDuties(tx, [NAME]);
    await takeDuty(tx, { name: NAME, holder: '', beat: 0 }, holder);
  });
}

describe('a duty', () => {
  it('is done by one of the servers, again and again', async () => {
    const all = ['a', 'b', 'c'].map((host) => server(host));
    await eventually(() => expect(did.length).toBeGreaterThan(10));
    expect(new Set(did).size).toBe(1);
    expect(all.filter(ours)).toHaveLength(1);
    expect(logged).toEqual(['info this server has a duty now']);
  });

  it('goes to another at once when its server ends', async () => {
    const first = server('a');
    await eventually(() => expect(ours(first)).toBe(true));
    const second = server('b');
    await looked('b');
    expect(ours(second)).toBe(false);
    await first.close();
    // No time passes by the clock: it was left, and did not lapse.
    await eventually(() => expect(ours(second)).toBe(true));
    await eventually(() => expect(did.at(-1)).toBe('b'));
  });

  it('goes to another when its server is silent for long, not before', async () => {
    await heldBy('gone');
    const all = ['a', 'b'].map((host) => server(host));
    await looked('a', 'b');
    clockMs += times.lapseMs - 1;
    await looked('a', 'b');
    expect(all.filter(ours)).toEqual([]);
    clockMs += 1;
    await eventually(() => expect(all.filter(ours)).toHaveLength(1));
    expect(logged).toEqual(['warn took over a duty from a server that is silent']);
  });

  it('stays with a server that shows that it lives, whatever the time there', async () => {
    await heldBy('elsewhere');
    const here = server('a');
    await looked('a');
    for (let i = 0; i < 4; i++) {
      clockMs += times.lapseMs - 1;
      await database.transaction((tx) => raiseBeats(tx, 'elsewhere'));
      await looked('a');
    }
    expect(ours(here)).toBe(false);
    expect(did).toEqual([]);
  });

  it('that was taken stops at the next step', async () => {
    let steps = 0;
    const stopped = Promise.withResolvers<void>();
    const slow = server('a', async (stillOurs) => {
      while (stillOurs()) {
        steps += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      stopped.resolve();
    });
    await eventually(() => expect(steps).toBeGreaterThan(2));
    await eventually(async () =>
      expect(await database.transaction(async (tx) => takeDuty(tx, await row(), 'thief'))).toBe(true),
    );
    await stopped.promise;
    expect(ours(slow)).toBe(false);
    expect(logged).toContain('warn a duty of this server was taken over');
  });

  it('that fails is tried again, and counted', async () => {
    const failing = server('a', async () => {
      throw new Error('no');
    });
    await eventually(() => expect(failing.states[0]!.failed).toBeGreaterThan(1));
    expect(failing.states[0]).toMatchObject({ name: NAME, ours: true, done: 0 });
    expect(logged).toContain('error a duty could not be done');
  });

  it('is done when it is due, half a beat early at most', async () => {
    server('a', undefined, 10_000);
    await eventually(() => expect(did).toHaveLength(1));
    clockMs += 10_000 - times.beatMs / 2 - 1;
    await looked('a');
    expect(did).toHaveLength(1);
    clockMs += 1;
    await eventually(() => expect(did).toHaveLength(2));
  });

  it('is nobody’s for a server that was held up, until it has shown itself again', async () => {
    const held = server('a');
    await looked('a');
    clockMs += times.lapseMs - times.beatMs - 1;
    expect(ours(held)).toBe(true);
    clockMs += 1;
    // It had no time to beat since.
    expect(ours(held)).toBe(false);
    await eventually(() => expect(ours(held)).toBe(true));
    expect(logged).toEqual(['info this server has a duty now']);
  });
});

it('a server at rest writes one row a beat, the others read', async () => {
  const holder = server('a');
  await eventually(() => expect(ours(holder)).toBe(true));
  const { beat } = await row();
  await eventually(async () => expect((await row()).beat).toBeGreaterThan(beat + 5));
  const [startMs, from] = [performance.now(), (await row()).beat];
  await eventually(async () => expect((await row()).beat).toBeGreaterThan(from + 10));
  const beats = (await row()).beat - from;
  expect(beats).toBeLessThanOrEqual((performance.now() - startMs) / times.beatMs + 1);
});
