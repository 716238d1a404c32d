import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../lib/log.ts';
import type { WireFloatingIp, WireRouter } from '../../rpc/contract.ts';
import { Turns } from '../turns.ts';
import type { ApplyOutcome } from './apply.ts';
import type { RouterState } from './contract.ts';
import { deriveRouter, makeParts } from './parts.ts';
import { factsOf, ids, portOf, routerOf, subnetOf } from './testing.ts';
import { priorities, RouterWorker } from './worker.ts';

const gw_port = portOf(ids.gateway, ['203.0.113.5/24'], { subnets: [subnetOf('203.0.113.0/24')] });
const floating = (id: string, last: number): WireFloatingIp =>
  ({
    ...{ id, floating_ip_address: `203.0.113.${last}`, fixed_ip_address: `10.0.0.${last}`, status: 'DOWN' },
  }) as unknown as WireFloatingIp;
const named = (name: string, more: Partial<WireRouter> = {}) => routerOf({ name, gw_port, ...more });

function open(outcome: Partial<ApplyOutcome> = {}) {
  const did: string[] = [];
  const statuses: unknown[] = [];
  const failed: string[] = [];
  const relied: boolean[] = [];
  let gate: Promise<void> = Promise.resolve();
  let error: Error | null = null;
  const turns = new Turns(1);
  let isUnknown = false;
  const keeper = {
    derive: (router: WireRouter) => {
      if (isUnknown) throw new Error('the server has not said yet');
      return deriveRouter(router, makeParts([]), factsOf());
    },
    ensure: async (router: WireRouter, state: RouterState, before: RouterState | null) => {
      await gate;
      if (error) throw error;
      did.push(`ensure ${router.name}`);
      relied.push(before !== null);
      return { state, outcome: { addresses: [], failures: [], ...outcome } };
    },
    remove: async (_id: string, _state: RouterState | null, comesBack = false) =>
      void did.push(comesBack ? 'make anew' : 'remove'),
  };
  const worker = new RouterWorker(ids.router, {
    keeper,
    logger: silentLogger,
    turn: (work, place) => turns.take(work, place),
    onStatuses: (_id, told) => void statuses.push(told),
    onFailed: (id, _error, times) => void failed.push(times === 1 ? id : `${id} × ${times}`),
  });
  return {
    ...{ worker, did, statuses, failed, relied, turns },
    hold: () => {
      const held = Promise.withResolvers<void>();
      gate = held.promise;
      return held.resolve;
    },
    didNotSay: (is: boolean) => {
      isUnknown = is;
    },
    fail: (next: Error | null) => {
      error = next;
    },
  };
}

