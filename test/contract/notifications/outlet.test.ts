import { connect } from 'amqplib';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cause, causedBy, currentCauses } from '../../../src/lib/cause.ts';
import type { Logger } from '../../../src/lib/log.ts';
import { defaultValues } from '../../../src/lib/options.ts';
import { amqpSettings, rabbitOptions } from '../../../src/rpc/amqp/options.ts';
import { Outlet, type OutletParts } from '../../../src/rpc/amqp/outlet.ts';
import { parseBrokerUrl } from '../../../src/rpc/amqp/url.ts';
import { NotificationQueue } from '../../support/notification-queue.ts';
import type { Broker } from '../../support/rabbitmq.ts';
import { sharedRabbit } from '../../support/shared-rabbit.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/wait.ts';

/** Notifications leave by a RabbitMQ that fails as one can. */
let rabbit: Broker;
let proxy: TcpProxy;
let url: string;
let direct: string;
let queue: NotificationQueue;
let lines: { level: string; message: string; fields: Record<string, unknown>; causes: readonly Cause[] }[];

beforeAll(async () => {
  rabbit = await sharedRabbit(10);
});
beforeEach(async () => {
  proxy = await TcpProxy.before(rabbit.port);
  direct = rabbit.url();
  url = direct.replace(`:${rabbit.port}/`, `:${proxy.port}/`);
  queue = await NotificationQueue.open(direct);
  lines = [];
});
afterEach(async () => {
  await queue[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

function open(more: Partial<OutletParts> = {}): Outlet {
  const retry = { firstMs: 20, moreMs: 20, mostMs: 100 };
  const settings = { ...amqpSettings(defaultValues(rabbitOptions), 'neutron', {}), retry };
  return new Outlet({ url: parseBrokerUrl(url), settings, program: 'test', logger: recorder(), retry: -1, ...more });
}

function recorder(): Logger {
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: fields as Record<string, unknown>, causes: currentCauses() });
  return { debug() {}, info: at('info'), warn: at('warn'), error: at('error') };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const send = (outlet: Outlet, from: number, to: number) => {
  for (const n of numbers(from, to)) outlet.send('notifications.info', JSON.stringify({ n }));
};
/** Takes until so many different ones have come, in the order in which each came first. */
async function arrived(count: number): Promise<number[]> {
  const seen = new Set<number>();
  await until(`${count} arrive`, async () => {
    for (const { message } of await queue.all()) seen.add(message.n);
    return seen.size >= count;
  });
  return [...seen];
}
const said = () => lines.map(({ level, message }) => `${level}: ${message}`);
const begun = 'warn: notifications cannot be sent; they wait';
const ended = 'info: notifications are sent again';

describe('what is sent', () => {
  it('arrives in order, and nothing is said of it', async () => {
    await using outlet = closing(open());
    send(outlet, 0, 2_000);
    expect(await arrived(2_000)).toEqual(numbers(0, 2_000));
    await until('all is confirmed', () => outlet.waiting === 0);
    expect(outlet.statistics).toEqual({ sent: 2_000, dropped: 0 });
    expect(said()).toEqual([]);
  });

  it('waits for a broker that is not there yet, with one line before and one after', async () => {
    proxy.stop();
    await using outlet = closing(open());
    send(outlet, 0, 3);
    await until('it is said', () => lines.length > 0);
    send(outlet, 3, 5);
    proxy.start();
    expect(await arrived(5)).toEqual(numbers(0, 5));
    await until('the end is said', () => lines.length > 1);
    expect(said()).toEqual([begun, ended]);
    expect(lines[1]!.fields).toMatchObject({ dropped: 0 });
    expect(outlet.statistics).toEqual({ sent: 5, dropped: 0 });
  });

  it('is sent again, in order, when the connection goes in the middle', async () => {
    await using outlet = closing(open());
    for (let i = 0; i < 10; i++) {
      send(outlet, i * 500, i * 500 + 500);
      await until('some are confirmed', () => outlet.statistics.sent > i * 300);
      proxy.stop();
      proxy.start();
    }
    expect(await arrived(5_000)).toEqual(numbers(0, 5_000));
    await until('all is confirmed', () => outlet.waiting === 0);
    expect(outlet.statistics.dropped).toBe(0);
  });

  it('is dropped and counted when too much waits; what came first is kept', async () => {
    proxy.stop();
    await using outlet = closing(open({ most: { messages: 5, bytes: 1_000 } }));
    await until('it is said', () => lines.length > 0);
    send(outlet, 0, 8);
    expect([outlet.waiting, outlet.statistics.dropped]).toEqual([5, 3]);
    proxy.start();
    expect(await arrived(5)).toEqual(numbers(0, 5));
    await until('the end is said', () => lines.length > 1);
    expect(lines[1]).toMatchObject({ message: 'notifications are sent again', fields: { dropped: 3 } });
    outlet.send('notifications.info', JSON.stringify({ n: 8, text: 'x'.repeat(2_000) }));
    expect(outlet.statistics.dropped).toBe(4);
  });

  it('is complained of for no request, though it was one that found it out', async () => {
    proxy.stop();
    await using outlet = closing(open({ most: { messages: 1, bytes: 1_000 } }));
    causedBy([{ requestId: 'req-1', globalRequestId: null }], () => send(outlet, 0, 2));
    expect(lines).toMatchObject([{ fields: { error: 'the broker does not take as many as there are' }, causes: [] }]);
  });

  it('is given up after as many attempts as `retry` says', async () => {
    proxy.stop();
    await using outlet = closing(open({ retry: 2 }));
    send(outlet, 0, 3);
    await until('all are given up', () => outlet.statistics.dropped === 3);
    expect(outlet.waiting).toBe(0);
    proxy.start();
    await until('the end is said', () => lines.length > 1);
    send(outlet, 3, 4);
    expect(await arrived(1)).toEqual([3]);
    expect(said()).toEqual([begun, ended]);
  });

  it('waits while the queue is there in another way, and the log says what must agree', async () => {
    const other = await connect(direct.replace('rabbit:', 'amqp:'));
    const channel = await other.createChannel();
    await channel.assertQueue('notifications.info', { durable: true });
    await using outlet = closing(open());
    send(outlet, 0, 3);
    await until('it is said', () => lines.length > 0);
    expect(said()).toEqual([begun]);
    expect(lines[0]!.fields.error).toMatch(/PRECONDITION.*'durable'.*amqp_durable_queues.*oslo_messaging_rabbit/s);
    await channel.deleteQueue('notifications.info');
    expect(await arrived(3)).toEqual([0, 1, 2]);
    await until('the end is said', () => lines.length > 1);
    expect(said()).toEqual([begun, ended]);
    await other.close();
  });

  it('leaves before the program does', async () => {
    const outlet = open();
    await until('it is connected', async () => {
      send(outlet, 0, 1);
      return outlet.statistics.sent > 0;
    });
    await queue.all();
    send(outlet, 1, 1_001);
    await outlet.close();
    expect(await arrived(1_000)).toEqual(numbers(1, 1_001));
    expect(said()).toEqual([]);
  });

  it('is told of as lost when it cannot', async () => {
    proxy.stop();
    const outlet = open();
    send(outlet, 0, 3);
    await until('it is said', () => lines.length > 0);
    await outlet.close();
    expect(outlet.statistics).toEqual({ sent: 0, dropped: 3 });
    expect(said()).toEqual([begun, 'warn: notifications that waited are lost with this program']);
  });
});

it('the queue is declared as oslo.messaging does, by its publisher', async () => {
  const vhost = parseBrokerUrl(url).vhost;
  const base = amqpSettings(defaultValues(rabbitOptions), 'nova', {});
  await using plain = closing(open({ settings: base }));
  plain.send('notifications.info', '{}');
  await using durable = closing(open({ settings: { ...base, exchange: 'other', durable: true } }));
  durable.send('versioned.info', '{}');
  await until('both are there', () => plain.statistics.sent + durable.statistics.sent === 2);
  const queues = await rabbit.list('queues', vhost, 'name', 'durable', 'auto_delete', 'arguments', 'messages');
  expect(queues.sort()).toEqual([
    ['notifications.info', 'false', 'false', '[]', '1'],
    ['versioned.info', 'true', 'false', '[]', '1'],
  ]);
  const exchanges = await rabbit.list('exchanges', vhost, 'name', 'type', 'durable');
  expect(exchanges.filter(([name]) => name === 'nova' || name === 'other').sort()).toEqual([
    ['nova', 'topic', 'false'],
    ['other', 'topic', 'true'],
  ]);
});

function closing(outlet: Outlet): Outlet & AsyncDisposable {
  return Object.assign(outlet, { [Symbol.asyncDispose]: () => outlet.close() });
}
