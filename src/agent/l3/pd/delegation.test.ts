import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../../lib/log.ts';
import type { Answer } from './client.ts';
import { Delegation, type DelegationParts } from './delegation.ts';
import type { Lease } from './lease.ts';

const START = 1_000_000;
const lease = (more: Partial<Lease> = {}): Lease => ({
  ...{ prefix: '2001:db8:7::/64', delegated: '2001:db8:7::/56', serverId: '00' },
  ...{ renewAt: Date.now() + 50_000, rebindAt: Date.now() + 80_000, endsAt: Date.now() + 200_000 },
  ...more,
});

/** What is asked, in its order; answers are of the kind last set. */
let asked: string[];
let told: (string | null)[];
let kept: Lease | null;
let answers: { solicit: () => Answer; renew: () => Answer; rebind: () => Answer };
let delegation: Delegation | null;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  [asked, told, kept, delegation] = [[], [], null, null];
  answers = { solicit: () => lease(), renew: () => lease(), rebind: () => lease() };
});
afterEach(async () => {
  await delegation?.stop();
  vi.useRealTimers();
});

function make(more: Partial<DelegationParts> = {}): Delegation {
  const ask = (kind: 'solicit' | 'renew' | 'rebind') => async (_: unknown, of: Lease | string | null) => {
    asked.push(kind === 'solicit' ? `solicit ${of ?? 'any'}` : kind);
    return answers[kind]();
  };
  return new Delegation({
    asker: { netns: 'qrouter-1', device: 'qg-1', enterprise: 8888, subnetId: 's' },
    client: {
      ...{ solicit: ask('solicit'), renew: ask('renew'), rebind: ask('rebind') },
      release: async () => void asked.push('release'),
    },
    turn: (work) => work(),
    isUsable: () => true,
    read: async () => kept,
    write: async (one) => {
      kept = one;
    },
    remove: async () => {
      kept = null;
    },
    onPrefix: (prefix) => told.push(prefix),
    logger: silentLogger,
    ...more,
  });
}

function start(hint: string | null = null): void {
  delegation = make();
  delegation.start(hint);
}
const passes = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('a prefix', () => {
  it('is asked for until there is one, told once, and kept', async () => {
    answers.solicit = () => 'silence';
    start();
    await passes(1);
    expect([asked, told]).toEqual([['solicit any'], []]);
    answers.solicit = () => lease();
    await passes(5);
    expect(told).toEqual(['2001:db8:7::/64']);
    await passes(120);
    expect(asked).toEqual(['solicit any', 'solicit any', 'renew', 'renew']);
    expect(told).toHaveLength(1);
    expect(kept?.renewAt).toBeGreaterThan(START + 120_000);
  });

  it('is what it was after a restart, without a question', async () => {
    kept = lease();
    start('2001:db8:7::/64');
    await passes(40);
    expect([asked, told]).toEqual([[], ['2001:db8:7::/64']]);
  });

  it('is asked of any server when its own is silent, and is lost when its time is over', async () => {
    answers = { solicit: () => 'silence', renew: () => 'silence', rebind: () => 'silence' };
    kept = lease();
    start('2001:db8:7::/64');
    await passes(79);
    expect(new Set(asked)).toEqual(new Set(['renew']));
    await passes(110);
    expect(asked.at(-1)).toBe('rebind');
    expect(told).toEqual(['2001:db8:7::/64']);
    await passes(30);
    expect(asked).toContain('solicit 2001:db8:7::/64');
    expect(told).toEqual(['2001:db8:7::/64', null]);
    expect([kept, delegation!.prefix]).toEqual([null, null]);
  });

  it('stays when the server forgot it and gives it again', async () => {
    answers.renew = () => 'lost';
    start();
    await passes(60);
    expect(asked).toEqual(['solicit any', 'renew', 'solicit 2001:db8:7::/64']);
    expect(told).toEqual(['2001:db8:7::/64', '2001:db8:7::/64']);
  });

  it('becomes another when the server says so', async () => {
    answers.renew = () => lease({ prefix: '2001:db8:8::/64' });
    start();
    await passes(60);
    expect(told).toEqual(['2001:db8:7::/64', '2001:db8:8::/64']);
  });

  it('stays with a subnet that had one while nobody is there to ask: nothing says that it is lost', async () => {
    answers.solicit = () => 'silence';
    start('2001:db8:7::/64');
    await passes(600);
    expect([told, delegation!.prefix]).toEqual([[], undefined]);
    expect(asked.length).toBeLessThan(12);
  });

  it('that is never to be asked for again is not', async () => {
    kept = lease({ renewAt: null, rebindAt: null, endsAt: null });
    start();
    await passes(10_000_000);
    expect(asked).toEqual([]);
  });
});

it('is given back, by an agent that knows of it by its file alone, too', async () => {
  kept = lease();
  await make().release();
  expect([asked, kept]).toEqual([['release'], null]);
  await make().release();
  expect(asked).toEqual(['release']);
});

it('nothing is asked after its end', async () => {
  answers.solicit = () => 'silence';
  start();
  await passes(1);
  await delegation!.stop();
  await passes(600);
  expect(asked).toEqual(['solicit any']);
  expect(kept).toBeNull();
});
