import type { IssuedToken, KeystoneClient } from './client.ts';
import type { Credentials } from './credentials.ts';

/** A token of ours is renewed this long before it ends, so that none ends on its way. */
const RENEW_BEFORE_MS = 60_000;

/** The token by which a service speaks for itself: got when first needed, renewed in time, once for all who wait. */
export class ServiceToken {
  readonly #client: KeystoneClient;
  readonly #credentials: Credentials;
  readonly #now: () => number;
  #current: IssuedToken | null = null;
  #coming: Promise<IssuedToken> | null = null;

  constructor(client: KeystoneClient, credentials: Credentials, now: () => number = Date.now) {
    this.#client = client;
    this.#credentials = credentials;
    this.#now = now;
  }

  /** @throws KeystoneRefusal, KeystoneUnavailable */
  async get(): Promise<IssuedToken> {
    const current = this.#current;
    if (current !== null && current.expiresAtMs - this.#now() > RENEW_BEFORE_MS) return current;
    this.#coming ??= this.#client.issue(this.#credentials).then(
      (token) => {
        this.#current = token;
        this.#coming = null;
        return token;
      },
      (error) => {
        this.#coming = null;
        throw error;
      },
    );
    return this.#coming;
  }

  /** Somebody did not accept this token: the next `get` asks for another. */
  forget(token: string): void {
    if (this.#current?.token === token) this.#current = null;
  }
}
