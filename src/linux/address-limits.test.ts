import { describe, expect, it } from 'vitest';
import {
  type AddressLimitState,
  type LimitPlace,
  planAddressLimits,
  readClasses,
  readFilters,
} from './address-limits.ts';

const qg = 'qg-aaaaaaaa-aa';
const ifb = 'ifbaaaaaaaa-aa';
const limit = { address: '203.0.113.7', rate: 125_000, burst: 3000 };
const none: LimitPlace = { parent: null, filters: [], classes: new Map() };
const nothing: AddressLimitState = { out: none, in: none, detour: null };
const match = (side: string) => `match ip ${side} 203.0.113.7/32`;
const cookie = '000000000001e8480000000000000bb8';
const police = `action police rate 1000000bit burst 3000b mtu 64kb conform-exceed drop/pass cookie ${cookie}`;
const filter = (dev: string, parent: string) => `filter add dev ${dev} parent ${parent} protocol ip pref 1 u32`;

describe('what tc prints', () => {
  it('of filters by address is read, each with what it does', () => {
    const match = { value: 'cb007107', mask: 'ffffffff', off: 12 };
    const text = JSON.stringify([
      { protocol: 'ip', pref: 1, kind: 'u32' },
      { protocol: 'ip', pref: 1, kind: 'u32', options: { fh: '800:', ht_divisor: 1 } },
      { protocol: 'ip', pref: 1, kind: 'u32', options: { fh: '800::800', flowid: '1:a', match } },
      { protocol: 'ip', pref: 1, options: { fh: '800::801', match, actions: [{ kind: 'police', cookie }] } },
      { protocol: 'ip', pref: 1, options: { fh: '800::802', match, actions: [{ kind: 'mirred', to_dev: ifb }] } },
      { protocol: 'ip', pref: 1, options: { fh: '800::803', match: { ...match, off: 16 } } },
      { protocol: 'ip', pref: 9, options: { fh: '801::800', match } },
    ]);
    const address = '203.0.113.7';
    expect(readFilters(text, 12)).toEqual([
      { handle: '800::800', address, action: { kind: 'class', number: 10 } },
      { handle: '800::801', address, action: { kind: 'police', shape: { rate: 125_000, burst: 3000 } } },
      { handle: '800::802', address, action: { kind: 'redirect', to: ifb } },
      { handle: '800::803', address: null, action: { kind: 'other' } },
    ]);
    expect(readFilters('', 12)).toEqual([]);
  });

  it('of classes is read, whatever the units', () => {
    const text = `class htb 1:1 root prio 0 rate 1Mbit ceil 1Mbit burst 3000b cburst 3000b
class htb 1:a root leaf 8001: prio 0 rate 1500Kbit ceil 1500Kbit burst 15Kb cburst 15Kb
`;
    expect([...readClasses(text)]).toEqual([
      [1, { rate: 125_000, burst: 3000 }],
      [10, { rate: 187_500, burst: 15_360 }],
    ]);
  });
});

describe('a kernel that polices', () => {
  const wanted = { out: [limit], in: [limit] };
  const policed = (handle: string) => ({
    ...{ handle, address: limit.address },
    action: { kind: 'police', shape: { rate: 125_000, burst: 3000 } } as const,
  });

  it('gets a filter for each way, as upstream makes them', () => {
    expect(planAddressLimits(qg, wanted, nothing, 'police')).toEqual({
      before: [],
      traffic: [
        `qdisc replace dev ${qg} root handle 1: htb`,
        `${filter(qg, '1:')} ${match('src')} ${police}`,
        `qdisc add dev ${qg} ingress`,
        `${filter(qg, 'ffff:')} ${match('dst')} ${police}`,
      ],
      after: [],
    });
  });

  it('that has them already needs nothing', () => {
    const place = (parent: string) => ({ parent, filters: [policed('800::800')], classes: new Map() });
    const state = { out: place('1:'), in: place('ffff:'), detour: null };
    expect(planAddressLimits(qg, wanted, state, 'police')).toEqual({ before: [], traffic: [], after: [] });
  });

  it('loses one that is another or nobody’s, and keeps the rest', () => {
    const stale = { ...policed('800::801'), address: '203.0.113.8' };
    const state = { ...nothing, out: { parent: '8001:', filters: [policed('800::800'), stale], classes: new Map() } };
    const faster = { ...limit, rate: 250_000 };
    const { traffic } = planAddressLimits(qg, { out: [faster], in: [] }, state, 'police');
    expect(traffic).toEqual([
      `filter del dev ${qg} parent 8001: protocol ip pref 1 handle 800::800 u32`,
      `filter del dev ${qg} parent 8001: protocol ip pref 1 handle 800::801 u32`,
      expect.stringContaining('rate 2000000bit'),
    ]);
  });

  it('loses everything with the last limit', () => {
    const state = { out: { ...none, parent: '1:' }, in: { ...none, parent: 'ffff:' }, detour: null };
    const { traffic } = planAddressLimits(qg, { out: [], in: [] }, state, 'police');
    expect(traffic).toEqual([`qdisc del dev ${qg} root`, `qdisc del dev ${qg} ingress`]);
  });
});

