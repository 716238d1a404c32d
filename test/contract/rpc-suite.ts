import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { currentCauses } from '../../src/lib/cause.ts';
import { adminContext, type Context } from '../../src/lib/context.ts';
import { NeutronError } from '../../src/lib/errors.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { News } from '../../src/plugin/news/news.ts';
import { CALL_TIMEOUT_MS } from '../../src/rpc/peer.ts';
import { type Endpoint, MessagingTimeout, RemoteError, type Transport } from '../../src/rpc/transport.ts';
import { eventually } from '../support/eventually.ts';

/** One broker of a kind and the ways to use it; every transport must pass the same tests. */
export interface Bus {
  /** A transport of another program. Closed with the bus. */
  connect(program: string): Promise<Transport>;
  /** Cuts all connections as a crash would. */
  stop(): Promise<void>;
  /** Brings the broker back; connections come back by themselves. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/**
 * What callers, servers and notifications may rely on, whatever carries them.
 *
 * @param options.outlives whether transports survive their broker; false where both are one process
 */
export function describeTransport(
  name: string,
  openBus: () => Promise<Bus>,
  options: { outlives: boolean } = { outlives: true },
): void {
  describe(name, () => {
    /** Where broker and programs are one process there is nothing to outlive: no test, rather than one that is skipped. */
    const brokerTest = (what: string, body: () => Promise<void>) => {
      if (options.outlives) test(what, body);
    };
    let bus: Bus;
    let caller: Transport;
    let serving: Transport;
    const context = adminContext();
    const topic = 'q-test';

    beforeEach(async () => {
      bus = await openBus();
      caller = await bus.connect('caller');
      serving = await bus.connect('serving');
    });

    afterEach(() => bus.close());

    const echo: Endpoint = { version: '1.3', methods: { echo: async (args) => args } };
    const call = (method: string, args: Record<string, unknown> = {}, version?: string) =>
      caller.call({ topic, ...(version ? { version } : {}) }, method, args, context);

    test('a call brings back the result', async () => {
      await serving.listen(topic, 'host1', [echo]);
      const args = { text: 'ü\n"', list: [1, null, { deep: true }], none: null };
      expect(await call('echo', args)).toEqual(args);
    });

    test('a method runs on behalf of the request that its message names', async () => {
      const seen: string[] = [];
      const note = async () => void seen.push(...currentCauses().map(({ requestId }) => requestId));
      await serving.listen(topic, 'host1', [{ version: '1.0', methods: { note } }]);
      const others = ['req-a', 'req-b'].map((requestId) => ({ ...context, requestId }));
      await Promise.all(others.map((other) => caller.call({ topic }, 'note', {}, other)));
      expect(seen.sort()).toEqual(['req-a', 'req-b']);
      expect(currentCauses()).toEqual([]);
    });

    test('what is said and heard is counted', async () => {
      const fail = async () => {
        throw new NeutronError('X', 'conflict', 'no');
      };
      await serving.listen(topic, 'host1', [{ version: '1.0', methods: { done: async () => 1, fail } }]);
      await call('done');
      await call('fail').catch(() => {});
      await call('nothing-of-ours').catch(() => {});
      await caller.cast({ topic, server: 'host1' }, 'done', {}, context);
      await caller.cast({ topic, fanout: true }, 'done', {}, context);
      await eventually(() => expect(serving.statistics.served.get('done')).toMatchObject({ done: 3, failed: 0 }));
      expect(serving.statistics.served.get('fail')).toMatchObject({ done: 0, failed: 1 });
      expect([...serving.statistics.served.keys()].sort()).toEqual(['done', 'fail']);
      expect(caller.statistics.sent).toEqual({ call: 3, cast: 1, fanout: 1, reply: 0 });
      expect(serving.statistics.received).toMatchObject({ request: 5, unreadable: 0 });
      expect([caller.callsUnderWay, caller.awayMs]).toEqual([0, 0]);
    });

    test('a method without a result answers null', async () => {
      await serving.listen(topic, 'host1', [{ version: '1.0', methods: { nothing: async () => undefined } }]);
      expect(await call('nothing')).toBeNull();
    });

    test('the context arrives whole, without the token', async () => {
      const asked: Context = {
        requestId: 'req-1',
        globalRequestId: 'req-2',
        userId: 'u',
        userName: 'un',
        projectId: 'p',
        projectName: 'pn',
        roles: ['member'],
        isAdmin: false,
        authToken: 't',
      };
      const whoami: Endpoint = { version: '1.0', methods: { whoami: async (_, who) => who } };
      await serving.listen(topic, 'host1', [whoami]);
      expect(await caller.call({ topic }, 'whoami', {}, asked)).toEqual({ ...asked, authToken: null });
    });

    test('what the method throws is thrown at the caller, with type, module and message', async () => {
      const methods = {
        refuse: async () => {
          throw new NeutronError('NetworkNotFound', 'not_found', 'Network x could not be found.');
        },
        fail: async () => (undefined as unknown as string[]).length,
      };
      await serving.listen(topic, 'host1', [{ version: '1.0', methods }]);
      await expect(call('refuse')).rejects.toThrow(RemoteError);
      await expect(call('refuse')).rejects.toMatchObject({
        type: 'NetworkNotFound',
        module: 'neutron_lib.exceptions',
        message: 'Network x could not be found.',
      });
      await expect(call('fail')).rejects.toMatchObject({ type: 'TypeError', module: 'builtins' });
    });

    test('an unknown method, and one of another version, are refused as oslo.messaging refuses them', async () => {
      await serving.listen(topic, 'host1', [echo]);
      await expect(call('no_such_method')).rejects.toMatchObject({
        type: 'NoSuchMethod',
        module: 'oslo_messaging.rpc.dispatcher',
        message: 'Endpoint does not support RPC method no_such_method',
      });
      await expect(call('toString')).rejects.toMatchObject({ type: 'NoSuchMethod' });
      for (const version of ['9.0', '1.4', '0.9']) {
        await expect(call('echo', {}, version)).rejects.toMatchObject({
          type: 'UnsupportedVersion',
          message: `Endpoint does not support RPC version ${version}. Attempted method: echo`,
        });
      }
      expect(await call('echo', { a: 1 }, '1.3')).toEqual({ a: 1 });
      expect(await call('echo', { a: 1 }, '1.0')).toEqual({ a: 1 });
    });

    test('endpoints of one listener have version histories of their own', async () => {
      const other: Endpoint = { version: '2.1', methods: { echo: async () => 'two', only: async () => 'only' } };
      await serving.listen(topic, 'host1', [echo, other]);
      expect(await call('echo', {}, '1.1')).toEqual({});
      expect(await call('echo', {}, '2.0')).toBe('two');
      expect(await call('only', {}, '2.1')).toBe('only');
      // As with oslo.messaging: who fits counts first, then who has the method.
      await expect(call('only', {}, '1.0')).rejects.toMatchObject({ type: 'NoSuchMethod' });
      await expect(call('nowhere', {}, '3.0')).rejects.toMatchObject({ type: 'UnsupportedVersion' });
    });

    test('an endpoint with a namespace serves those who ask for it, and the others nobody who does', async () => {
      const apart: Endpoint = { version: '1.0', namespace: 'trunk', methods: { echo: async () => 'apart' } };
      await serving.listen(topic, 'host1', [echo, apart]);
      const within = (namespace: string) => caller.call({ topic, version: '1.0', namespace }, 'echo', {}, context);
      expect(await within('trunk')).toBe('apart');
      expect(await call('echo', { a: 1 }, '1.0')).toEqual({ a: 1 });
      await expect(within('other')).rejects.toMatchObject({ type: 'UnsupportedVersion' });
    });

    test('a call that is not answered in time fails, and a late answer does no harm', async () => {
      const late = Promise.withResolvers<string>();
      const methods = { slow: () => late.promise, quick: async () => 'quick' };
      await serving.listen(topic, 'host1', [{ version: '1.0', methods }]);
      const slow = caller.call({ topic }, 'slow', {}, context, { timeoutMs: 50 });
      await expect(slow).rejects.toThrow(MessagingTimeout);
      late.resolve('late');
      expect(await call('quick')).toBe('quick');
    });

    test('a call to nobody fails, and does not wait for the minute that others may take', async () => {
      const started = performance.now();
      const asked = caller.call({ topic: 'nobody', server: 'nowhere' }, 'm', {}, context, { timeoutMs: 300 });
      await expect(asked).rejects.toThrow(MessagingTimeout);
      expect(performance.now() - started).toBeLessThan(CALL_TIMEOUT_MS / 2);
    });

    test('a slow method does not hold up the next', async () => {
      const gate = Promise.withResolvers<void>();
      const methods = { slow: () => gate.promise.then(() => 'slow'), quick: async () => 'quick' };
      await serving.listen(topic, 'host1', [{ version: '1.0', methods }]);
      const slow = call('slow');
      expect(await call('quick')).toBe('quick');
      gate.resolve();
      expect(await slow).toBe('slow');
    });

    test('many calls at once each get their own answer', async () => {
      await serving.listen(topic, 'host1', [echo]);
      const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => call('echo', { i })));
      expect(answers).toEqual(Array.from({ length: 500 }, (_, i) => ({ i })));
    });

    test('casts of one sender arrive in order', async () => {
      const got: number[] = [];
      await serving.listen(topic, 'host1', [recorder((args) => got.push(args.i))]);
      for (let i = 0; i < 200; i++) await caller.cast({ topic }, 'note', { i }, context);
      await eventually(() => expect(got).toHaveLength(200));
      expect(got).toEqual(Array.from({ length: 200 }, (_, i) => i));
    });

    test('a cast to nobody is no error', async () => {
      await caller.cast({ topic: 'nobody' }, 'note', {}, context);
      await caller.cast({ topic: 'nobody', fanout: true }, 'note', {}, context);
    });

    test('a server name picks its listener; without one they take turns; fan-out reaches all', async () => {
      const got: string[] = [];
      const third = await bus.connect('third');
      await serving.listen(topic, 'host1', [recorder(() => got.push('host1'))]);
      await third.listen(topic, 'host2', [recorder(() => got.push('host2'))]);
      await caller.cast({ topic, server: 'host2' }, 'note', {}, context);
      await eventually(() => expect(got).toEqual(['host2']));
      got.length = 0;
      for (let i = 0; i < 4; i++) await caller.cast({ topic }, 'note', {}, context);
      await eventually(() => expect(got.toSorted()).toEqual(['host1', 'host1', 'host2', 'host2']));
      got.length = 0;
      await caller.cast({ topic, fanout: true }, 'note', {}, context);
      await eventually(() => expect(got.toSorted()).toEqual(['host1', 'host2']));
    });

    test('a program may listen to one topic twice; fan-out then comes twice', async () => {
      const got: string[] = [];
      await serving.listen(topic, 'a', [recorder(() => got.push('a'))]);
      await serving.listen(topic, 'b', [recorder(() => got.push('b'))]);
      await caller.cast({ topic, fanout: true }, 'note', {}, context);
      await eventually(() => expect(got.toSorted()).toEqual(['a', 'b']));
    });

    test('a closed listener gets nothing more, the others do', async () => {
      const got: string[] = [];
      const listener = await serving.listen(topic, 'a', [recorder(() => got.push('a'))]);
      await serving.listen(topic, 'b', [recorder(() => got.push('b'))]);
      await listener.close();
      for (let i = 0; i < 3; i++) await caller.cast({ topic }, 'note', {}, context);
      await eventually(() => expect(got).toEqual(['b', 'b', 'b']));
    });

    test('a program can call itself', async () => {
      await caller.listen(topic, 'host1', [echo]);
      expect(await call('echo', { a: 1 })).toEqual({ a: 1 });
    });

    test('neither side sees changes of the other to what was sent', async () => {
      const kept = { list: [1] };
      await serving.listen(topic, 'host1', [{ version: '1.0', methods: { kept: async () => kept } }]);
      const got = (await call('kept')) as { list: number[] };
      got.list.push(2);
      expect(kept).toEqual({ list: [1] });
    });

    test('an answer of 10,000 ports arrives', async () => {
      const ports = Array.from({ length: 10_000 }, (_, i) => ({ id: `port-${i}`, text: 'x'.repeat(1_000) }));
      await serving.listen(topic, 'host1', [{ version: '1.0', methods: { all: async () => ports } }]);
      const got = (await call('all')) as typeof ports;
      expect(got).toHaveLength(10_000);
      expect(got[9_999]).toEqual(ports[9_999]);
    });

    brokerTest('after the broker was away both sides work again, and are told once', async () => {
      const back = { caller: 0, serving: 0 };
      caller.onReconnect(() => {
        back.caller += 1;
      });
      serving.onReconnect(() => {
        back.serving += 1;
      });
      await serving.listen(topic, 'host1', [echo]);
      expect(await call('echo', { a: 1 })).toEqual({ a: 1 });
      expect(back).toEqual({ caller: 0, serving: 0 });
      await bus.stop();
      await eventually(() => expect(serving.awayMs).toBeGreaterThan(0));
      await bus.start();
      await eventually(() => expect(back).toEqual({ caller: 1, serving: 1 }));
      expect([serving.awayMs, serving.statistics.reconnects]).toEqual([0, 1]);
      expect(await call('echo', { a: 2 })).toEqual({ a: 2 });
      expect(back).toEqual({ caller: 1, serving: 1 });
    });

    brokerTest('a call made while the broker is away is done when it is back', async () => {
      await serving.listen(topic, 'host1', [echo, { version: '1.0', methods: { never: () => new Promise(() => {}) } }]);
      const noticed = expect(call('never')).rejects.toThrow(MessagingTimeout);
      await call('echo');
      await bus.stop();
      await noticed;
      const asked = call('echo', { a: 1 });
      await bus.start();
      expect(await asked).toEqual({ a: 1 });
    });

    brokerTest('a call under way when the broker goes fails instead of hanging', async () => {
      const asked = Promise.withResolvers<void>();
      const methods = {
        never: () => {
          asked.resolve();
          return new Promise(() => {});
        },
      };
      await serving.listen(topic, 'host1', [{ version: '1.0', methods }]);
      const hanging = caller.call({ topic }, 'never', {}, context, { timeoutMs: 5_000 });
      const failed = expect(hanging).rejects.toThrow(MessagingTimeout);
      await asked.promise;
      await bus.stop();
      await failed;
      await bus.start();
    });

    brokerTest('every call settles while the broker comes and goes, and none is answered by another', async () => {
      await serving.listen(topic, 'host1', [echo]);
      const calls: Promise<unknown>[] = [];
      for (let round = 0; round < 4; round++) {
        for (let i = 0; i < 50; i++) {
          const args = { i, round };
          // An answer may be lost on its way: such a call settles by its time.
          const settled = caller.call({ topic }, 'echo', args, context, { timeoutMs: 5_000 }).then(
            (answer) => expect(answer).toEqual(args),
            (error) => expect(error).toBeInstanceOf(MessagingTimeout),
          );
          calls.push(settled);
          if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        await bus.stop();
        await bus.start();
      }
      await Promise.all(calls);
      expect(await call('echo', { a: 1 })).toEqual({ a: 1 });
    });

    test('news of one process of the server reach those that look on, and cost nothing where nobody does', async () => {
      const nowMs = vi.fn(() => 0);
      const [teller, looker] = [caller, serving].map(
        (transport, i) => new News({ transport, logger: silentLogger, elapsed: i === 0 ? nowMs : () => 0 }),
      );
      teller!.join('server1');
      looker!.join('server2');
      const item = (id: string) => ({ resource: 'ports', id, action: 'updated', project_id: 'p' }) as const;
      const heard: unknown[] = [];
      const stop = looker!.listen((items) => void heard.push(...(items ?? ['lost'])));
      // Listeners of a broker are there before long; who has just come believes that somebody looks on.
      await eventually(async () => {
        teller!.note([item('a'), item('a'), item('b')]);
        expect(heard).toContainEqual(item('b'));
      });
      expect(teller!.wanted).toBe(true);
      stop();
      nowMs.mockReturnValue(60_000);
      expect([teller!.wanted, looker!.wanted]).toEqual([false, true]);
      // Somebody looks on again: it is said to all.
      looker!.listen((items) => void heard.push(...(items ?? ['lost'])));
      await eventually(() => expect(teller!.wanted).toBe(true));
      await Promise.all([teller!.close(), looker!.close()]);
    });

    brokerTest('after the queue was away whoever looks on is told that news may be lost', async () => {
      const [teller, looker] = [caller, serving].map(
        (transport) => new News({ transport, logger: silentLogger, elapsed: () => performance.now() }),
      );
      teller!.join('server1');
      looker!.join('server2');
      const heard: unknown[] = [];
      looker!.listen((items) => void heard.push(...(items ?? ['lost'])));
      const item = (id: string) => ({ resource: 'ports', id, action: 'updated', project_id: 'p' }) as const;
      await eventually(() => {
        teller!.note([item('before')]);
        expect(heard).toContainEqual(item('before'));
      });
      await bus.stop();
      await eventually(() => expect(caller.awayMs).toBeGreaterThan(0));
      teller!.note([item('meanwhile')]);
      await bus.start();
      await eventually(() => expect(heard).toContain('lost'));
      // What waited comes, too.
      await eventually(() => expect(heard).toContainEqual(item('meanwhile')));
      await Promise.all([teller!.close(), looker!.close()]);
    });

    test('close fails what is under way, and later calls', async () => {
      await serving.listen(topic, 'host1', [{ version: '1.0', methods: { never: () => new Promise(() => {}) } }]);
      const hanging = call('never');
      const failed = expect(hanging).rejects.toThrow(MessagingTimeout);
      await caller.close();
      await failed;
      await expect(call('never')).rejects.toThrow(MessagingTimeout);
      await expect(caller.cast({ topic }, 'never', {}, context)).rejects.toThrow(MessagingTimeout);
    });
  });
}

function recorder(note: (args: { i: number }) => void): Endpoint {
  return {
    version: '1.0',
    methods: {
      note: async (args) => {
        note(args);
      },
    },
  };
}
