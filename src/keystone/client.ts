import { authBody, type Credentials } from './credentials.ts';
import { type HttpAnswer, HttpClient, type HttpOptions } from './http.ts';
import { type CatalogService, catalogOf, type TokenFacts, tokenFacts } from './token.ts';

/** Keystone cannot be reached, or cannot answer now: to be tried again, and not the caller's fault. */
export class KeystoneUnavailable extends Error {
  override name = 'KeystoneUnavailable';
}

/** Keystone knows us or our credentials not, or will not let us: for people to mend. */
export class KeystoneRefusal extends Error {
  override name = 'KeystoneRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A token of our own. */
export interface IssuedToken extends TokenFacts {
  readonly token: string;
  readonly catalog: readonly CatalogService[];
}

interface PassedQuestion {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
}

interface PassedAnswer {
  readonly status: number;
  readonly token: string | null;
  /** JSON; null without one. */
  readonly body: unknown;
}

/** Identity API v3 of one Keystone, as far as tokens go. */
export class KeystoneClient {
  readonly #base: string;
  readonly #http: HttpClient;

  /** @param authUrl with or without `/v3`; an old `/v2.0` is taken off */
  constructor(authUrl: string, options: HttpOptions = {}) {
    this.#base = `${authUrl.replace(/\/+$/, '').replace(/\/v(2\.0|3)$/, '')}/v3`;
    this.#http = new HttpClient(options);
  }

  /** @throws KeystoneRefusal, KeystoneUnavailable */
  async issue(credentials: Credentials): Promise<IssuedToken> {
    const answer = await this.#send('POST', '/auth/tokens', {}, authBody(credentials));
    const token = answer.headers['x-subject-token'];
    if (answer.status !== 201 || typeof token !== 'string') {
      throw new KeystoneRefusal(answer.status, `${this.#base}: ${messageOf(answer)}`);
    }
    return this.#read(() => ({ ...tokenFacts(answer.body), token, catalog: catalogOf(answer.body) }));
  }

  /**
   * What a token of somebody else's is for; null when it is none, has expired or was revoked.
   *
   * @param how.allowExpired also says it of one that expired a while ago
   * @throws KeystoneRefusal with 401 when our own token is not accepted (any more), KeystoneUnavailable
   */
  async validate(
    ours: string,
    subject: string,
    how: { readonly allowExpired?: boolean } = {},
  ): Promise<TokenFacts | null> {
    const path = `/auth/tokens?nocatalog${how.allowExpired ? '&allow_expired=1' : ''}`;
    const answer = await this.#send('GET', path, { 'X-Auth-Token': ours, 'X-Subject-Token': subject });
    if (answer.status === 200) return this.#read(() => tokenFacts(answer.body));
    if (answer.status === 404 || answer.status === 400) return null;
    throw new KeystoneRefusal(answer.status, `${this.#base}: ${messageOf(answer)}`);
  }

  /**
   * Passes on what somebody asks for themselves, and the answer as it is.
   * @throws Error when Keystone cannot be reached
   */
  async pass({ method, path, headers, body }: PassedQuestion): Promise<PassedAnswer> {
    const answer = await this.#http.send(method, this.#base + path, headers, body);
    const token = answer.headers['x-subject-token'];
    return { status: answer.status, token: typeof token === 'string' ? token : null, body: answer.body };
  }

  close(): void {
    this.#http.close();
  }

  /** What stands in an answer. Something in between may answer 200 with a page of its own: then Keystone is not there. */
  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw new KeystoneUnavailable(`${this.#base}: the answer holds no token`, { cause });
    }
  }

  async #send(method: string, path: string, headers: Record<string, string>, body?: object): Promise<HttpAnswer> {
    let answer: HttpAnswer;
    try {
      answer = await this.#http.send(method, this.#base + path, headers, body);
    } catch (cause) {
      throw new KeystoneUnavailable((cause as Error).message, { cause });
    }
    if (answer.status >= 500 || answer.status === 429) {
      throw new KeystoneUnavailable(`${this.#base}: ${messageOf(answer)}`);
    }
    return answer;
  }
}

function messageOf({ status, body }: HttpAnswer): string {
  const message = body?.error?.message;
  return typeof message === 'string' ? `${status} ${message}` : `answered ${status}`;
}
