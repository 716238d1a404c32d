import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, openDatabase } from '../../src/db/database.ts';
import { adminContext } from '../../src/lib/context.ts';
import type { HttpAnswer, Json } from './api.ts';
import { connectBus } from './bus.ts';
import { type Deployment, type DeploymentOptions, makeDeployment } from './deployment.ts';
import { sharedDatabase } from './shared-database.ts';
import { reportAgents } from './stand-in-agents.ts';

/** Method, path behind `/v2.0/`, body. */
export type Ask = readonly [method: string, path: string, body?: Json];

/** `409 OverQuota`. */
export function outcome({ status, body }: HttpAnswer): string {
  return `${status} ${body?.NeutronError?.type ?? ''}`.trim();
}

/** Two server processes on one SQLite database, where everybody is admin; clients ask both at once. */
export class ServerPair implements AsyncDisposable {
  readonly #servers: readonly Deployment[];
  readonly #connection: string;
  readonly #stop: AsyncDisposableStack;

  constructor(parts: { servers: readonly Deployment[]; connection: string; stop: AsyncDisposableStack }) {
    this.#servers = parts.servers;
    this.#connection = parts.connection;
    this.#stop = parts.stop;
  }

  /** @param client whose request it is: the even ones ask one server, the odd ones the other */
  send(client: number, [method, path, body]: Ask): Promise<HttpAnswer> {
    return this.#servers[client % 2]!.api.request(method, `/v2.0/${path}`, body);
  }

  /** What so many clients ask at once; how often each outcome came. */
  async atOnce(clients: number, ask: (client: number) => Ask): Promise<Record<string, number>> {
    const answers = await Promise.all(Array.from({ length: clients }, (_, i) => this.send(i, ask(i))));
    const counts: Record<string, number> = {};
    for (const answer of answers) counts[outcome(answer)] = (counts[outcome(answer)] ?? 0) + 1;
    return counts;
  }

  /** Asks one of the servers as an agent does. */
  async askAsAgent(client: number, topic: string, method: string, args: Record<string, unknown>): Promise<Json> {
    await using bus = await connectBus(`${this.#servers[client % 2]!.folder}/bus.sock`);
    return await bus.call({ topic, version: '1.0' }, method, args, adminContext());
  }

  /** Its part of the answer. @throws when refused */
  async create(path: string, input: Json): Promise<Json> {
    const ask = post(path, input);
    const answer = await this.send(0, ask);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.body[memberOf(path)];
  }

  async list(path: string, query = ''): Promise<Json[]> {
    return (await this.send(1, ['GET', `${path}${query}`])).body[path.replaceAll('-', '_')];
  }

  /** Looks at the rows beside the servers. */
  async look<T>(at: (db: Db) => Promise<T>): Promise<T> {
    const database = await openDatabase({ connection: this.#connection });
    try {
      return await at(database.db);
    } finally {
      await database.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop.disposeAsync();
  }
}

/** The request that makes one. */
export function post(path: string, input: Json): Ask {
  return ['POST', path, { [memberOf(path)]: input }];
}

function memberOf(path: string): string {
  return path.replaceAll('-', '_').replace(/ies$/, 'y').replace(/s$/, '');
}

/** @param agents that are registered before anybody asks */
export async function raiseServerPair(
  options: NonNullable<DeploymentOptions['server']>,
  agents: readonly Json[] = [],
): Promise<ServerPair> {
  const stop = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-pair-'));
  stop.defer(() => rm(folder, { recursive: true, force: true }));
  const connection = await sharedDatabase(folder);
  // Agents report once: how long the tests take is no matter of theirs.
  const server = {
    ...options,
    DEFAULT: { agent_down_time: 86_400, ...options.DEFAULT },
    database: { connection },
  };
  const servers: Deployment[] = [];
  for (const name of ['one', 'two']) {
    servers.push(stop.use(await makeDeployment({ folder: join(folder, name), server })));
  }
  await Promise.all(servers.map((one) => one.start()));
  await reportAgents(servers[0]!, agents);
  return new ServerPair({ servers, connection, stop });
}
