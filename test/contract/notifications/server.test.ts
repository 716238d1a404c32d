import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Deployment, makeDeployment } from '../../support/deployment.ts';
import { NotificationQueue, type QueuedNotification } from '../../support/notification-queue.ts';
import { freePort } from '../../support/programs.ts';
import type { Broker } from '../../support/rabbitmq.ts';
import { sharedDatabase } from '../../support/shared-database.ts';
import { sharedRabbit } from '../../support/shared-rabbit.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/wait.ts';

/** A whole server whose files ask for notifications. */
let rabbit: Broker;
let folder: string;
let undo: AsyncDisposableStack;
beforeAll(async () => {
  rabbit = await sharedRabbit(6);
});
beforeEach(async () => {
  undo = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'neutrino-notify-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
});
afterEach(() => undo.disposeAsync());

type Sections = Record<string, Record<string, string | number | boolean>>;

/** @param drivers each stands in a line of its own */
async function serve(drivers: readonly string[], server: Sections = {}): Promise<Deployment> {
  const deployment = undo.use(await makeDeployment({ folder, server }));
  const file = join(folder, 'neutron.conf');
  const lines = drivers.map((driver) => `driver = ${driver}\n`).join('');
  const section = '[oslo_messaging_notifications]\n';
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.includes(section) ? text.replace(section, section + lines) : `${text}\n${section}${lines}`,
  );
  await deployment.start();
  return deployment;
}

async function received(url: string, count: number): Promise<QueuedNotification[]> {
  await using queue = await NotificationQueue.open(url);
  const got: QueuedNotification[] = [];
  await until(`${count} notifications`, async () => {
    got.push(...(await queue.all()));
    return got.length >= count;
  });
  return got;
}
const typesOf = (got: QueuedNotification[]) => got.map(({ message }) => message.event_type);

describe('with RabbitMQ', () => {
  it('a broker that is away holds up no request, and hears of all afterwards in order', async () => {
    const proxy = undo.use(await TcpProxy.before(rabbit.port));
    const url = rabbit.url();
    const port = await freePort();
    const server = await serve(['messagingv2'], {
      DEFAULT: { transport_url: url.replace(`:${rabbit.port}/`, `:${proxy.port}/`) },
      metrics: { listen: port },
    });
    const network = await server.api.create('network', { name: 'n0' });
    expect(typesOf(await received(url, 2))).toEqual(['network.create.start', 'network.create.end']);
    const figures = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    // What the broker has and has not confirmed would be sent again.
    await until('both are confirmed', async () => /^neutrino_notifications_waiting 0$/m.test(await figures()));
    proxy.stop();
    for (let i = 1; i <= 20; i++) await server.api.update('network', network.id, { name: `n${i}` });
    expect(await figures()).toMatch(/^neutrino_notifications_waiting 40$/m);
    await server.server.ready('it is said', () => /\[-\] notifications cannot be sent/.test(server.server.output));
    proxy.start();
    const got = await received(url, 40);
    expect(got.map(({ message }) => message.payload.network.name)).toEqual(
      Array.from({ length: 40 }, (_, i) => `n${1 + Math.floor(i / 2)}`),
    );
    await server.server.ready('it is said', () =>
      /\[-\] notifications are sent again .*dropped=0/.test(server.server.output),
    );
    expect(server.server.output.match(/notifications (cannot be|are) sent/g)).toHaveLength(2);
    const counted = /^neutrino_notifications_total\{outcome="(sent|dropped)"\} (\d+)$/gm;
    const counts = [...(await figures()).matchAll(counted)].map(([, outcome, count]) => [outcome, count]);
    expect(counts).toEqual([
      ['sent', '42'],
      ['dropped', '0'],
    ]);
  });

  it('each worker publishes what it did, what it begins before what it has done', async () => {
    const url = rabbit.url();
    const connection = await sharedDatabase(folder);
    const server = await serve(['messagingv2'], {
      DEFAULT: { transport_url: url, api_workers: 2 },
      database: { connection },
      quotas: { quota_network: -1 },
    });
    await server.server.ready('all workers', () => server.server.output.includes('all workers serve'));
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        server.api.request('POST', '/v2.0/networks', { network: { name: `w${i}` } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    const got = await received(url, 80);
    const byRequest = Map.groupBy(got, ({ message }) => message._context_request_id);
    expect(byRequest.size).toBe(40);
    for (const two of byRequest.values()) expect(typesOf(two)).toEqual(['network.create.start', 'network.create.end']);
    expect(new Set(got.map(({ message }) => message.payload.network.name)).size).toBe(40);
  });

  it('messaging is the same without an envelope, each topic has a queue, and RabbitMQ may be another one', async () => {
    const url = rabbit.url();
    const server = await serve(['messaging'], {
      oslo_messaging_notifications: { transport_url: url, topics: 'notifications,billing' },
    });
    await server.api.create('network', { name: 'plain' });
    for (const name of ['notifications.info', 'billing.info']) {
      await using queue = await NotificationQueue.open(url, name);
      const taken = await until(name, () => queue.take());
      expect(taken!.body).toMatchObject({
        event_type: 'network.create.start',
        payload: { network: { name: 'plain' } },
      });
    }
  });

  it('a URL that cannot be used ends the start with one line', async () => {
    const failure = serve(['messagingv2'], { oslo_messaging_notifications: { transport_url: 'kafka://h:9092/' } });
    await expect(failure).rejects.toThrow(
      /neutron\.conf:\d+: \[oslo_messaging_notifications\] transport_url = .*: .*write rabbit:/,
    );
  });
});

describe('on the local bus', () => {
  it('messagingv2 says that there is nobody, once; an unknown driver is named; both cost nothing else', async () => {
    const server = await serve(['messagingv2', 'messagingv2', 'smoke_signals', 'noop']);
    await server.api.create('network', { name: 'quiet' });
    const warnings = server.server.output.split('\n').filter((line) => / WARNING /.test(line));
    expect(warnings).toEqual([
      expect.stringMatching(
        /notifications have no RabbitMQ.*neutron\.conf:\d+.*driver = .*\[oslo_messaging_notifications\] transport_url/,
      ),
      expect.stringMatching(/there is no such driver of notifications.*neutron\.conf:\d+.*driver=smoke_signals known=/),
    ]);
  });

  it('log writes each down, without what is secret by its name', async () => {
    const server = await serve(['log']);
    const network = await server.api.create('network', { name: 'logged' });
    const binding = { 'binding:profile': { password: 'open-sesame', card: 1 } };
    await server.api.create('port', { network_id: network.id, ...binding });
    await server.server.ready(
      'four lines',
      () => (server.server.output.match(/ notification event_type=/g) ?? []).length === 4,
    );
    const lines = server.server.output.split('\n').filter((line) => / notification event_type=/.test(line));
    const told = lines.map((line) => JSON.parse(/ notification=(\{.*\})$/.exec(line)![1]!));
    expect(told.map(({ event_type }) => event_type)).toEqual([
      'network.create.start',
      'network.create.end',
      'port.create.start',
      'port.create.end',
    ]);
    expect(told[1]).toMatchObject({ priority: 'INFO', payload: { network: { id: network.id } } });
    expect(told[2]!.payload.port['binding:profile']).toEqual({ password: '****', card: 1 });
    expect(server.server.output).not.toContain('open-sesame');
  });
});
