import type { Agent, FloatingIp, Network, Port, Router, Subnet, SubnetPool } from '../../resources/shapes.ts';
import { type HttpAnswer, httpRequest, type Json, type Where } from './http.ts';

interface Resources {
  network: Network;
  subnet: Subnet;
  subnetpool: SubnetPool;
  port: Port;
  agent: Agent;
  router: Router;
  floatingip: FloatingIp;
  security_group: { id: string; security_group_rules: { id: string }[] };
  security_group_rule: { id: string; port_range_min: number | null; port_range_max: number | null };
  address_group: { id: string };
}

type Singular = keyof Resources;

/** A small client of the API for tests and the tour: whoever wants to see headers and errors uses `request`. */
export class ApiClient {
  readonly #where: Where;
  readonly #token: string | null;
  readonly #timeoutMs: number;

  /** @param timeoutMs how long a server may take for an answer */
  constructor(where: Where, token: string | null = null, timeoutMs = 30_000) {
    this.#where = where;
    this.#token = token;
    this.#timeoutMs = timeoutMs;
  }

  /** Any request; a body that is not text is sent as JSON. A header that is null is left out, one of ours as well. */
  request(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string | null> = {},
  ): Promise<HttpAnswer> {
    const given: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const token: Record<string, string> = this.#token === null ? {} : { 'x-auth-token': this.#token };
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const all = Object.entries({ accept: 'application/json', ...given, ...token, ...headers });
    const sent = Object.fromEntries(all.filter((header): header is [string, string] => header[1] !== null));
    return httpRequest(this.#where, { method, path, headers: sent, body: text }, this.#timeoutMs);
  }

  /** @throws Error with method, path, status and body when the answer is not 2xx */
  async expect(method: string, path: string, body?: unknown): Promise<Json> {
    const answer = await this.request(method, path, body);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  async create<S extends Singular>(kind: S, attributes: Record<string, unknown> = {}): Promise<Resources[S]> {
    return (await this.expect('POST', `/v2.0/${kind}s`, { [kind]: attributes }))[kind];
  }

  async createMany<S extends Singular>(kind: S, list: readonly Record<string, unknown>[]): Promise<Resources[S][]> {
    return (await this.expect('POST', `/v2.0/${kind}s`, { [`${kind}s`]: list }))[`${kind}s`];
  }

  async show<S extends Singular>(kind: S, id: string): Promise<Resources[S]> {
    return (await this.expect('GET', `/v2.0/${kind}s/${id}`))[kind];
  }

  async list<S extends Singular>(kind: S, query = ''): Promise<Resources[S][]> {
    return (await this.expect('GET', `/v2.0/${kind}s${query && `?${query}`}`))[`${kind}s`];
  }

  async update<S extends Singular>(kind: S, id: string, changes: Record<string, unknown>): Promise<Resources[S]> {
    return (await this.expect('PUT', `/v2.0/${kind}s/${id}`, { [kind]: changes }))[kind];
  }

  async remove(kind: Singular, id: string): Promise<void> {
    await this.expect('DELETE', `/v2.0/${kind}s/${id}`);
  }

  async explain(portId: string): Promise<Json> {
    return (await this.expect('GET', `/v2.0/ports/${portId}/explain`)).explanation;
  }
}