describe('a kernel that cannot police', () => {
  const classed = (number: number, address = limit.address) => ({
    ...{ handle: `800::80${number}`, address, action: { kind: 'class', number } as const },
  });
  const shape = { rate: 125_000, burst: 3000 };

  it('shapes by classes, what comes in on a detour', () => {
    const klass = (dev: string) =>
      `class replace dev ${dev} parent 1: classid 1:1 htb rate 1000000bit ceil 1000000bit burst 3000b cburst 3000b`;
    expect(planAddressLimits(qg, { out: [limit], in: [limit] }, nothing, 'detour')).toEqual({
      before: [`link add name ${ifb} type ifb`, `link set dev ${ifb} up`],
      traffic: [
        `qdisc replace dev ${qg} root handle 1: htb`,
        klass(qg),
        `${filter(qg, '1:')} ${match('src')} flowid 1:1`,
        `qdisc replace dev ${ifb} root handle 1: htb`,
        klass(ifb),
        `${filter(ifb, '1:')} ${match('dst')} flowid 1:1`,
        `qdisc add dev ${qg} ingress`,
        `${filter(qg, 'ffff:')} ${match('dst')} action mirred egress redirect dev ${ifb}`,
      ],
      after: [],
    });
  });

  it('changes a class in place, and drops what nobody uses', () => {
    const out = {
      parent: '1:',
      filters: [classed(1), classed(2, '203.0.113.8')],
      classes: new Map([
        [1, shape],
        [2, shape],
      ]),
    };
    const { traffic } = planAddressLimits(
      qg,
      { out: [{ ...limit, rate: 250_000 }], in: [] },
      { ...nothing, out },
      'detour',
    );
    expect(traffic).toEqual([
      expect.stringContaining('class replace dev qg-aaaaaaaa-aa parent 1: classid 1:1 htb rate 2000000bit'),
      `filter del dev ${qg} parent 1: protocol ip pref 1 handle 800::802 u32`,
      `class del dev ${qg} classid 1:2`,
    ]);
  });

  it('gives another address another class', () => {
    const out = { parent: '1:', filters: [classed(1)], classes: new Map([[1, shape]]) };
    const second = { ...limit, address: '203.0.113.8' };
    const { traffic } = planAddressLimits(qg, { out: [limit, second], in: [] }, { ...nothing, out }, 'detour');
    expect(traffic).toEqual([
      expect.stringContaining('classid 1:2'),
      expect.stringContaining('src 203.0.113.8/32 flowid 1:2'),
    ]);
  });

  it('loses the detour with the last limit of what comes in', () => {
    const lead = { handle: '800::800', address: limit.address, action: { kind: 'redirect', to: ifb } as const };
    const state = {
      out: none,
      in: { parent: 'ffff:', filters: [lead], classes: new Map() },
      detour: { parent: '1:', filters: [classed(1)], classes: new Map([[1, shape]]) },
    };
    expect(planAddressLimits(qg, { out: [], in: [] }, state, 'detour')).toEqual({
      before: [],
      traffic: [`qdisc del dev ${qg} ingress`],
      after: [`link del dev ${ifb}`],
    });
  });
});
