import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminContext } from '../../../src/lib/context.ts';
import { NeutronError } from '../../../src/lib/errors.ts';
import { defaultValues } from '../../../src/lib/options.ts';
import { connectAmqp } from '../../../src/rpc/amqp/connect.ts';
import { amqpSettings, rabbitOptions } from '../../../src/rpc/amqp/options.ts';
import { parseBrokerUrl } from '../../../src/rpc/amqp/url.ts';
import { type Endpoint, MessagingTimeout, RemoteError, type Transport } from '../../../src/rpc/transport.ts';
import { RabbitMq } from '../../support/rabbitmq.ts';
import { until } from '../../support/wait.ts';
import { type Order, OsloPeer, type Outcome } from './oslo-peer.ts';

/** Our transport and the real oslo.messaging on one RabbitMQ, each serving the same methods and calling the other. */
let rabbit: RabbitMq;
let python: OsloPeer;
let ours: Transport;
const heard: unknown[] = [];
const context = adminContext();

const device: Endpoint = {
  version: '1.3',
  methods: {
    echo: async (args, { requestId }) => ({ args, request_id: requestId, by: 'node' }),
    note: async (args) => void heard.push(args),
    fail: async ({ how, text }) => {
      if (how === 'neutron')
        throw new NeutronError('NetworkNotFound', 'not_found', `Network ${text} could not be found.`);
      if (how === 'builtin') throw new RemoteError('ValueError', 'builtins', text);
      throw new RemoteError('Odd', '__main__', text);
    },
    slow: ({ seconds }) => new Promise((resolve) => setTimeout(() => resolve('at last'), seconds * 1000)),
  },
};
const later: Endpoint = { version: '1.7', methods: { newer: async () => 'newer' } };

beforeAll(async () => {
  rabbit = await RabbitMq.start();
  const url = rabbit.url();
  ours = connectAmqp({
    url: parseBrokerUrl(url),
    settings: amqpSettings(defaultValues(rabbitOptions), 'neutron', {}),
    program: 'mixes',
  });
  python = await OsloPeer.start(url, 'q-python', 'snake');
  await ours.listen('q-node', 'node', [device, later]);
});
afterAll(async () => {
  await ours?.close();
  await python?.[Symbol.asyncDispose]();
  await rabbit?.[Symbol.asyncDispose]();
});

const toPython = (method: string, args: Record<string, unknown> = {}, version = '1.0', timeoutMs = 20_000) =>
  ours.call({ topic: 'q-python', version }, method, args, context, { timeoutMs });
const toOurs = (method: string, args: Record<string, unknown> = {}, more: Partial<Order> = {}) =>
  python.order({ topic: 'q-node', version: '1.0', method, args, ...more });

const values: Record<string, unknown> = {
  nothing: null,
  truth: [true, false],
  numbers: [0, -1, 1.5, 4_294_967_296, Number.MAX_SAFE_INTEGER],
  text: 'Zürich, 東京, 🐍, "quotes" and \\ and \n',
  nested: { a: [{ b: { c: [] } }], empty: {} },
  long: 'x'.repeat(1_000_000),
};

