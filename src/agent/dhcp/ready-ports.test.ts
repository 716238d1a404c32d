import { expect, test } from 'vitest';
import { PluginApi } from '../../rpc/contract.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import { ReadyPorts } from './ready-ports.ts';

const many = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `port-${from + i}`);

function reporter(answer: (ids: string[]) => unknown = () => null) {
  const calls: string[][] = [];
  const transport = new FakeTransport({
    dhcp_ready_on_ports: ({ port_ids }: { port_ids: string[] }) => {
      calls.push(port_ids);
      return answer(port_ids);
    },
  });
  return { ready: new ReadyPorts(new PluginApi(transport)), calls };
}

test('a burst goes in one call, at most 64 ports each, those somebody waits for first', async () => {
  const { ready, calls } = reporter();
  ready.add([], many(0, 100));
  ready.add(['wanted']);
  await expect.poll(() => calls.flat().length).toBe(101);
  expect(calls.map((ids) => ids.length)).toEqual([64, 37]);
  expect(calls[0]![0]).toBe('wanted');
  await ready.close();
});

test('what comes during a call goes with the next one', async () => {
  const first = Promise.withResolvers<null>();
  const { ready, calls } = reporter((ids) => (ids.includes('a') ? first.promise : null));
  ready.add(['a']);
  await expect.poll(() => calls.length).toBe(1);
  ready.add(['b']);
  ready.add(['c']);
  first.resolve(null);
  await expect.poll(() => calls).toEqual([['a'], ['b', 'c']]);
  await ready.close();
});

test('a failed call is repeated; deleted ports are left out', async () => {
  let fail = true;
  const { ready, calls } = reporter(() => {
    if (fail) throw new Error('no server');
    return null;
  });
  ready.add(['a', 'b']);
  await expect.poll(() => calls.length).toBe(1);
  ready.forget('a');
  fail = false;
  await expect.poll(() => calls.at(-1)).toEqual(['b']);
  await ready.close();
});

test('closing does not wait for a server that is away', async () => {
  const { ready, calls } = reporter(() => {
    throw new Error('no server');
  });
  ready.add(['a']);
  await expect.poll(() => calls.length).toBe(1);
  await ready.close();
  ready.add(['b']);
  expect(calls).toHaveLength(1);
});
