import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeTransport } from '../rpc/fake.ts';
import { MessagingTimeout } from '../rpc/transport.ts';
import { Heartbeat } from './heartbeat.ts';
import type { LastError } from './last-error.ts';

const agentState = {
  binary: 'neutron-dhcp-agent',
  host: 'h1',
  topic: 'dhcp_agent',
  agent_type: 'DHCP agent',
  configurations: {},
};
const INTERVAL_MS = 30_000;

describe('Heartbeat', () => {
  let transport: FakeTransport;
  let beats: Heartbeat;
  let syncs: string[];

  beforeEach(() => {
    vi.useFakeTimers();
    transport = new FakeTransport({ report_state: 'alive' });
    syncs = [];
    beats = new Heartbeat({
      transport,
      state: () => agentState,
      intervalMs: INTERVAL_MS,
      onFullSync: (why) => syncs.push(why),
    });
  });

  afterEach(async () => {
    await beats.close();
    vi.useRealTimers();
  });

  const reports = () => transport.argsOf('report_state').map((args) => args.agent_state.agent_state);

  test('says start_flag until it is answered, then no more', async () => {
    await beats.start();
    await vi.advanceTimersByTimeAsync(2 * INTERVAL_MS);
    expect(reports().map((report) => report.start_flag)).toEqual([true, undefined, undefined]);
  });

  test('sends what upstream sends: wrapped state, own uuid, UTC with six digits, version 1.2', async () => {
    vi.setSystemTime(new Date('2026-11-23T03:07:19.618Z'));
    await beats.start();
    const [message] = transport.sent;
    expect(message).toMatchObject({ kind: 'call', topic: 'q-reports-plugin', version: '1.2', method: 'report_state' });
    expect(message?.args).toEqual({
      agent_state: { agent_state: { ...agentState, start_flag: true, uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) } },
      time: '2026-11-23T03:07:19.618000',
    });
  });

  test('asks for a full sync when the server calls it new or revived, not when alive', async () => {
    await beats.start();
    expect(syncs).toEqual([]);
    transport.answer({ report_state: 'revived' });
    await vi.advanceTimersByTimeAsync(INTERVAL_MS);
    transport.answer({ report_state: 'new' });
    await vi.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(syncs).toEqual(['revived', 'new']);
  });

  test('a failed report is repeated after 1, 2, 4 … seconds, and keeps start_flag', async () => {
    transport.answer({ report_state: failing });
    void beats.start();
    const counts: number[] = [];
    for (const stepMs of [0, 1_000, 2_000, 4_000]) {
      await vi.advanceTimersByTimeAsync(stepMs);
      counts.push(reports().length);
    }
    expect(counts).toEqual([1, 2, 3, 4]);
    expect(reports().every((report) => report.start_flag)).toBe(true);
  });

  test('an answer that never comes does not hold up the next beat', async () => {
    transport.answer({ report_state: () => new Promise(() => {}) });
    void beats.start();
    await vi.advanceTimersByTimeAsync(3 * INTERVAL_MS);
    expect(reports()).toHaveLength(4);
  });

  test('slow answers do not move the grid', async () => {
    const sentAtMs: number[] = [];
    const startMs = Date.now();
    transport.answer({
      report_state: () => {
        sentAtMs.push(Date.now() - startMs);
        return new Promise((resolve) => setTimeout(() => resolve('alive'), 9_000));
      },
    });
    void beats.start();
    await vi.advanceTimersByTimeAsync(3 * INTERVAL_MS);
    expect(sentAtMs).toEqual([0, 30_000, 60_000, 90_000]);
  });

  test('reports at once when the connection is back', async () => {
    await beats.start();
    transport.reconnect();
    await vi.advanceTimersByTimeAsync(0);
    expect(reports()).toHaveLength(2);
  });

  test('asks for one full sync after the connection was lost, when the server has taken a report', async () => {
    await beats.start();
    transport.answer({ report_state: failing });
    transport.reconnect();
    await vi.advanceTimersByTimeAsync(0);
    expect(syncs).toEqual([]);
    transport.answer({ report_state: 'alive' });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(syncs).toEqual(['back']);
    transport.answer({ report_state: 'revived' });
    transport.reconnect();
    await vi.advanceTimersByTimeAsync(0);
    transport.answer({ report_state: 'alive' });
    await vi.advanceTimersByTimeAsync(5 * INTERVAL_MS);
    expect(syncs).toEqual(['back', 'revived']);
  });

  test('asks for a full sync when nobody answered for so long that it may have been given up', async () => {
    await beats.start();
    const silence = (reports: number) => {
      let left = reports;
      transport.answer({ report_state: () => (left-- > 0 ? failing() : 'alive') });
    };
    // A report that is not answered is nothing: the next is.
    silence(1);
    await vi.advanceTimersByTimeAsync(2 * INTERVAL_MS);
    expect(syncs).toEqual([]);
    silence(6);
    await vi.advanceTimersByTimeAsync(4 * INTERVAL_MS);
    expect(syncs).toEqual(['back']);
  });

  test('tells what went wrong last among the configurations, and nothing of it before', async () => {
    const errors: { last: LastError | null } = { last: null };
    const state = { ...agentState, configurations: { networks: 2 } };
    const telling = new Heartbeat({ transport, state: () => state, intervalMs: INTERVAL_MS, errors });
    await telling.start();
    errors.last = { at: '2026-11-29T12:00:00.000Z', what: 'no dnsmasq', count: 1 };
    await telling.reportNow();
    await telling.close();
    expect(reports().map(({ configurations }) => configurations)).toEqual([
      { networks: 2 },
      { networks: 2, last_error: errors.last },
    ]);
  });

  test('is silent after close', async () => {
    await beats.start();
    await beats.close();
    transport.reconnect();
    await vi.advanceTimersByTimeAsync(5 * INTERVAL_MS);
    expect(reports()).toHaveLength(1);
  });
});

function failing(): never {
  throw new MessagingTimeout('report_state', { topic: 'q-reports-plugin' }, INTERVAL_MS);
}
