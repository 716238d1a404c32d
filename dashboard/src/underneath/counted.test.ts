import { expect, it } from 'vitest';
import { textIn } from '../messages/text.tsx';
import { countedOf, countedText, sizeText } from './counted.ts';

const text = textIn('en');
const device = { rx_packets: 83, rx_bytes: 7012, rx_dropped: 0, tx_packets: 95, tx_bytes: 10_340, tx_dropped: 2 };
const told = (step: string, counters: Record<string, number>, grown = {}) =>
  countedOf({ step, counters }, grown).map((one) => countedText(one, text));

it('tells of a tap what its guest sent and got, of other devices what came and went', () => {
  expect(told('tap', device, { rx_packets: 5 })).toEqual([
    'from the guest: 83 packets (7.0 kB) +5',
    'to the guest: 95 packets (10 kB)',
    'lost: 2 packets',
  ]);
  expect(told('leg', device).slice(0, 2)).toEqual(['in: 83 packets (7.0 kB)', 'out: 95 packets (10 kB)']);
});

it('tells of rules what they took, of chains what none of them wanted', () => {
  expect(told('rule', { packets: 0, bytes: 0 })).toEqual(['took 0 packets (0 B)']);
  expect(told('chain', { dropped_packets: 4, dropped_bytes: 240 })).toEqual(['dropped 4 packets (240 B)']);
  expect(countedOf({ step: 'bound' }, {})).toEqual([]);
});

it.each([
  [999, '999 B'],
  [1000, '1.0 kB'],
  [12_345_678, '12 MB'],
  [5e15, '5000 TB'],
])('writes %d bytes as %s', (bytes, written) => {
  expect(sizeText(bytes)).toBe(written);
});
