import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import { adminContext } from '../../src/lib/context.ts';
import { tapName } from '../../src/lib/names.ts';
import type { Port } from '../../src/resources/shapes.ts';
import type { ApiClient } from '../support/api.ts';
import { connectBus } from '../support/bus.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { administrator, authtoken } from '../support/identity.ts';
import { RecordingNova } from '../support/nova.ts';
import { reportAgents } from '../support/stand-in-agents.ts';
import { isLong } from '../support/turns.ts';
import { until } from '../support/wait.ts';

/** The program `neutron-server` and a Nova that is told of its ports, is away, slow, forgetful or picky. */
const INTERVAL_S = 1;
/** How long Nova stays away: five minutes in `npm run test:long`. */
const OUTAGE_S = isLong ? 300 : 2;

let folder: string;
let keystone: FakeKeystone;
let nova: RecordingNova;
let server: Deployment;
let api: ApiClient;
let network: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-nova-'));
  keystone = await FakeKeystone.start();
  nova = await RecordingNova.start();
  nova.knows = (token) => keystone.tokens.has(token);
  keystone.computeUrl = nova.url;
  server = await makeDeployment({
    folder,
    token: keystone.add(administrator),
    server: {
      // Agents report once: how long the tests take is no matter of theirs.
      DEFAULT: { auth_strategy: 'keystone', send_events_interval: INTERVAL_S, agent_down_time: 86_400 },
      // Clients are known throughout: what is tried is how Nova is told.
      keystone_authtoken: { ...authtoken(keystone), token_cache_time: 3_600 },
      nova: { ...authtoken(keystone), username: 'neutron-for-nova', password: 'nova-secret', region_name: 'RegionOne' },
    },
  });
  await server.start();
  api = server.api;
  await reportAgents(
    server,
    ['host1', 'host2'].map((host) => ({
      binary: 'neutron-linuxbridge-agent',
      agent_type: 'Linux bridge agent',
      host,
      topic: 'N/A',
      configurations: { interface_mappings: {} },
      availability_zone: null,
    })),
  );
  network = (await api.create('network', { name: 'n' })).id;
});

