import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Database } from '../../db/database.ts';
import { addDuties, raiseBeats, readDuties, takeDuty } from '../../db/duties.ts';
import { temporaryDatabase } from '../../db/temporary.ts';
import type { Logger } from '../../lib/log.ts';
import { Duties } from './duties.ts';

const times = { beatMs: 20, lapseMs: 400 };
const NAME = 'sweep';

let database: Database;
let servers: Duties[];
/** Which server did it, in order. */
let did: string[];
let logged: string[];
beforeEach(async () => {
  database = await temporaryDatabase();
  servers = [];
  did = [];
  logged = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
  await database.close();
});

const note = (level: string) => (_: object, message: string) => void logged.push(`${level} ${message}`);
const logger: Logger = { debug() {}, info: note('info'), warn: note('warn'), error: note('error') };

function server(host: string, work: (stillOurs: () => boolean) => Promise<void> = async () => void did.push(host)) {
  const duties = new Duties({ database, logger, host, times });
  duties.add({ name: NAME, everyMs: times.beatMs, work });
  duties.start();
  servers.push(duties);
  return duties;
}

const ours = (duties: Duties) => duties.states[0]!.ours;
const row = async () => (await readDuties(database.db)).find(({ name }) => name === NAME)!;
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

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
    const startMs = performance.now();
    await first.close();
    await eventually(() => expect(ours(second)).toBe(true));
    expect(performance.now() - startMs).toBeLessThan(times.lapseMs);
    expect(did.at(-1)).toBe('b');
  });

  it('goes to another when its server is silent for long, not before', async () => {
    await heldBy('gone');
    const startMs = performance.now();
    const all = ['a', 'b'].map((host) => server(host));
    await eventually(() => expect(all.filter(ours)).toHaveLength(1));
    expect(performance.now() - startMs).toBeGreaterThan(times.lapseMs);
    expect(logged).toEqual(['warn took over a duty from a server that is silent']);
  });

  it('stays with a server that shows that it lives, whatever the time there', async () => {
    await heldBy('elsewhere');
    const here = server('a');
    for (const endMs = performance.now() + 3 * times.lapseMs; performance.now() < endMs; ) {
      await database.transaction((tx) => raiseBeats(tx, 'elsewhere'));
      const { beat } = await row();
      await eventually(async () => expect((await row()).beat).toBeGreaterThanOrEqual(beat));
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
