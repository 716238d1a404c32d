import { ApiClient, type HttpAnswer, type Json } from '../../support/api.ts';
import type { Step } from './both.ts';

/** One of the two, and who asks it: an administrator, by a token where there is Keystone. */
export interface Server {
  url: string;
  token: string | null;
}

/** Project of everything one run makes (`<project>` in steps), so that lists can be asked for that alone. */
const projectId = `differential-${process.pid}`;

const plurals: Readonly<Record<string, string>> = {
  floatingips: 'floatingip',
  metering_labels: 'metering_label',
  networks: 'network',
  routers: 'router',
  subnets: 'subnet',
  ports: 'port',
  subnetpools: 'subnetpool',
  address_scopes: 'address_scope',
};

interface Request {
  method: string;
  path: string;
  body?: unknown;
}

/** One of the two servers, with what it said and what it keeps of a scenario. */
export class Side {
  readonly #api: ApiClient;
  readonly #known = new Map<string, Json>();
  /** What takes away again what was made. */
  readonly #undo: Request[] = [];

  constructor({ url, token }: Server) {
    // The real server tries bad requests again and again; one is known that takes it 35 s.
    this.#api = new ApiClient({ port: Number(new URL(url).port) }, token, 240_000);
  }

  async send(step: Step): Promise<HttpAnswer> {
    const { method, headers = {} } = step;
    const path = this.#resolve(step.path);
    const body = typeof step.body === 'string' ? step.body : this.#prepared(step);
    // Links in answers repeat the Host header.
    const answer = await this.#api.request(method, path, body, { host: '127.0.0.1:39696', ...headers });
    const object = objectsIn(answer.body);
    if (step.as !== undefined && answer.status < 300)
      this.#known.set(step.as, object.length === 1 ? object[0] : object);
    if (answer.status < 300) this.#undo.push(...undoing(method, path, answer.body));
    return answer;
  }

  /** Takes away what was made after the first `from`, last first. */
  async clear(from = 0): Promise<void> {
    let left = this.#undo.splice(from).reverse();
    // What something made later holds goes in a later round.
    for (let round = 0; round < 3 && left.length > 0; round++) {
      const refused: Request[] = [];
      for (const request of left) {
        const { status } = await this.#api.request(request.method, request.path, request.body);
        if (status >= 400 && status !== 404) refused.push(request);
      }
      left = refused;
    }
  }

  get made(): number {
    return this.#undo.length;
  }

  #prepared(step: Step): unknown {
    if (step.body === undefined) return undefined;
    const body = JSON.parse(this.#resolve(JSON.stringify(step.body)));
    if (step.method !== 'POST' || typeof body !== 'object' || body === null) return body;
    for (const [collection, member] of Object.entries(plurals)) {
      const items = Array.isArray(body[collection]) ? body[collection] : [body[member]];
      for (const item of items) {
        if (typeof item === 'object' && item !== null && !('project_id' in item || 'tenant_id' in item))
          item.project_id = projectId;
      }
    }
    return body;
  }

  #resolve(text: string): string {
    return text.replace(/<([a-zA-Z]\w*(?:\.[\w:]+)*)>/g, (whole, name: string) => {
      if (name === 'project') return projectId;
      const [first, ...rest] = name.split('.');
      const known = this.#known.get(first!);
      if (known === undefined) return whole;
      const value = rest.length === 0 ? known.id : rest.reduce((at, key) => at?.[key], known);
      return String(value);
    });
  }
}

/** What takes away what a request made. */
function undoing(method: string, path: string, body: Json): Request[] {
  if (method === 'POST') {
    return objectsIn(body).map((object) => ({ method: 'DELETE', path: `${path.split('?')[0]}/${object.id}` }));
  }
  const [, router] = /^(\/v2\.0\/routers\/[\w-]+)\/add_router_interface$/.exec(path) ?? [];
  if (router === undefined) return [];
  return [
    { method: 'PUT', path: `${router}/remove_router_interface`, body: { port_id: body.port_id } },
    { method: 'PUT', path: router, body: { router: { routes: [] } } },
  ];
}

/** The objects of an answer; one that comes without an envelope is one, too. */
export function objectsIn(body: Json): Json[] {
  if (typeof body !== 'object' || body === null) return [];
  if (typeof body.id === 'string') return [body];
  const value = Object.entries(body).find(([key]) => !key.endsWith('_links'))?.[1];
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item?.id === 'string');
}
