import { httpRequest, type Json } from '../../support/api.ts';
import type { Account, Peer } from './peer.ts';

/** What a token is asked for with: an account, or an application credential. */
export type Proof = Account | { credentialId: string; secret: string };

/** The few requests to Keystone that tests need. */
export class Keystone {
  readonly #url: URL;

  constructor(peer: Pick<Peer, 'keystoneUrl'>) {
    this.#url = new URL(peer.keystoneUrl);
  }

  /** @throws Error when Keystone refuses */
  async token(proof: Proof): Promise<string> {
    return (await this.sessionOf(proof)).token;
  }

  /** A token and what Keystone says of it. */
  async sessionOf(proof: Proof): Promise<{ token: string; body: Json }> {
    const answer = await this.#send('POST', '/auth/tokens', { auth: authOf(proof) });
    return { token: String(answer.headers['x-subject-token']), body: answer.body.token };
  }

  /** Any other request, as whom the token says. */
  async ask(token: string, method: string, path: string, body?: unknown, headers = {}): Promise<Json> {
    return (await this.#send(method, path, body, { 'x-auth-token': token, ...headers })).body;
  }

  async revoke(token: string): Promise<void> {
    await this.ask(token, 'DELETE', '/auth/tokens', undefined, { 'x-subject-token': token });
  }

  async #send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const answer = await httpRequest(
      { port: Number(this.#url.port) },
      {
        method,
        path: `${this.#url.pathname}${path}`,
        headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      },
    );
    if (answer.status > 299) throw new Error(`Keystone: ${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }
}

const defaultDomain = { id: 'default' };

function authOf(proof: Proof): Json {
  if ('credentialId' in proof)
    return {
      identity: {
        methods: ['application_credential'],
        application_credential: { id: proof.credentialId, secret: proof.secret },
      },
    };
  const { user, password, project } = proof;
  return {
    identity: { methods: ['password'], password: { user: { name: user, domain: defaultDomain, password } } },
    scope: { project: { name: project, domain: defaultDomain } },
  };
}
