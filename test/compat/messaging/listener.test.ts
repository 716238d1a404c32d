import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../../support/api.ts';
import { type Deployment, makeDeployment } from '../../support/deployment.ts';
import { RabbitMq } from '../../support/rabbitmq.ts';
import { until } from '../../support/wait.ts';
import { ensureOpenStackPackages, openStackPackages } from '../openstack/packages.ts';

/** What oslo.messaging's own listener makes of our notifications: the library that Ceilometer and the others read with. */
let rabbit: RabbitMq;
let folder: string;
let undo: AsyncDisposableStack;
beforeAll(async () => {
  await ensureOpenStackPackages(openStackPackages.messaging);
  rabbit = await RabbitMq.start();
}, 900_000);
afterAll(() => rabbit?.[Symbol.asyncDispose]());
beforeEach(async () => {
  undo = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'neutrino-listener-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
});
afterEach(() => undo.disposeAsync());

const program = fileURLToPath(new URL('listener.py', import.meta.url));

/** The Python program, and what its endpoint was called with. */
class Listener implements AsyncDisposable {
  readonly told: Json[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  #lines = '';
  #errors = '';

  constructor(url: string, durable: boolean) {
    const argv = ['-W', 'ignore', program, url.replace('127.0.0.1', 'localhost'), durable ? 'durable' : 'transient'];
    this.#child = spawn('/usr/bin/python3', argv);
    this.#child.stdout.on('data', (text) => {
      this.#lines += text;
      const lines = this.#lines.split('\n');
      this.#lines = lines.pop()!;
      this.told.push(...lines.map((line) => (line === 'ready' ? line : JSON.parse(line))));
    });
    this.#child.stderr.on('data', (text) => {
      this.#errors += text;
    });
  }

  /** Waits for so many calls, and gives them. */
  async heard(count: number): Promise<Json[]> {
    await until(
      `${count} notifications are heard`,
      () => {
        if (this.#child.exitCode !== null) throw new Error(`the listener ended: ${this.#errors.slice(-2000)}`);
        return this.told.length > count;
      },
      { timeoutMs: 60_000 },
    );
    return this.told.filter((each) => each !== 'ready');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end();
    await ended;
  }
}

async function serve(url: string, { driver = 'messagingv2', durable = false } = {}): Promise<Deployment> {
  const deployment = undo.use(
    await makeDeployment({
      folder,
      server: {
        DEFAULT: { transport_url: url, host: 'net1' },
        oslo_messaging_notifications: { driver },
        oslo_messaging_rabbit: { amqp_durable_queues: durable },
      },
    }),
  );
  await deployment.start();
  return deployment;
}

/** A network made, renamed and deleted. @returns its id */
async function change({ api }: Deployment): Promise<string> {
  const { id } = await api.create('network', { name: 'heard' });
  await api.update('network', id, { name: 'renamed' });
  await api.remove('network', id);
  return id;
}

function expectAll(heard: readonly Json[], id: string): void {
  expect(heard.map(({ event_type }) => event_type)).toEqual([
    'network.create.start',
    'network.create.end',
    'network.update.start',
    'network.update.end',
    'network.delete.start',
    'network.delete.end',
  ]);
  const [begun, made, , changed, , deleted] = heard;
  expect(begun.payload).toEqual({ network: { name: 'heard' } });
  expect(made.payload.network).toMatchObject({ id, name: 'heard', status: 'ACTIVE', admin_state_up: true });
  expect(changed.payload.network).toMatchObject({ id, name: 'renamed' });
  expect(deleted.payload).toMatchObject({ network_id: id, network: { id, name: 'renamed' } });
  for (const { publisher_id, metadata, ctxt } of heard) {
    expect(publisher_id).toBe('network.net1');
    expect(metadata).toEqual({ message_id: expect.any(String), timestamp: expect.stringMatching(/\.\d{6}$/) });
    expect(ctxt).toMatchObject({ request_id: expect.stringMatching(/^req-/), is_admin: true, auth_token: null });
  }
  expect(made.ctxt.request_id).toBe(begun.ctxt.request_id);
  expect(new Set(heard.map(({ metadata }) => metadata.message_id)).size).toBe(6);
}

describe("oslo.messaging's listener", () => {
  it('hears what is published while it listens', async () => {
    const url = rabbit.url();
    const listener = undo.use(new Listener(url, false));
    await listener.heard(0);
    const id = await change(await serve(url));
    expectAll(await listener.heard(6), id);
  });

  it('hears what was published before it came, by the queue that the server declared', async () => {
    const url = rabbit.url();
    const server = await serve(url);
    const id = await change(server);
    await server.server.stop();
    expectAll(await undo.use(new Listener(url, false)).heard(6), id);
  });

  it('agrees with us about durable queues', async () => {
    const url = rabbit.url();
    const server = await serve(url, { durable: true });
    const id = await change(server);
    expectAll(await undo.use(new Listener(url, true)).heard(6), id);
  });

  it('reads those without an envelope as well', async () => {
    const url = rabbit.url();
    const listener = undo.use(new Listener(url, false));
    await listener.heard(0);
    const id = await change(await serve(url, { driver: 'messaging' }));
    expectAll(await listener.heard(6), id);
  });
});
