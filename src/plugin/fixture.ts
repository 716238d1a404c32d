import type { Database } from '../db/database.ts';
import { attributeIds } from '../db/read/attribute-ids.ts';
import { temporaryDatabase } from '../db/temporary.ts';
import { adminContext, type Context } from '../lib/context.ts';
import type { Logger } from '../lib/log.ts';
import { defaultValues, type OptionValues } from '../lib/options.ts';
import { everything, type ListQuery } from '../lib/query.ts';
import type { Agent, Network, Port, Subnet } from '../resources/shapes.ts';
import { FakeTransport, type SentMessage } from '../rpc/fake.ts';
import type { Collection, Input } from './contract.ts';
import { pluginOptionGroups as groups, type PluginOptions } from './options.ts';
import type { PluginParts } from './parts.ts';
import { createPlugin, type Plugin } from './plugin.ts';

/** The plugin over a real database in a temporary folder and a transport that records: for the tests beside the code. */
export interface Fixture extends AsyncDisposable {
  readonly plugin: Plugin;
  readonly database: Database;
  /** What the database counts the row by: messages carry it, answers do not. */
  attributeId(table: 'networks' | 'subnets' | 'ports', id: string): Promise<number>;
  readonly transport: FakeTransport;
  readonly context: Context;
  /** Everything that was logged as a warning or an error. */
  readonly complaints: { level: string; message: string; fields: object }[];
  readonly clock: { nowMs: number };
  network(input?: Input): Promise<Network>;
  subnet(networkId: string, input?: Input): Promise<Subnet>;
  port(networkId: string, input?: Input): Promise<Port>;
  /** A heartbeat of a Linux bridge agent. */
  bridgeAgent(host?: string, configurations?: Record<string, unknown>): Promise<unknown>;
  dhcpAgent(host?: string, more?: Record<string, unknown>): Promise<unknown>;
  l3Agent(host?: string, configurations?: Record<string, unknown>, more?: Record<string, unknown>): Promise<unknown>;
  /** Calls an endpoint as an agent does. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of all methods; tests look at what they expect
  ask(method: string, args: Record<string, unknown>, context?: Context): Promise<any>;
  /** The same, of an L3 agent. */
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  askL3(method: string, args: Record<string, unknown>, context?: Context): Promise<any>;
  /** What agents were told since the last time, after everything was told: topic (and host), method, arguments. */
  // biome-ignore lint/suspicious/noExplicitAny: arguments of all methods, likewise
  told(): Promise<{ to: string; method: string; args: any }[]>;
}

/** Tests that are not about quotas make as much as they like. */
const unlimited = Object.fromEntries(Object.keys(groups.quota.options).map((name) => [name, -1]));

export type Options = { [K in keyof typeof groups]?: Partial<OptionValues<(typeof groups)[K]>> };

export function pluginOptions(changes: Options = {}): PluginOptions {
  return {
    core: defaultValues(groups.core, changes.core),
    ml2: defaultValues(groups.ml2, changes.ml2),
    flat: defaultValues(groups.flat, changes.flat),
    vlan: defaultValues(groups.vlan, changes.vlan),
    vxlan: defaultValues(groups.vxlan, changes.vxlan),
    gre: defaultValues(groups.gre, changes.gre),
    geneve: defaultValues(groups.geneve, changes.geneve),
    quota: { ...defaultValues(groups.quota, unlimited), ...changes.quota },
    service: defaultValues(groups.service, changes.service),
    telling: defaultValues(groups.telling, changes.telling),
    l2pop: defaultValues(groups.l2pop, changes.l2pop),
    conntrackHelper: defaultValues(groups.conntrackHelper, changes.conntrackHelper),
    l3Agent: defaultValues(groups.l3Agent, changes.l3Agent),
    router: defaultValues(groups.router, changes.router),
    securityGroup: defaultValues(groups.securityGroup, { enable_security_group: false, ...changes.securityGroup }),
  };
}