afterAll(async () => {
  await server?.close();
  await nova?.[Symbol.asyncDispose]();
  await keystone?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

afterEach(async () => {
  nova.broken = null;
  nova.codeOf = () => 200;
  if (keystone.away) await keystone.up();
  nova.requests.length = 0;
});

const guest = (more: object = {}): Promise<Port> =>
  api.create('port', {
    network_id: network,
    device_id: randomUUID(),
    device_owner: 'compute:nova',
    'binding:host_id': 'host1',
    ...more,
  });
const rename = (port: Port, name: string) => api.expect('PUT', `/v2.0/ports/${port.id}`, { port: { name } });
const remove = (port: Port) => api.remove('port', port.id);
const told = (count: number) => until(`${count} events`, () => nova.events.length >= count && nova.events);

async function agentSays(method: string, args: object): Promise<void> {
  await using bus = await connectBus(`${folder}/bus.sock`);
  await bus.call({ topic: 'q-plugin', version: '1.0' }, method, { agent_id: 'lb', ...args }, adminContext());
}

describe('Nova', () => {
  it('is found by the catalog, and told as upstream tells it', async () => {
    const port = await guest();
    await agentSays('update_device_up', { device: tapName(port.id), host: 'host1' });
    await told(1);
    expect(nova.requests).toMatchObject([
      {
        path: '/v2.1/os-server-external-events',
        requestId: expect.stringMatching(/^req-/),
        events: [{ name: 'network-vif-plugged', server_uuid: port.device_id, tag: port.id, status: 'completed' }],
      },
    ]);
    expect(keystone.issued.at(-1).auth).toMatchObject({
      identity: { password: { user: { name: 'neutron-for-nova' } } },
      scope: { project: { name: 'service' } },
    });
    await agentSays('update_device_up', { device: tapName(port.id), host: 'host2' });
    await agentSays('update_device_down', { device: tapName(port.id), host: 'host1' });
    await remove(port);
    const events = await told(4);
    expect(events.map(({ name, status }) => [name, status])).toEqual([
      ['network-vif-plugged', 'completed'],
      ['network-vif-plugged', 'completed'],
      ['network-vif-unplugged', 'completed'],
      ['network-vif-deleted', undefined],
    ]);
  });

  it('gets what comes within the interval in one request', async () => {
    const ports = await Promise.all(Array.from({ length: 8 }, () => guest()));
    const began = performance.now();
    await Promise.all(ports.map((port) => rename(port, 'a')));
    await told(ports.length);
    // One at the beginning, and one more in each interval that has passed: on a slow machine there are more of them.
    const intervals = (performance.now() - began) / (INTERVAL_S * 1000);
    expect(nova.requests.length).toBeLessThanOrEqual(1 + Math.ceil(intervals));
  });

  it('is asked again with a fresh token when it does not know ours any more', async () => {
    const port = await guest();
    await rename(port, 'first');
    await told(1);
    const ours = [...keystone.tokens].filter(([, { user }]) => user === 'neutron').map(([token]) => token);
    for (const token of ours) keystone.tokens.delete(token);
    const before = nova.refusals;
    await rename(port, 'second');
    await told(2);
    expect(nova.refusals).toBe(before + 1);
  });

  const loseKeystone = () => {
    keystone.tokens.forEach((facts, token) => {
      if (facts.user === 'neutron') keystone.tokens.delete(token);
    });
    return keystone.down();
  };
  const outages: readonly (readonly [string, () => unknown, () => unknown])[] = [
    ['is down', () => nova.down(), () => nova.up()],
    ['answers 503', () => Object.assign(nova, { broken: 503 }), () => Object.assign(nova, { broken: null })],
    ['forbids', () => Object.assign(nova, { broken: 403 }), () => Object.assign(nova, { broken: null })],
    ['has no token for us: Keystone is down', () => loseKeystone(), () => keystone.up()],
  ];
  it.each(outages)('%s: events wait and come in order, once', async (_, fail, mend) => {
    const ports = [await guest(), await guest()];
    await fail();
    for (const name of ['a', 'b']) for (const port of ports) await rename(port, name);
    for (const port of ports) await remove(port);
    expect(nova.events).toEqual([]);
    await mend();
    await told(6);
    const order = ['network-changed', 'network-changed', 'network-vif-deleted'];
    for (const { id } of ports) {
      expect(nova.events.filter(({ tag }) => tag === id).map(({ name }) => name)).toEqual(order);
    }
    // One more, so that a second sending of the six would have been seen.
    await rename(await guest(), 'last');
    expect(await told(7)).toHaveLength(7);
  });

  it.each([
    ['is away', () => nova.down(), () => nova.up()],
    ['is of no use without Keystone, which is away', () => loseKeystone(), () => keystone.up()],
  ])(
    `%s for ${OUTAGE_S} s while ports change: every event comes, in order, and agents are told at once`,
    async (_, fail, mend) => {
      const ports = [await guest(), await guest(), await guest()];
      await using bus = await connectBus(`${folder}/bus.sock`);
      const heard: string[] = [];
      const listener = await bus.listen('q-agent-notifier-port-update', 'host1', [
        { version: '1.4', methods: { port_update: async ({ port }) => heard.push(port.id) } },
      ]);
      await fail();
      const ends = Date.now() + OUTAGE_S * 1000;
      let changes = 0;
      while (Date.now() < ends) {
        for (const { id } of ports) {
          await api.expect('PUT', `/v2.0/ports/${id}`, { port: { admin_state_up: changes % 2 === 1 } });
        }
        changes++;
        await until('agents to hear of it', () => heard.length === changes * ports.length, { timeoutMs: 2_000 });
        // The outage has a length; nothing is waited for.
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
      for (const port of ports) await remove(port);
      expect(nova.events).toEqual([]);
      await mend();
      const total = (changes + 1) * ports.length;
      await until('all events', () => nova.events.length >= total, { timeoutMs: 30_000 });
      expect(nova.events).toHaveLength(total);
      for (const { id } of ports) {
        const names = nova.events.filter(({ tag }) => tag === id).map(({ name }) => name);
        expect(names).toEqual([...Array(changes).fill('network-changed'), 'network-vif-deleted']);
      }
      await listener.close();
    },
    600_000,
  );

  it('knows the servers no more, or some of them: said, and not tried again', async () => {
    nova.codeOf = ({ name }) => (name === 'network-vif-deleted' ? 404 : 200);
    const port = await guest();
    await rename(port, 'gone');
    await remove(port);
    await told(2);
    await until('a line', () => server.server.output.includes('Nova did not take an event'));
    nova.broken = 404;
    await remove(await guest());
    nova.broken = null;
    nova.codeOf = () => 200;
    await rename(await guest(), 'after');
    await until('the next', () => nova.events.some(({ name }, i) => i >= 2 && name === 'network-changed'));
  });

  it('is told by the next server what one that was killed had noted', async () => {
    await server.server.stop();
    server.server.start({ NEUTRINO_TEST_STOP_AT: 'before_nova' });
    await server.answering();
    const port = await guest();
    await rename(port, 'survives').catch(() => {});
    await server.server.finished();
    expect(nova.events).toEqual([]);
    server.server.start();
    await server.answering();
    expect(await told(1)).toEqual([{ name: 'network-changed', server_uuid: port.device_id, tag: port.id }]);
  });

  it('takes a request and answers nothing: the server stops all the same, and the event is sent by the next', async () => {
    const port = await guest();
    nova.hangs = true;
    await rename(port, 'waits');
    await until('the request', () => nova.waiting > 0);
    expect(await server.server.stop()).toBe(0);
    nova.hangs = false;
    server.server.start();
    await server.answering();
    expect(await told(1)).toEqual([{ name: 'network-changed', server_uuid: port.device_id, tag: port.id }]);
  });

  it('is named in no line of the log with a token or a password', () => {
    const { output } = server.server;
    for (const secret of ['nova-secret', ...keystone.tokens.keys()]) expect(output).not.toContain(secret);
  });
});

describe('a server whose [nova] is wrong', () => {
  it.each([
    [{ auth_type: 'v3kerberos' }, 'auth_type', 'v3kerberos is not supported'],
    [{ auth_type: 'password', username: 'nova' }, 'password', 'is needed'],
    [{ auth_section: 'placement' }, 'auth_section', 'can be keystone_authtoken'],
  ])('%j does not start, and says why in one line', async (options, option, why) => {
    const wrong = await makeDeployment({
      folder: join(folder, option),
      server: { nova: { auth_url: keystone.url, ...options } },
    });
    wrong.server.start();
    const { code, output } = await wrong.server.finished();
    expect(code).not.toBe(0);
    expect(output).toMatch(new RegExp(`\\[nova\\] ${option} = .*: ${why}`));
  });
});
