import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../../src/keystone/fake.ts';
import { defaultValues } from '../../../src/lib/options.ts';
import { connectAmqp } from '../../../src/rpc/amqp/connect.ts';
import { amqpSettings, rabbitOptions } from '../../../src/rpc/amqp/options.ts';
import { parseBrokerUrl } from '../../../src/rpc/amqp/url.ts';
import { StateReports } from '../../../src/rpc/contract.ts';
import { ApiClient, type Json } from '../../support/api.ts';
import { type Deployment, makeDeployment } from '../../support/deployment.ts';
import { authtoken } from '../../support/identity.ts';
import { NotificationQueue, type QueuedNotification } from '../../support/notification-queue.ts';
import { sharedRabbit } from '../../support/shared-rabbit.ts';
import { until } from '../../support/wait.ts';

/** What a real server published for each of these requests, asked again of ours with a RabbitMQ and tokens of two projects. */
interface Step {
  readonly as: 'admin' | 'demo';
  readonly method: string;
  readonly path: string;
  readonly body: Json;
  /** What later steps call a part of the answer. */
  readonly save: Readonly<Record<string, string>>;
  readonly status: number;
  readonly notifications: readonly { event_type: string; priority: string; payload: Json }[];
}

const file = new URL('../../data/notification-captures/requests.json', import.meta.url);
const recorded: { known: Record<string, string>; wire: Json; steps: Step[] } = JSON.parse(readFileSync(file, 'utf8'));

/** Told of besides, where upstream refuses before it tells: each with its reason. */
const moreStarts = new Map([
  ['POST networks 409', 'quotas are counted in the transaction that creates'],
  ['POST ports 404', 'the network of a port is looked for by the plugin'],
]);
/** Keys of what was deleted that only upstream's inside has, or that come with parts which are still to come. */
const notOurs = new Set([
  'standard_attr_id',
  'shared',
  'vlan_transparent',
  'qos_policy_id',
  'qos_network_policy_id',
  'resource_request',
]);

const undo = new AsyncDisposableStack();
let deployment: Deployment;
let queue: NotificationQueue;
let clients: Record<string, ApiClient>;
const answers: { step: Step; status: number; got: QueuedNotification[] }[] = [];

beforeAll(async () => {
  const url = (await sharedRabbit(1)).url();
  const keystone = undo.use(await FakeKeystone.start());
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-notifications-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const { admin_project, demo_project } = recorded.known;
  const admin = keystone.add({
    user: 'u-admin',
    project: admin_project!,
    roles: ['admin', 'manager', 'member', 'reader'],
  });
  const demo = keystone.add({ user: 'u-demo', project: demo_project!, roles: ['member', 'reader'] });
  deployment = undo.use(
    await makeDeployment({
      folder,
      token: admin,
      server: {
        DEFAULT: {
          auth_strategy: 'keystone',
          transport_url: url,
          host: 'net1',
          service_plugins: 'segments,flavors',
          // Agents report once: how long the tests take is no matter of theirs.
          agent_down_time: 86_400,
        },
        keystone_authtoken: authtoken(keystone),
        oslo_messaging_notifications: { driver: 'messagingv2' },
        oslo_policy: { enforce_new_defaults: false },
        ml2: { type_drivers: 'local,flat,vlan,vxlan', tenant_network_types: 'vxlan' },
        ml2_type_flat: { flat_networks: '*' },
        ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:199' },
        ml2_type_vxlan: { vni_ranges: '1000:20000' },
        securitygroup: { enable_security_group: true, firewall_driver: 'iptables' },
      },
    }),
  );
  await deployment.start();
  const where = { port: deployment.port };
  clients = { admin: new ApiClient(where, admin), demo: new ApiClient(where, demo) };
  await reportAgents(url);
  queue = undo.use(await NotificationQueue.open(url));
  const known: Record<string, string> = { ...recorded.known };
  for (const step of recorded.steps) {
    const body = step.body === null ? undefined : JSON.parse(filled(JSON.stringify(step.body), known));
    // Later releases, and ours, take a limit below what is used only by force.
    if (step.method === 'PUT' && step.path.startsWith('quotas/')) body.quota.force = true;
    const answer = await clients[step.as]!.request(step.method, `/v2.0/${filled(step.path, known)}`, body);
    for (const [name, place] of Object.entries(step.save)) known[name] = at(answer.body, place);
    answers.push({ step, status: answer.status, got: await published(step) });
  }
});
afterAll(() => undo.disposeAsync());

/** The queue is there once something was published, and what a request made is in it soon after its answer. */
async function published(step: Step): Promise<QueuedNotification[]> {
  const count = step.notifications.length + (moreStarts.has(nameOf(step)) ? 1 : 0);
  const got: QueuedNotification[] = [];
  await until('what was told arrives', async () => {
    got.push(...(await queue.all()));
    return got.length >= count;
  });
  return got;
}

