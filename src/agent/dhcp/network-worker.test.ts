import { describe, expect, test } from 'vitest';
import type { NetworkInfo } from '../../rpc/contract.ts';
import type { DhcpState } from './derive.ts';
import { wantsDhcp } from './network.ts';
import type { NetworkEvent } from './network-events.ts';
import { NetworkWorker, type WorkerParts } from './network-worker.ts';
import { dhcpPortOf, ids, networkOf, portOf } from './testing.ts';

/** A worker whose keeper only notes what it is asked. */
function make(changes: Partial<WorkerParts> = {}, leftover = false) {
  const log: string[] = [];
  const ready: { first: string[]; rest: string[] }[] = [];
  const failures: string[] = [];
  const server = { network: networkOf() as NetworkInfo | null, fails: false };
  const deleted = new Set<string>();
  const parts: WorkerParts = {
    host: 'host1',
    keeper: {
      ensure: async (network, scope) => {
        log.push(`ensure ${scope} ${network.ports.length}`);
        if (server.fails) throw new Error('dnsmasq did not start');
        return wantsDhcp(network) ? { network, state: { refused: [] } as unknown as DhcpState } : null;
      },
      remove: async () => {
        log.push('remove');
        if (server.fails) throw new Error('no namespace for you');
      },
    },
    plugin: {
      getNetworkInfo: async () => {
        log.push('ask');
        return server.network;
      },
    },
    gatherMs: 0,
    deleted,
    turn: (work) => work(),
    onReady: (first, rest) => void ready.push({ first, rest }),
    onApplied: () => {},
    onFailed: (_, error, again) => void failures.push(`${again ? 'again: ' : ''}${String(error)}`),
    ...changes,
  };
  const worker = new NetworkWorker(ids.network, parts, leftover);
  let clock = 0;
  const push = (event: NetworkEvent, priority = 5) => worker.push(event, priority, ++clock);
  return { worker, push, retry: () => worker.retry(++clock), log, ready, failures, server, deleted };
}

const many = Array.from({ length: 100 }, (_, i) =>
  portOf({
    id: `aaaaaaaa-0000-4000-8000-${String(i).padStart(12, '0')}`,
    fixed_ips: [{ subnet_id: ids.v4, ip_address: `10.0.0.${i + 10}` }],
  }),
);

test('a burst of ports is one change of the host, and each is reported ready', async () => {
  const { worker, push, log, ready } = make();
  push({ kind: 'refresh' }, 0);
  await worker.settled();
  for (const port of many) push({ kind: 'port', port });
  await worker.settled();
  expect(log).toEqual(['ask', 'ensure all 1', 'ensure files 101']);
  expect(ready).toEqual([
    { first: [], rest: [ids.dhcp] },
    { first: many.map((port) => port.id), rest: [] },
  ]);
});

test('deleting a port: no question, nothing to report', async () => {
  const { worker, push, log, ready, server } = make();
  server.network = networkOf({ ports: [dhcpPortOf(), portOf()] });
  push({ kind: 'refresh' }, 0);
  await worker.settled();
  push({ kind: 'port_gone', portId: ids.port }, 6);
  await worker.settled();
  expect(log.slice(2)).toEqual(['ensure files 1']);
  expect(ready.at(-1)).toEqual({ first: [], rest: [] });
});

test('an answer of the server without what was deleted meanwhile', async () => {
  const { worker, push, server, deleted } = make();
  server.network = networkOf({ ports: [dhcpPortOf(), portOf()] });
  deleted.add(ids.port);
  push({ kind: 'refresh' }, 0);
  await worker.settled();
  expect(worker.network?.ports.map((port) => port.id)).toEqual([ids.dhcp]);
});

test('an event settles when the host follows it, though more come', async () => {
  const { push, log } = make();
  await push({ kind: 'refresh' }, 0);
  expect(log).toEqual(['ask', 'ensure all 1']);
  const first = push({ kind: 'port', port: many[0]! });
  const second = first.then(() => push({ kind: 'port', port: many[1]! }));
  await first;
  expect(log.slice(2)).toEqual(['ensure files 2']);
  await second;
  expect(log.slice(2)).toEqual(['ensure files 2', 'ensure files 3']);
});

