import { apiOptions } from '../../src/api/options.ts';
import { policyGate } from '../../src/api/policy/gate.ts';
import { type Api, createApi } from '../../src/api/server.ts';
import type { Database } from '../../src/db/database.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { adminContext } from '../../src/lib/context.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { type Options, pluginOptions } from '../../src/plugin/fixture.ts';
import { createPlugin, type Plugin } from '../../src/plugin/plugin.ts';
import { Policy } from '../../src/policy/policy.ts';
import type { RuleFile } from '../../src/policy/rules.ts';
import { FakeTransport } from '../../src/rpc/fake.ts';
import { until } from './wait.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies of all kinds; tests look at what they expect
type Json = any;

/** Who sends a request: a project and roles. `member` implies `reader` here, as Keystone has it. */
export interface Caller {
  readonly project: string;
  readonly roles: readonly string[];
}

export const admin: Caller = { project: 'admins', roles: ['admin', 'manager', 'member', 'reader'] };
export const member = (project: string): Caller => ({ project, roles: ['member', 'reader'] });
export const reader = (project: string): Caller => ({ project, roles: ['reader'] });

/** API, policy and plugin over a real database, with callers as tests say: everything of a server but the socket and Keystone. */
export class Tenants implements AsyncDisposable {
  readonly database: Database;
  readonly plugin: Plugin;
  readonly policy: Policy;
  readonly faults: unknown[] = [];
  /** What the server sends, and where agents ask it. */
  readonly transport: FakeTransport;
  readonly #api: Api;

  constructor(parts: { database: Database; plugin: Plugin; policy: Policy; transport: FakeTransport }) {
    this.transport = parts.transport;
    this.database = parts.database;
    this.plugin = parts.plugin;
    this.policy = parts.policy;
    const { plugin, policy } = parts;
    this.#api = createApi({
      plugin,
      options: defaultValues(apiOptions),
      protection: 'off',
      gate: policyGate(policy, plugin),
      dashboard: { folder: '/nonexistent', version: 'test', signIn: 'keystone' },
      logger: { debug() {}, info() {}, warn() {}, error: (fields: object) => void this.faults.push(fields) },
      authenticate: (headers, requestId) =>
        policy.identify({
          ...adminContext(requestId),
          isAdmin: false,
          projectId: (headers['x-project'] as string) || null,
          userId: `user-${headers['x-project']}`,
          authToken: (headers['x-auth-token'] as string) ?? null,
          roles: ((headers['x-roles'] as string) || '').split(',').filter(Boolean),
        }),
    });
  }

  /** @param path below `/v2.0/`, or with a slash at the front the whole */
  async ask(
    caller: Caller,
    method: string,
    path: string,
    body?: Json,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Json }> {
    const response = await this.#api.inject({
      method: method as 'GET',
      url: path.startsWith('/') ? path : `/v2.0/${path}`,
      headers: {
        'x-project': caller.project,
        'x-roles': caller.roles.join(','),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    });
    return { status: response.statusCode, body: response.payload === '' ? null : JSON.parse(response.payload) };
  }

  /** Creates one; its own part of the answer. @throws when refused */
  async create(caller: Caller, collection: string, input: Json): Promise<Json> {
    const key = collection.split('/').at(-1)!.replaceAll('-', '_').replace(/ies$/, 'y').replace(/s$/, '');
    const { status, body } = await this.ask(caller, 'POST', collection, { [key]: input });
    if (status !== 201) throw new Error(`POST ${collection}: ${status} ${JSON.stringify(body)}`);
    return body[key];
  }

  /** Asks as an agent does. */
  askAsAgent(method: string, args: Record<string, unknown>, topic = 'q-plugin'): Promise<Json> {
    return this.transport.tell(topic, method, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api.close();
    await this.plugin.close();
    await this.database.close();
  }
}

/** @param how.atRest what servers do periodically has been done once and does not come again: what is asked of the database is by requests */
export async function makeTenants(
  how: {
    options?: Options;
    rules?: readonly RuleFile[];
    newDefaults?: boolean;
    database?: Database;
    atRest?: boolean;
  } = {},
): Promise<Tenants> {
  const database = how.database ?? (await temporaryDatabase());
  const transport = new FakeTransport();
  const plugin = await createPlugin({
    database,
    transport,
    host: 'server',
    options: pluginOptions(how.options),
    ...(how.atRest && { dutyTimes: { beatMs: 3_600_000, lapseMs: 7_200_000 } }),
  });
  await plugin.start();
  if (how.atRest) await until('periodic work', () => plugin.duties.every(({ done }) => done > 0));
  for (const { topic, endpoints } of plugin.rpcEndpoints()) await transport.listen(topic, 'server', endpoints);
  const policy = new Policy(how.rules ?? [], { enforce_new_defaults: how.newDefaults ?? true });
  return new Tenants({ database, plugin, policy, transport });
}
