import { type ChannelModel, connect } from 'amqplib';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SharedLink, SharedWire } from '../../bench/agents/shared-wire.ts';
import { adminContext } from '../../src/lib/context.ts';
import { type Logger, silentLogger } from '../../src/lib/log.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { connectAmqp } from '../../src/rpc/amqp/connect.ts';
import { type AmqpSettings, amqpSettings, rabbitOptions } from '../../src/rpc/amqp/options.ts';
import { parseBrokerUrl } from '../../src/rpc/amqp/url.ts';
import { RpcPeer } from '../../src/rpc/peer.ts';
import type { Transport } from '../../src/rpc/transport.ts';
import { eventually } from '../support/eventually.ts';
import { type Broker, RabbitMq } from '../support/rabbitmq.ts';
import { sharedRabbit } from '../support/shared-rabbit.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { isLong } from '../support/turns.ts';
import { type Bus, describeTransport } from './rpc-suite.ts';

const context = adminContext();
let rabbit: Broker;
beforeAll(async () => {
  rabbit = await sharedRabbit(45);
});

function settings(more: Partial<AmqpSettings> = {}): AmqpSettings {
  const retry = { firstMs: 20, moreMs: 20, mostMs: 100 };
  return { ...amqpSettings(defaultValues(rabbitOptions), 'neutron', {}), retry, ...more };
}

function connectTo(url: string, program = 'test', more: Partial<AmqpSettings> = {}, logger?: Logger): Transport {
  return connectAmqp({ url: parseBrokerUrl(url), settings: settings(more), program, ...(logger && { logger }) });
}

/** Programs on one vhost, with a proxy between that fails as the broker would. */
async function openRabbitBus(): Promise<Bus> {
  const proxy = await TcpProxy.before(rabbit.port);
  const url = rabbit.url({ port: proxy.port });
  const transports: Transport[] = [];
  return {
    async connect(program) {
      const transport = connectTo(url, program);
      transports.push(transport);
      return transport;
    },
    stop: async () => proxy.stop(),
    start: async () => proxy.start(),
    async close() {
      await Promise.all(transports.map((transport) => transport.close()));
      await proxy[Symbol.asyncDispose]();
    },
  };
}

describeTransport('RabbitMQ', openRabbitBus);

