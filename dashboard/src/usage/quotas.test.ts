import { expect, it } from 'vitest';
import { quotaLines, roomOf } from './quotas.ts';

const use = (limit: number, used: number, reserved = 0) => ({ limit, used, reserved });

it('tells of what is nearest to its limit first', () => {
  const lines = quotaLines({
    network: use(100, 10),
    port: use(-1, 700),
    router: use(10, 9, 1),
    subnet: use(0, 0),
    trunk: use(0, 1),
    subnetpool: use(-1, 0),
    floatingip: use(50, 60),
  });
  expect(lines.map(({ resource, used, limit, share }) => [resource, used, limit, share])).toEqual([
    ['floatingip', 60, 50, 1.2],
    ['router', 10, 10, 1],
    ['trunk', 1, 0, 1],
    ['network', 10, 100, 0.1],
    ['subnet', 0, 0, 0],
    ['port', 700, null, null],
    ['subnetpool', 0, null, null],
  ]);
});

it('says how much room there is', () => {
  expect([null, 0, 0.79, 0.8, 0.99, 1, 1.2].map(roomOf)).toEqual([
    ...['enough', 'enough', 'enough', 'little', 'little', 'none', 'none'],
  ]);
});