describe('a router’s worker', () => {
  it('brings the host to the newest word, whatever came between', async () => {
    const { worker, did, hold } = open();
    const go = hold();
    const first = worker.take(named('one'), 1, priorities.message);
    const rest = [2, 3].map((at) => worker.take(named(`word ${at}`), at, priorities.message));
    go();
    await Promise.all([first, ...rest]);
    expect(did.at(-1)).toBe('ensure word 3');
    expect(did).not.toContain('ensure word 2');
  });

  it('does not take an answer to a question that is older than what it knows', async () => {
    const { worker, did } = open();
    await worker.take(named('new'), 5, priorities.message);
    await worker.take(named('old'), 4, priorities.sync);
    await worker.take(null, 3, priorities.sync);
    expect(did).toEqual(['ensure new']);
  });

  it('looks at the kernel at first and when it is told to, and relies on what it did else', async () => {
    const { worker, relied } = open();
    await worker.take(named('one'), 1, priorities.sync);
    await worker.take(named('two'), 2, priorities.message);
    await worker.check();
    expect(relied).toEqual([false, true, false]);
  });

  it('takes away a router that is not its own any more, and one that is down', async () => {
    const { worker, did } = open();
    await worker.take(named('one'), 1, priorities.sync);
    await worker.take(named('one', { admin_state_up: false }), 2, priorities.message);
    expect(did).toEqual(['ensure one', 'remove']);
    await worker.take(null, 3, priorities.message);
    expect(did).toHaveLength(2);
    expect(worker.isIdle).toBe(true);
  });

  it('removes what an agent before left of a router that nobody knows', async () => {
    const { worker, did } = open();
    await worker.take(null, 1, priorities.sync);
    expect(did).toEqual([]);
    worker.markLeft();
    await worker.take(null, 2, priorities.sync);
    expect(did).toEqual(['remove']);
  });

  it('reports floating IPs that work, and those that are gone', async () => {
    const { worker, statuses } = open();
    await worker.take(named('one', { _floatingips: [floating('f7', 7), floating('f8', 8)] }), 1, priorities.sync);
    await worker.take(named('one', { _floatingips: [{ ...floating('f7', 7), status: 'ACTIVE' }] }), 2, priorities.sync);
    expect(statuses).toEqual([{ f7: 'ACTIVE', f8: 'ACTIVE' }, { f8: 'DOWN' }]);
  });

  it('reports what became of a floating IP once, however often it looks', async () => {
    const { worker, statuses, fail } = open();
    await worker.take(named('one', { _floatingips: [floating('f7', 7)] }), 1, priorities.sync);
    await worker.check();
    await worker.refresh();
    expect(statuses).toEqual([{ f7: 'ACTIVE' }]);
    fail(new Error('broken'));
    await worker.check();
    fail(null);
    await worker.check();
    expect(statuses).toEqual([{ f7: 'ACTIVE' }, { f7: 'ERROR' }, { f7: 'ACTIVE' }]);
  });

  it('reports even nothing when addresses went while no agent ran: the server knows whose they were', async () => {
    const { worker, statuses } = open({ forgot: true });
    await worker.take(named('one'), 1, priorities.sync);
    await worker.check();
    expect(statuses).toEqual([{}]);
  });

  it('reports nothing of a router that cannot be told yet from what the server said: what is in force stays', async () => {
    const { worker, statuses, failed, didNotSay } = open();
    didNotSay(true);
    await worker.take(named('one', { _floatingips: [floating('f7', 7)] }), 1, priorities.sync);
    expect([statuses, failed]).toEqual([[], [ids.router]]);
    didNotSay(false);
    await worker.retry();
    expect(statuses).toEqual([{ f7: 'ACTIVE' }]);
  });

  it('reports the one floating IP whose address could not be added, and tries again', async () => {
    const { worker, statuses, failed } = open({ addresses: ['203.0.113.8/32'], failures: ['ip address add …'] });
    await worker.take(named('one', { _floatingips: [floating('f7', 7), floating('f8', 8)] }), 1, priorities.sync);
    expect(statuses).toEqual([{ f7: 'ACTIVE', f8: 'ERROR' }]);
    expect(failed).toEqual([ids.router]);
    expect(worker.failure).toBe('ip address add …');
  });

  it('reports all floating IPs of a router that cannot be made, and relies on nothing then', async () => {
    const { worker, statuses, relied, fail } = open();
    fail(new Error('no memory'));
    await worker.take(named('one', { _floatingips: [floating('f7', 7)] }), 1, priorities.sync);
    expect(statuses).toEqual([{ f7: 'ERROR' }]);
    fail(null);
    await worker.retry();
    expect(worker.failure).toBeNull();
    expect(relied).toEqual([false]);
  });

  it('says how often it failed one after the other', async () => {
    const { worker, failed, fail } = open();
    fail(new Error('no memory'));
    await worker.take(named('one'), 1, priorities.sync);
    await worker.retry();
    fail(null);
    await worker.retry();
    fail(new Error('no memory'));
    await worker.check();
    expect(failed).toEqual([ids.router, `${ids.router} × 2`, ids.router]);
  });

  it('makes a router anew that becomes highly available, of what is known of it', async () => {
    const { worker, did } = open();
    await worker.take(named('one'), 1, priorities.sync);
    await worker.take(named('two', { ha: true, ha_vr_id: 5 }), 2, priorities.message);
    expect(did).toEqual(['ensure one', 'make anew', 'ensure two']);
    await worker.take(null, 3, priorities.message);
    expect(did.at(-1)).toBe('remove');
  });

  it('comes before the routers of a sync when a message is about it', async () => {
    const { worker, turns, did } = open();
    const busy = Promise.withResolvers<void>();
    const running = turns.take(() => busy.promise);
    const other = turns.take(async () => void did.push('another of the sync'), { priority: priorities.sync });
    const own = worker.take(named('one'), 1, priorities.sync);
    void worker.take(named('two'), 2, priorities.message);
    busy.resolve();
    await Promise.all([running, other, own]);
    expect(did).toEqual(['ensure two', 'another of the sync']);
  });
});