describe('RabbitMQ itself', () => {
  const echo = { version: '1.0', methods: { echo: async (args: object) => args } };

  /** Connections of the tests themselves. */
  const raws: ChannelModel[] = [];
  const openRaw = async (url: string) => {
    const raw = await connect(url.replace('rabbit:', 'amqp:'));
    // What breaks it fails what is done with it; an error that nobody hears would end the whole file.
    raw.on('error', () => {});
    raws.push(raw);
    return raw;
  };
  /** A test that failed leaves one open, which would end with the broker of another. */
  afterEach(async () => {
    for (const raw of raws.splice(0)) await raw.close().catch(() => {});
  });

  test('sees what oslo.messaging declares', async () => {
    const url = rabbit.url();
    const { vhost } = parseBrokerUrl(url);
    const transport = connectTo(url);
    await transport.listen('q-plugin', 'host1', [echo]);
    await transport.cast({ topic: 'q-other', fanout: true }, 'echo', {}, context);
    const queues = await rabbit.list('queues', vhost, 'name', 'durable', 'auto_delete', 'exclusive', 'arguments');
    const named = queues.map((row) => [row[0]!.replace(/[0-9a-f]{32}$/, '…'), ...row.slice(1)]).sort();
    const expires = '[{"x-expires",1800000}]';
    expect(named).toEqual([
      ['q-plugin', 'false', 'false', 'false', '[]'],
      ['q-plugin.host1', 'false', 'false', 'false', '[]'],
      ['q-plugin_fanout_…', 'false', 'false', 'false', expires],
      ['reply_…', 'false', 'false', 'false', expires],
    ]);
    const exchanges = await rabbit.list('exchanges', vhost, 'name', 'type', 'durable', 'auto_delete');
    expect(exchanges.filter(([name]) => name !== '' && !name!.startsWith('amq.')).sort()).toEqual([
      ['neutron', 'topic', 'false', 'false'],
      ['q-other_fanout', 'fanout', 'false', 'true'],
      ['q-plugin_fanout', 'fanout', 'false', 'true'],
    ]);
    await transport.close();
    // Queues of its own go with the program; those that others read stay.
    const left = await rabbit.list('queues', vhost, 'name');
    expect(left.flat().sort()).toEqual(['q-plugin', 'q-plugin.host1']);
  });

  test('durable and quorum topics are declared so', async () => {
    const url = rabbit.url();
    const topicArguments = { 'x-queue-type': 'quorum' };
    const transport = connectTo(url, 'test', { durable: true, topicArguments });
    await transport.listen('q-plugin', 'host1', [echo]);
    expect(await transport.call({ topic: 'q-plugin' }, 'echo', { a: 1 }, context)).toEqual({ a: 1 });
    const queues = await rabbit.list('queues', parseBrokerUrl(url).vhost, 'name', 'durable', 'type');
    expect(queues.filter(([name]) => name === 'q-plugin')).toEqual([['q-plugin', 'true', 'quorum']]);
    await transport.close();
  });

  test('a cast to an exchange that is there in another way fails with the reason, and others go on', async () => {
    const url = rabbit.url();
    const raw = await openRaw(url);
    await (await raw.createChannel()).assertExchange('q-other_fanout', 'direct', { durable: false });
    const transport = connectTo(url);
    await transport.listen('q-plugin', 'host1', [echo]);
    const odd = transport.cast({ topic: 'q-other', fanout: true }, 'echo', {}, context);
    await expect(odd).rejects.toThrow(/PRECONDITION_FAILED.*'type'.*'q-other_fanout'/);
    expect(await transport.call({ topic: 'q-plugin' }, 'echo', { a: 1 }, context)).toEqual({ a: 1 });
    await transport.close();
  });

  test('speaks TLS, and refuses a broker that the authority does not vouch for', async () => {
    const { readFileSync } = await import('node:fs');
    const ca = readFileSync(new URL('../data/tls/ca.pem', import.meta.url));
    const other = readFileSync(new URL('../data/tls/client.pem', import.meta.url));
    const good = connectTo(rabbit.url({ tls: true }), 'test', { tls: { ca, verifyName: true } });
    await good.listen('q-tls', 'h', [echo]);
    expect(await good.call({ topic: 'q-tls' }, 'echo', { a: 1 }, context)).toEqual({ a: 1 });
    await good.close();
    const bad = connectTo(rabbit.url({ tls: true }), 'test', { tls: { ca: other, verifyName: true } });
    await expect(bad.call({ topic: 'q-tls' }, 'echo', {}, context, { timeoutMs: 500 })).rejects.toThrow('no answer');
    expect(bad.awayMs).toBeGreaterThan(0);
    await bad.close();
  });

  test('a call that no queue takes is told at once, and the next is served when there is one', async () => {
    const url = rabbit.url();
    const caller = connectTo(url, 'caller');
    const serving = connectTo(url, 'serving');
    const call = () => caller.call({ topic: 'q-later' }, 'echo', { a: 1 }, context);
    await expect(call()).rejects.toThrow('no answer to echo on q-later: nobody listens on q-later');
    await serving.listen('q-later', 'h', [echo]);
    expect(await call()).toEqual({ a: 1 });
    await Promise.all([caller.close(), serving.close()]);
  });

  test('agents that share connections are told of it, too, each of its own call', async () => {
    await using wire = await SharedWire.open(rabbit.url(), 'crowd');
    const [first, second] = await Promise.all(
      [1, 2].map(async () => new RpcPeer(await SharedLink.open(wire, () => true), silentLogger)),
    );
    await second!.listen('q-later', 'h', [echo]);
    const asked = second!.call({ topic: 'q-later' }, 'echo', { a: 1 }, context);
    const nobody = first!.call({ topic: 'q-nobody' }, 'echo', {}, context);
    await expect(nobody).rejects.toThrow('no answer to echo on q-nobody: nobody listens on q-nobody');
    expect(await asked).toEqual({ a: 1 });
    await Promise.all([first!.close(), second!.close()]);
  });

  test('a host that does not answer is passed over for the next', async () => {
    const url = rabbit.url();
    const two = url.replace('@127.0.0.1', '@127.0.0.1:1,openstack:for-tests-only@127.0.0.1');
    const transport = connectTo(two);
    await transport.listen('q-two', 'h', [echo]);
    expect(await transport.call({ topic: 'q-two' }, 'echo', { a: 1 }, context)).toEqual({ a: 1 });
    await transport.close();
  });

  test('what cannot be read or is not served is dropped, the next is served, and it is said once', async () => {
    const url = rabbit.url();
    const { vhost } = parseBrokerUrl(url);
    const said: object[] = [];
    const say = (fields: object, what: string) => said.push({ ...fields, what });
    const transport = connectTo(url, 'test', {}, { debug() {}, info() {}, warn: say, error: say });
    await transport.listen('q-junk', 'h', [echo]);
    const raw = await openRaw(url);
    const channel = await raw.createConfirmChannel();
    const junk = [
      Buffer.from('garbage'),
      Buffer.from('{}'),
      Buffer.from('{"oslo.version":"9.0","oslo.message":"{}"}'),
      Buffer.from('{"oslo.version":"2.0","oslo.message":"[]"}'),
      Buffer.from('{"oslo.version":"2.0","oslo.message":{"method":"echo"}}'),
      Buffer.alloc(50 * 1024 * 1024, 'x'),
    ];
    const odd = { 'nothing of ours': {}, echo: { version: '9.0' } };
    for (const [method, more] of Object.entries(odd)) {
      const inner = JSON.stringify({ method, args: {}, ...more });
      junk.push(Buffer.from(JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': inner })));
    }
    for (let i = 0; i < 500; i++) junk.push(junk[i % 5]!, junk.at(-1)!);
    for (const content of junk) channel.publish('neutron', 'q-junk', content);
    await channel.waitForConfirms();
    expect(await transport.call({ topic: 'q-junk' }, 'echo', { a: 1 }, context)).toEqual({ a: 1 });
    expect((await rabbit.list('queues', vhost, 'name', 'messages')).find(([name]) => name === 'q-junk')).toEqual([
      'q-junk',
      '0',
    ]);
    expect(said).toEqual([
      {
        what: 'dropped a message that cannot be read',
        queue: 'q-junk',
        error: 'not an oslo.messaging 2.0 message: no JSON',
      },
      {
        what: 'refused a message that no method here serves',
        queue: 'q-junk',
        error: 'Endpoint does not support RPC method nothing of ours',
      },
    ]);
    expect(transport.statistics.received).toMatchObject({ unreadable: 506, request: 503 });
    await transport.close();
  });

  test('queues deleted by hand are declared anew', async () => {
    const url = rabbit.url();
    const { vhost } = parseBrokerUrl(url);
    const transport = connectTo(url);
    await transport.listen('q-gone', 'h', [echo]);
    const missed = vi.fn();
    transport.onReconnect(missed);
    const raw = await openRaw(url);
    const channel = await raw.createChannel();
    for (const [name] of await rabbit.list('queues', vhost, 'name')) await channel.deleteQueue(name!);
    await eventually(async () =>
      expect(await transport.call({ topic: 'q-gone' }, 'echo', { a: 1 }, context, { timeoutMs: 2_000 })).toEqual({
        a: 1,
      }),
    );
    // What was in them is lost.
    await eventually(() => expect(missed).toHaveBeenCalled());
    await transport.close();
  });

  test('a network that swallows everything is noticed by the silence', async () => {
    const proxy = await TcpProxy.before(rabbit.port);
    const transport = connectTo(rabbit.url({ port: proxy.port }), 'test', { heartbeatS: 1, connectTimeoutMs: 500 });
    await transport.listen('q-silent', 'h', [echo]);
    const back = vi.fn();
    transport.onReconnect(back);
    proxy.silent = true;
    await eventually(() => expect(transport.awayMs).toBeGreaterThan(0));
    proxy.silent = false;
    await eventually(() => expect(back).toHaveBeenCalled());
    // With heartbeats as short as these a machine that does much else is a silent network now and then.
    await eventually(async () =>
      expect(await transport.call({ topic: 'q-silent' }, 'echo', { a: 1 }, context)).toEqual({ a: 1 }),
    );
    await transport.close();
    await proxy[Symbol.asyncDispose]();
  });

  // Twice a broker's start; a broker that is cut off is tried above, one that is killed under agents in test/functional.
  const long = isLong ? test : () => {};
  long('killed and started again: all listen anew, each is told once, casts that waited arrive', async () => {
    await using mortal = await RabbitMq.start({ vhosts: 1 });
    const url = mortal.url();
    const got: number[] = [];
    const note = async ({ i }: { i: number }) => {
      got.push(i);
    };
    const caller = connectTo(url, 'caller');
    const serving = connectTo(url, 'serving');
    const back = { caller: vi.fn(), serving: vi.fn() };
    caller.onReconnect(back.caller);
    serving.onReconnect(back.serving);
    await serving.listen('q-killed', 'h', [{ version: '1.0', methods: { ...echo.methods, note } }]);
    await caller.call({ topic: 'q-killed' }, 'echo', {}, context);
    await mortal.kill();
    await eventually(() => expect(caller.awayMs).toBeGreaterThan(0));
    const waiting = [1, 2, 3].map((i) => caller.cast({ topic: 'q-killed', server: 'h' }, 'note', { i }, context));
    await mortal.up();
    await eventually(async () =>
      expect(await caller.call({ topic: 'q-killed' }, 'echo', { a: 1 }, context, { timeoutMs: 2_000 })).toEqual({
        a: 1,
      }),
    );
    await Promise.all(waiting);
    // A call may be answered before the one who answered is told that it is back.
    await eventually(() => expect(back.serving).toHaveBeenCalled());
    expect(back.caller).toHaveBeenCalledTimes(1);
    expect(back.serving).toHaveBeenCalledTimes(1);
    await caller.close();
    await serving.close();
  });
});