async function reportAgents(url: string): Promise<void> {
  const settings = amqpSettings(defaultValues(rabbitOptions), 'neutron', {});
  const transport = connectAmqp({ url: parseBrokerUrl(url), settings, program: 'agents' });
  const reports = new StateReports(transport);
  const common = { host: 'bench-host', start_flag: true };
  const now = new Date().toISOString().replace('Z', '000');
  const dhcp = { binary: 'neutron-dhcp-agent', topic: 'dhcp_agent', agent_type: 'DHCP agent', configurations: {} };
  const configurations = { bridge_mappings: {}, interface_mappings: { physnet1: 'eth1' }, tunnel_types: ['vxlan'] };
  const bridge = {
    binary: 'neutron-linuxbridge-agent',
    topic: 'N/A',
    agent_type: 'Linux bridge agent',
    configurations,
  };
  for (const agent of [dhcp, bridge]) {
    // The API does not wait for the queue: at first nobody may listen.
    await until('the server hears of agents', () => reports.report({ ...common, ...agent }, now).then(() => true));
  }
  await transport.close();
}

const filled = (text: string, known: Record<string, string>) =>
  text.replace(/\{(\w+)\}/g, (whole, name) => known[name] ?? whole);
const at = (value: Json, place: string) => place.split('.').reduce((part, key) => part[key], value);
const nameOf = ({ method, path, status }: Step) => `${method} ${path} ${status}`;
const keysOf = (value: Json): Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value).sort() : typeof value;

describe('each request makes the notifications that it made there', () => {
  it.each(recorded.steps.map((step, i) => [`${i} ${nameOf(step)}`, i] as const))('%s', (_name, i) => {
    const { step, status, got } = answers[i]!;
    expect(status).toBe(step.status);
    const more = moreStarts.has(nameOf(step)) ? 1 : 0;
    const types = got.map(({ message }) => message.event_type);
    expect(types.slice(more)).toEqual(step.notifications.map(({ event_type }) => event_type));
    if (more > 0) expect(types[0]).toMatch(/\.start$/);
    for (const [n, { payload, event_type }] of step.notifications.entries()) {
      const ours = got[n]!.message;
      expect([event_type, Object.keys(ours.payload).sort()]).toEqual([event_type, Object.keys(payload).sort()]);
      for (const [key, value] of Object.entries(payload)) {
        const missing = diff(keysOf(value), keysOf(ours.payload[key])).filter((name) => !notOurs.has(name));
        expect({ event_type, key, missing }).toEqual({ event_type, key, missing: [] });
      }
      expect(ours).toMatchObject({ publisher_id: 'network.net1', priority: 'INFO' });
    }
  });
});

/** Names that are in one and not in the other; of what is no object its type. */
function diff(theirs: Json, ours: Json): string[] {
  if (!Array.isArray(theirs)) return theirs === ours ? [] : [`${theirs}, not ${ours}`];
  return theirs.filter((name: string) => !ours.includes(name));
}

it('the message is what oslo.messaging writes, key by key', () => {
  const { wire } = recorded;
  const [first] = answers[0]!.got;
  expect(Object.keys(first!.message).sort()).toEqual(Object.keys(wire.message).sort());
  expect(Object.keys(first!.body)).toEqual(Object.keys(wire.body));
  expect(first!.body['oslo.version']).toBe('2.0');
  expect([first!.exchange, first!.routingKey]).toEqual([wire.exchange, wire.routing_key]);
  expect(first!.properties).toMatchObject({
    contentType: wire.properties.content_type,
    contentEncoding: wire.properties.content_encoding,
    deliveryMode: wire.properties.delivery_mode,
    priority: wire.properties.priority,
    headers: wire.properties.application_headers,
  });
  for (const key of ['message_id', 'timestamp', '_unique_id', '_context_timestamp', '_context_request_id']) {
    const shape = (value: string) => value.replace(/[0-9a-f]/g, 'x');
    expect([key, shape(first!.message[key])]).toEqual([key, shape(wire.message[key])]);
  }
  const { known } = recorded;
  expect(first!.message).toMatchObject({
    _context_project_id: known.demo_project,
    _context_tenant_id: known.demo_project,
    _context_user_id: 'u-demo-id',
    _context_roles: ['member', 'reader'],
    _context_is_admin: false,
    _context_auth_token: null,
  });
});

it('no token is in any of them', () => {
  const texts = answers.flatMap(({ got }) => got.map(({ body }) => JSON.stringify(body)));
  expect(texts.length).toBeGreaterThan(100);
  expect(texts.filter((text) => text.includes('token-'))).toEqual([]);
});
