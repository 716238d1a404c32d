import { describe, expect, it } from 'vitest';
import { describeTraffic, type Entrance, type Root, type TrafficState } from '../../linux/traffic-control.ts';
import type { Treatment } from './derive.ts';
import { type Means, planTraffic } from './plan.ts';

const tap = 'tapaaaaaaaa-aa';
const ifb = 'ifbaaaaaaaa-aa';
const limit = { rule: 'r1', kbps: 8000, rate: 1_000_000, burst: 50_000, limit: 100_000 };
const untreated: Treatment = {
  ...{ device: tap, portId: 'p', policyId: null, toGuest: null, fromGuest: null, mark: null, problems: [] },
};
const tbf = { kind: 'tbf', shape: { rate: 1_000_000, burst: 50_000 } };

function stateOf(
  changes: { roots?: Record<string, Root>; entrances?: Record<string, Entrance>; detours?: string[] } = {},
): TrafficState {
  const { roots = {}, entrances = {}, detours = [] } = changes;
  const ends = { roots: new Map(Object.entries(roots)), entrances: new Map(Object.entries(entrances)) };
  return { ...ends, detours: new Set(detours) };
}

function planned(
  treatment: Partial<Treatment>,
  state: TrafficState,
  { means = 'police', taps = [tap] }: { means?: Means; taps?: string[] } = {},
): string[] {
  const all = new Map(taps.map((name) => [name, 1]));
  return planTraffic([{ ...untreated, ...treatment }], state, { means, taps: all }).map(describeTraffic);
}

const bucket = 'rate=1000000 burst=50000';

describe('what reaches the guest', () => {
  const toGuest = { toGuest: limit };

  it('is shaped where it leaves the tap, in place of what the kernel gave it', () => {
    const state = stateOf({ roots: { [tap]: { kind: 'fq_codel' } } });
    expect(planned(toGuest, state)).toEqual([`shape device=${tap} ${bucket} limit=100000`]);
  });

  it('stays as it is when that is right, with what the kernel rounds', () => {
    for (const burst of [50_000, 49_998, 50_090]) {
      const root = { kind: 'tbf', shape: { rate: 1_000_000, burst } };
      expect(planned(toGuest, stateOf({ roots: { [tap]: root } }))).toEqual([]);
    }
  });

  it.each([
    { rate: 1_000_001, burst: 50_000 },
    { rate: 1_000_000, burst: 60_000 },
  ])('is mended: $rate, $burst', (shape) => {
    expect(planned(toGuest, stateOf({ roots: { [tap]: { kind: 'tbf', shape } } }))).toHaveLength(1);
  });

  it('is free again without a rule; what is not a token bucket is not ours', () => {
    expect(planned({}, stateOf({ roots: { [tap]: tbf } }))).toEqual([`unshape device=${tap}`]);
    expect(planned({}, stateOf({ roots: { [tap]: { kind: 'htb' } } }))).toEqual([]);
  });
});

describe('what the guest sends', () => {
  const fromGuest = { fromGuest: limit };
  const entered = (filter: Entrance['filter'], changes: Partial<Entrance> = {}) => ({
    entrances: { [tap]: { kind: 'ingress' as const, filter, others: false, ...changes } },
  });
  const policed = { kind: 'police', shape: { rate: 1_000_000, burst: 50_000 } } as const;

  it('is policed where it comes in', () => {
    expect(planned(fromGuest, stateOf())).toEqual([`open_entrance device=${tap}`, `police device=${tap} ${bucket}`]);
    expect(planned(fromGuest, stateOf(entered(policed)))).toEqual([]);
  });

  it.each([
    { kind: 'other' } as const,
    { kind: 'police', shape: { rate: 1, burst: 50_000 } } as const,
    { kind: 'redirect', to: 'eth0' } as const,
  ])('is policed anew in place of $kind', (filter) => {
    const expected = [`unfilter device=${tap}`, `police device=${tap} ${bucket}`];
    expect(planned(fromGuest, stateOf(entered(filter)))).toEqual(expected);
  });

  it('uses the entrance that somebody made', () => {
    const state = stateOf(entered(null, { kind: 'clsact', others: true }));
    expect(planned(fromGuest, state)).toEqual([`police device=${tap} ${bucket}`]);
  });

  it('is free again without a rule, and the entrance goes unless somebody has use for it', () => {
    const freed = [`unfilter device=${tap}`];
    expect(planned({}, stateOf(entered(policed)))).toEqual([...freed, `close_entrance device=${tap}`]);
    expect(planned({}, stateOf(entered(policed, { others: true })))).toEqual(freed);
    expect(planned({}, stateOf(entered(policed, { kind: 'clsact' })))).toEqual(freed);
  });

  describe('where the kernel does not police', () => {
    const means = { means: 'detour' as const };
    const led = { kind: 'redirect', to: ifb } as const;

    it('is shaped on a device of its own', () => {
      expect(planned(fromGuest, stateOf(), means)).toEqual([
        `make_detour name=${ifb}`,
        `shape device=${ifb} ${bucket} limit=100000`,
        `open_entrance device=${tap}`,
        `redirect device=${tap} to=${ifb}`,
      ]);
      const done = { ...entered(led), roots: { [ifb]: tbf }, detours: [ifb] };
      expect(planned(fromGuest, stateOf(done), means)).toEqual([]);
    });

    it('is led there anew when the device was taken away', () => {
      const state = stateOf({ ...entered(led), roots: { [ifb]: tbf } });
      expect(planned(fromGuest, state, means)).toEqual([
        `make_detour name=${ifb}`,
        `shape device=${ifb} ${bucket} limit=100000`,
        `unfilter device=${tap}`,
        `redirect device=${tap} to=${ifb}`,
      ]);
    });

    it('has no device without a rule, nor where it is policed by now', () => {
      const state = stateOf({ ...entered(led), roots: { [ifb]: tbf }, detours: [ifb] });
      const freed = [`unfilter device=${tap}`, `close_entrance device=${tap}`, `delete_detour name=${ifb}`];
      expect(planned({}, state, means)).toEqual(freed);
      expect(planned(fromGuest, state)).toEqual([
        `unfilter device=${tap}`,
        `police device=${tap} ${bucket}`,
        `delete_detour name=${ifb}`,
      ]);
    });

    it('leaves no device of a tap that is gone; devices of others stay', () => {
      const state = stateOf({ detours: ['ifbbbbbbbbb-bb', 'ifb0', 'ifbcccccccc-cc'] });
      expect(planned({}, state, { ...means, taps: [tap, 'tapcccccccc-cc'] })).toEqual([
        'delete_detour name=ifbbbbbbbbb-bb',
      ]);
    });
  });
});
