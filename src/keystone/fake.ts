import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

// biome-ignore lint/suspicious/noExplicitAny: bodies of all kinds; tests look at what they expect
type Json = any;

interface FakeToken {
  readonly user: string;
  readonly project: string | null;
  readonly roles: readonly string[];
  expiresAtMs: number;
}

/** A Keystone of a few lines over real HTTP, for tests: issues tokens, validates them, can be down or forgetful. */
export class FakeKeystone implements AsyncDisposable {
  readonly tokens = new Map<string, FakeToken>();
  /** Of everybody, where they have more than that of their token. */
  readonly projects: string[] = [];
  /** Who has a password; anybody else who asks for a token is the service user. */
  readonly people = new Map<string, { password: string; facts: Partial<FakeToken> }>();
  /** Bodies of requests for tokens, and how often tokens were validated. */
  readonly issued: Json[] = [];
  validations = 0;
  /** Where the catalog says the Networking API is. */
  networkUrl = 'http://127.0.0.1:9696';
  /** Where it says Nova is; null: it does not. */
  computeUrl: string | null = null;
  /** Answers everything with this status. */
  broken: number | null = null;
  /** Takes requests and answers none. */
  hangs = false;
  /** Answers everything with this status and this text. */
  garbage: { readonly status: number; readonly text: string } | null = null;
  readonly #server: Server;
  #port = 0;
  #lastToken = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeKeystone> {
    const server = createServer();
    const fake = new FakeKeystone(server);
    server.on('request', async (request, response) => {
      if (fake.hangs) return;
      if (fake.garbage !== null) {
        response.writeHead(fake.garbage.status, { 'X-Subject-Token': 'garbage' });
        response.end(fake.garbage.text);
        return;
      }
      const { status, headers = {}, body = null } = await fake.#answer(request);
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(body === null ? '' : JSON.stringify(body));
    });
    await fake.up();
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Whether connections are refused. */
  get away(): boolean {
    return !this.#server.listening;
  }

  /** Listens; where it listened before, if it did. */
  async up(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Nobody is there any more: connections are refused. */
  async down(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** A token that Keystone knows. */
  add(facts: Partial<FakeToken> = {}): string {
    const token = `token-${++this.#lastToken}`;
    const expiresAtMs = Date.now() + 3_600_000;
    this.tokens.set(token, { user: 'demo', project: 'p1', roles: ['member', 'reader'], expiresAtMs, ...facts });
    return token;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; headers?: Record<string, string>; body?: Json }> {
    if (this.broken !== null) return { status: this.broken, body: { error: { message: 'broken' } } };
    const { pathname, searchParams } = new URL(request.url!, this.url);
    const asker = String(request.headers['x-auth-token']);
    if (pathname === '/v3/auth/projects') {
      const { project } = this.tokens.get(asker) ?? {};
      if (project === undefined) return { status: 401, body: { error: { message: 'who are you' } } };
      const names = this.projects.length > 0 ? this.projects : [project];
      return {
        status: 200,
        body: { projects: names.map((name) => ({ id: name, name, domain_id: 'default', enabled: true })) },
      };
    }
    if (pathname !== '/v3/auth/tokens') return { status: 404 };
    if (request.method === 'DELETE') {
      const ended = this.tokens.has(asker) && this.tokens.delete(String(request.headers['x-subject-token']));
      return { status: ended ? 204 : 401 };
    }
    if (request.method === 'POST') {
      const wanted = await readJson(request);
      this.issued.push(wanted);
      const other = this.tokens.get(wanted?.auth?.identity?.token?.id);
      if (other !== undefined) {
        const scoped = this.add({ ...other, project: wanted.auth.scope.project.id });
        return { status: 201, headers: { 'X-Subject-Token': scoped }, body: this.#body(scoped) };
      }
      const known = this.people.get(wanted?.auth?.identity?.password?.user?.name);
      if (known !== undefined) {
        if (wanted.auth.identity.password.user.password !== known.password) {
          return { status: 401, body: { error: { code: 401, message: 'wrong password', title: 'Unauthorized' } } };
        }
        const theirs = this.add(known.facts);
        return { status: 201, headers: { 'X-Subject-Token': theirs }, body: this.#body(theirs) };
      }
      const token = this.add({ user: 'neutron', project: 'service', roles: ['service'] });
      return { status: 201, headers: { 'X-Subject-Token': token }, body: this.#body(token) };
    }
    this.validations++;
    const ours = this.tokens.get(String(request.headers['x-auth-token']));
    if (ours === undefined) return { status: 401, body: { error: { message: 'who are you' } } };
    const subject = String(request.headers['x-subject-token']);
    const found = this.tokens.get(subject);
    const expired = found !== undefined && found.expiresAtMs < Date.now();
    if (found === undefined || (expired && !searchParams.has('allow_expired'))) return { status: 404 };
    return { status: 200, body: this.#body(subject) };
  }

  #body(token: string): Json {
    const { user, project, roles, expiresAtMs } = this.tokens.get(token)!;
    return {
      token: {
        expires_at: new Date(expiresAtMs).toISOString(),
        user: { id: `${user}-id`, name: user, domain: { id: 'default', name: 'Default' } },
        ...(project && { project: { id: project, name: project, domain: { id: 'default', name: 'Default' } } }),
        roles: roles.map((name) => ({ id: name, name })),
        catalog: [
          {
            type: 'network',
            name: 'neutron',
            endpoints: [{ interface: 'public', region_id: 'RegionOne', url: this.networkUrl }],
          },
          ...(this.computeUrl === null
            ? []
            : [
                {
                  type: 'compute',
                  name: 'nova',
                  endpoints: [{ interface: 'public', region_id: 'RegionOne', url: this.computeUrl }],
                },
              ]),
        ],
      },
    };
  }
}

async function readJson(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}