describe('removing', () => {
  test('does nothing where nothing was made', async () => {
    const { worker, push, log } = make();
    push({ kind: 'remove' }, 2);
    await worker.settled();
    expect([log, worker.isIdle]).toEqual([[], true]);
  });

  test('ends what a run before left', async () => {
    const { worker, push, log } = make({}, true);
    push({ kind: 'gone', askedAt: 0 }, 2);
    await worker.settled();
    expect([log, worker.isIdle]).toEqual([['remove'], true]);
  });

  test('when the server no longer knows the network, or DHCP is switched off', async () => {
    const { worker, push, log, server } = make();
    push({ kind: 'refresh' }, 0);
    await worker.settled();
    server.network = networkOf({ admin_state_up: false });
    push({ kind: 'refresh' }, 1);
    await worker.settled();
    expect([worker.state, worker.isKnown]).toEqual([null, false]);
    server.network = networkOf();
    push({ kind: 'refresh' }, 1);
    await worker.settled();
    server.network = null;
    push({ kind: 'refresh' }, 1);
    await worker.settled();
    expect(log).toEqual([
      'ask',
      'ensure all 1',
      'ask',
      'ensure all 1',
      'remove',
      'ask',
      'ensure all 1',
      'ask',
      'remove',
    ]);
    expect(worker.isIdle).toBe(true);
  });

  test('that failed is tried again as removing, though the server still tells of the network', async () => {
    const { worker, push, retry, log, server, failures } = make();
    push({ kind: 'refresh' }, 0);
    await worker.settled();
    server.fails = true;
    push({ kind: 'remove' }, 2);
    await worker.settled();
    expect([failures.length, worker.isIdle, worker.isBusy]).toEqual([1, false, true]);
    server.fails = false;
    retry();
    await worker.settled();
    expect(log).toEqual(['ask', 'ensure all 1', 'remove', 'remove']);
    expect(worker.isIdle).toBe(true);
  });
});

test('what failed is told, explained, and tried again in whole', async () => {
  const { worker, push, retry, log, ready, failures, server } = make();
  server.fails = true;
  push({ kind: 'refresh' }, 0);
  await worker.settled();
  expect(failures).toEqual(['Error: dnsmasq did not start']);
  expect([worker.failure, worker.isKnown, worker.state, ready]).toEqual(['dnsmasq did not start', true, null, []]);
  retry();
  await worker.settled();
  expect(failures).toEqual(['Error: dnsmasq did not start', 'again: Error: dnsmasq did not start']);
  server.fails = false;
  retry();
  await worker.settled();
  expect(log).toEqual(['ask', 'ensure all 1', 'ask', 'ensure all 1', 'ask', 'ensure all 1']);
  expect([worker.failure, ready.length]).toEqual([null, 1]);
});

test('a check reports no ports, and a network that is not known is not checked', async () => {
  const { worker, push, log, ready } = make();
  push({ kind: 'check' }, 9);
  await worker.settled();
  expect(log).toEqual([]);
  push({ kind: 'refresh' }, 0);
  await worker.settled();
  push({ kind: 'check' }, 9);
  await worker.settled();
  expect(log).toEqual(['ask', 'ensure all 1', 'ensure inside 1']);
  expect(ready).toHaveLength(1);
});

test('work of a sync waits for its turn, messages do not', async () => {
  const gate = Promise.withResolvers<void>();
  const { worker, push, log } = make({
    turn: async (work) => {
      await gate.promise;
      return await work();
    },
  });
  push({ kind: 'refresh' }, 0);
  await expect.poll(() => log).toEqual(['ask', 'ensure all 1']);
  push({ kind: 'info', network: networkOf(), askedAt: 10 }, 0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(log).toHaveLength(2);
  gate.resolve();
  await worker.settled();
  expect(log).toEqual(['ask', 'ensure all 1', 'ensure all 1']);
});

test('changes of ports are gathered for as long as is configured', async () => {
  const { worker, push, log } = make({ gatherMs: 50 });
  push({ kind: 'refresh' }, 0);
  await worker.settled();
  push({ kind: 'port', port: many[0]! });
  await new Promise((resolve) => setTimeout(resolve, 10));
  push({ kind: 'port', port: many[1]! });
  await worker.settled();
  expect(log.slice(2)).toEqual(['ensure files 3']);
});