export async function createFixture(
  options: Options = {},
  parts: Partial<PluginParts> & { database?: Database } = {},
): Promise<Fixture> {
  const database = parts.database ?? (await temporaryDatabase());
  const transport = new FakeTransport();
  const complaints: Fixture['complaints'] = [];
  const clock = { nowMs: Date.UTC(2026, 10, 23, 12, 0, 0) };
  const plugin = await createPlugin({
    database,
    transport,
    options: pluginOptions(options),
    host: 'server',
    logger: recorder(complaints),
    now: () => clock.nowMs,
    elapsed: () => clock.nowMs,
    stopPoint: () => {},
    ...parts,
  }).catch(async (error) => {
    if (!parts.database) await database.close(); // a refused configuration leaves no folder behind
    throw error;
  });
  for (const { topic, endpoints } of plugin.rpcEndpoints()) await transport.listen(topic, 'server', endpoints);
  const context = adminContext();
  const { networks, subnets, ports } = plugin.collections;
  let read = 0;
  const report = (agent: object) =>
    transport.tell('q-reports-plugin', 'report_state', {
      agent_state: { agent_state: { availability_zone: 'nova', ...agent } },
      time: `${new Date(clock.nowMs).toISOString().slice(0, -1)}000`,
    });
  return {
    plugin,
    database,
    attributeId: async (table, id) => (await attributeIds(database.db, table, [id])).get(id)!,
    transport,
    context,
    complaints,
    clock,
    network: (input = {}) => networks.create!(context, { project_id: 'p1', name: 'net', ...input }),
    subnet: (network_id, input = {}) =>
      subnets.create!(context, { project_id: 'p1', network_id, ip_version: 4, cidr: '10.0.0.0/24', ...input }),
    port: (network_id, input = {}) => ports.create!(context, { project_id: 'p1', network_id, ...input }),
    bridgeAgent: (host = 'host1', configurations = { interface_mappings: { public: 'eth0' } }) =>
      report({
        agent_type: 'Linux bridge agent',
        binary: 'neutron-linuxbridge-agent',
        host,
        topic: 'N/A',
        configurations,
      }),
    dhcpAgent: (host = 'host1', more = {}) =>
      report({
        agent_type: 'DHCP agent',
        binary: 'neutron-dhcp-agent',
        host,
        topic: 'dhcp_agent',
        configurations: { networks: 0 },
        ...more,
      }),
    l3Agent: (host = 'host1', configurations = {}, more = {}) =>
      report({
        agent_type: 'L3 agent',
        binary: 'neutron-l3-agent',
        host,
        topic: 'l3_agent',
        configurations: { agent_mode: 'legacy', handle_internal_only_routers: true, ...configurations },
        ...more,
      }),
    ask: (method, args, context) => transport.tell('q-plugin', method, args, context),
    askL3: (method, args, context) => transport.tell('q-l3-plugin', method, args, context),
    async told() {
      await plugin.idle();
      const messages = transport.sent.slice(read).filter(({ kind }) => kind === 'cast');
      read = transport.sent.length;
      return messages.map((message) => ({ to: addressOf(message), method: message.method, args: message.args }));
    },
    async [Symbol.asyncDispose]() {
      await plugin.close();
      if (!parts.database) await database.close();
    },
  };
}

/** A plain user of a project. */
export function member(projectId: string, roles: readonly string[] = ['member', 'reader']): Context {
  return { ...adminContext(), projectId, userId: `user-of-${projectId}`, roles, isAdmin: false };
}

/** All rows of a collection that somebody sees. */
export async function all<R>(
  collection: Collection<R>,
  query: Partial<ListQuery> = {},
  context: Context = adminContext(),
): Promise<readonly R[]> {
  const page = await collection.list(context, { ...everything, ...query });
  return page.items ?? JSON.parse(new TextDecoder().decode(page.json));
}

/** The Neutron type of what a promise rejects with, and its message. */
export async function failure(promise: Promise<unknown>): Promise<{ type: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    return { type: (error as Error).name, message: (error as Error).message };
  }
  return { type: 'nothing', message: 'nothing was thrown' };
}

export type { Agent, Network, Port, Subnet };

function addressOf({ topic, server, fanout }: SentMessage): string {
  return server ? `${topic}.${server}` : fanout ? `${topic}_fanout` : topic;
}

function recorder(complaints: Fixture['complaints']): Logger {
  const keep = (level: string) => (fields: object, message: string) => void complaints.push({ level, message, fields });
  return { debug() {}, info() {}, warn: keep('warn'), error: keep('error') };
}