describe('what goes over', () => {
  it('values are the same at the other end and back, under the same request id', async () => {
    expect(await toPython('echo', values)).toEqual({ args: values, request_id: context.requestId, by: 'snake' });
    const request_id = `req-${'0'.repeat(8)}-1111-4111-8111-${'0'.repeat(12)}`;
    expect(await toOurs('echo', values, { request_id })).toEqual({ result: { args: values, request_id, by: 'node' } });
  });

  it('a server is found by its name, and by its topic', async () => {
    const named = { topic: 'q-python', server: 'snake' };
    expect(await ours.call(named, 'echo', {}, context)).toMatchObject({ by: 'snake' });
    expect(await toOurs('echo', {}, { server: 'node' })).toMatchObject({ result: { by: 'node' } });
  });

  it('casts arrive', async () => {
    await ours.cast({ topic: 'q-python' }, 'note', { n: 1 }, context);
    await until('Python hears it', () => python.heard.length === 1);
    expect(python.heard).toEqual([{ n: 1 }]);
    expect(await toOurs('note', { n: 2 }, { cast: true })).toEqual({ result: null });
    await until('ours hears it', () => heard.length === 1);
    expect(heard).toEqual([{ n: 2 }]);
  });

  it('fan-outs reach both, whoever sends them; calls to a shared topic go to one of them', async () => {
    python.heard.length = 0;
    heard.length = 0;
    const shared = await ours.listen('q-python', 'second', [device]);
    await ours.cast({ topic: 'q-python', fanout: true }, 'note', { from: 'ours' }, context);
    await python.order({ topic: 'q-python', method: 'note', args: { from: 'python' }, fanout: true, cast: true });
    const both = [{ from: 'ours' }, { from: 'python' }];
    const sorted = (list: unknown[]) => list.map((one) => JSON.stringify(one)).sort();
    await until('both hear both', () => heard.length === 2 && python.heard.length === 2);
    expect([sorted(heard), sorted(python.heard)]).toEqual([sorted(both), sorted(both)]);
    const answers = await Promise.all(Array.from({ length: 10 }, () => toPython('echo')));
    expect(new Set(answers.map((answer) => (answer as { by: string }).by))).toEqual(new Set(['node', 'snake']));
    await shared.close();
  });

  it('an answer that comes too late is nobody’s, and the next call is answered', async () => {
    await expect(toPython('slow', { seconds: 1 }, '1.0', 200)).rejects.toThrow(MessagingTimeout);
    expect(await toOurs('slow', { seconds: 2 }, { timeout: 1 })).toMatchObject({
      error: { class: 'MessagingTimeout' },
    });
    expect(await toPython('slow', { seconds: 1.5 })).toBe('at last');
    expect(await toOurs('slow', { seconds: 1.5 })).toEqual({ result: 'at last' });
  });

  it('a hundred calls at once, each way, each with its own answer', async () => {
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    const there = await Promise.all(numbers.map((n) => toPython('echo', { n })));
    expect(there.map((answer) => (answer as { args: { n: number } }).args.n)).toEqual(numbers);
    const back = await Promise.all(numbers.map((n) => toOurs('echo', { n })));
    expect(back.map(({ result }) => (result as { args: { n: number } }).args.n)).toEqual(numbers);
  });
});

describe('what is refused', () => {
  it('exceptions of Python come with class, module and text', async () => {
    const id = 'c8a0f6f0-0000-4000-8000-000000000000';
    const thrown = (how: string, text: string) => toPython('fail', { how, text }).catch((error: RemoteError) => error);
    expect(await thrown('neutron', id)).toMatchObject({
      type: 'NetworkNotFound',
      module: 'neutron_lib.exceptions',
      message: `Network ${id} could not be found.`,
    });
    expect(await thrown('builtin', 'no')).toMatchObject({ type: 'ValueError', module: 'builtins', message: 'no' });
    expect(await thrown('odd', 'no')).toMatchObject({ type: 'Odd', message: 'no' });
  });

  /** The same orders to a server of Python and to ours: Python's caller must not see a difference. */
  const orders: [what: string, order: Omit<Order, 'topic'>, outcome: string][] = [
    ['an exception of Neutron', { method: 'fail', args: { how: 'neutron', text: 'n1' } }, 'NetworkNotFound'],
    ['an exception of Python', { method: 'fail', args: { how: 'builtin', text: 'no' } }, 'ValueError'],
    ['an exception that the caller does not know', { method: 'fail', args: { how: 'odd', text: 'no' } }, 'Odd'],
    ['a version with a lower minor', { method: 'newer', version: '1.2' }, 'newer'],
    ['a version with a higher minor', { method: 'newer', version: '1.8' }, 'UnsupportedVersion'],
    ['a version that only another endpoint has', { method: 'echo', version: '1.5' }, 'NoSuchMethod'],
    ['another major version', { method: 'echo', version: '2.0' }, 'UnsupportedVersion'],
    ['an unknown method', { method: 'nothing', version: '1.0' }, 'NoSuchMethod'],
    ['an unknown method of a version that nobody has', { method: 'nothing', version: '3.0' }, 'UnsupportedVersion'],
    ['a method of no version', { method: 'newer' }, 'newer'],
    ['another namespace', { method: 'newer', version: '1.0', namespace: 'elsewhere' }, 'UnsupportedVersion'],
  ];
  it.each(orders)('%s: as Python refuses or serves it', async (_, order, outcome) => {
    const [theirs, own] = await Promise.all(['q-python', 'q-node'].map((topic) => python.order({ topic, ...order })));
    expect(theirs!.error?.type ?? theirs!.result).toMatch(new RegExp(`^${outcome}(_Remote)?$`));
    expect(withoutTrace(own!)).toEqual(withoutTrace(theirs!));
  });
});

/** Python's text goes on with the lines of the stack; ours sends none. */
function withoutTrace({ result, error }: Outcome): Outcome {
  if (!error) return { result };
  return { error: { ...error, message: error.message.split('\n')[0]! } };
}
