import { expect, it } from 'vitest';
import { Zones } from './zones.ts';

it('gives each bridge a zone of its own and keeps what the kernel has', () => {
  const zones = new Zones();
  zones.adopt(
    new Map([
      ['brqa', 4099],
      ['brqb', 4099],
      ['brqc', 4100],
    ]),
  );
  expect([zones.of('brqa'), zones.of('brqc'), zones.of('brqb'), zones.of('brqd')]).toEqual([4099, 4100, 4101, 4102]);
  expect(zones.of('brqb')).toBe(4101);
  expect(new Zones().of('brqx')).toBe(4097);
});

it('takes zones of bridges without ports when there are no more', () => {
  const zones = new Zones();
  zones.adopt(
    new Map([
      ['brqa', 65_535],
      ['brqb', 4097],
    ]),
  );
  zones.keep(['brqa', 'brqnew']);
  expect(zones.of('brqnew')).toBe(4097);
});

it('keeps the zone of a bridge that the kernel has lost, and those another agent gave', () => {
  const zones = new Zones();
  expect(zones.of('brqa')).toBe(4097);
  zones.adopt(new Map());
  zones.learn(new Map([['brqz', 4098]]));
  expect([zones.has('brqa'), zones.has('brqb'), zones.of('brqb')]).toEqual([true, false, 4099]);
});
