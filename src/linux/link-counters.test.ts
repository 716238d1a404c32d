import { expect, it } from 'vitest';
import { readLinkCounters } from './link-counters.ts';

const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1640      20    0    0    0     0          0         0     1640      20    0    0    0     0       0          0
tapae914b64-41:    7012      83    0    2    0     0          0         0    10340      95    0    1    0     0       0          0
eth0:1:       5       1    0    0    0     0          0         0        6       2    0    0    0     0       0          0
`;

it('reads what each link counted', async () => {
  const counters = await readLinkCounters(async () => text);
  expect([...counters.keys()]).toEqual(['lo', 'tapae914b64-41', 'eth0:1']);
  expect(counters.get('tapae914b64-41')).toEqual({
    ...{ rx_packets: 83, rx_bytes: 7012, rx_dropped: 2 },
    ...{ tx_packets: 95, tx_bytes: 10_340, tx_dropped: 1 },
  });
});

it('knows its own namespace', async () => {
  expect((await readLinkCounters()).has('lo')).toBe(true);
});
