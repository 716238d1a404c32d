import { LRUCache } from 'lru-cache';
import { type KeystoneClient, KeystoneRefusal } from './client.ts';
import { cacheKey, type SecondCache } from './second-cache.ts';
import type { ServiceToken } from './service-token.ts';
import type { TokenFacts } from './token.ts';

export interface TokenCheckParts {
  readonly client: KeystoneClient;
  readonly service: ServiceToken;
  /** Shared with other servers; null: none. */
  readonly second: SecondCache | null;
  /** How long an answer counts, in seconds: a revoked token lives that long. -1 or 0: every request asks Keystone. */
  readonly cacheSeconds: number;
  readonly now?: () => number;
}

/** Tokens remembered in this process: some hundred bytes each. */
const TOKENS = 20_000;
/** A token that is none is remembered for so long at most: somebody may be guessing, or a replica of Keystone is behind. */
const REFUSED_MS = 30_000;

interface Entry {
  readonly facts: TokenFacts | null;
  readonly untilMs: number;
}

/**
 * Whose a token is: by what this process knows, then what other servers know, then by asking Keystone. Requests that come
 * with one unknown token at the same moment ask once.
 */
export class TokenCheck {
  readonly #parts: TokenCheckParts;
  readonly #now: () => number;
  readonly #known = new LRUCache<string, Entry>({ max: TOKENS });
  readonly #asking = new Map<string, Promise<TokenFacts | null>>();

  constructor(parts: TokenCheckParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  /** What this process knows of a token without asking anybody; undefined: nothing. */
  known(token: string): TokenFacts | null | undefined {
    const entry = this.#known.get(cacheKey(token));
    return entry !== undefined && this.#now() < entry.untilMs ? entry.facts : undefined;
  }

  /**
   * @param how.allowExpired a service speaks for somebody whose token ended while it worked: never from a cache
   * @throws KeystoneUnavailable, KeystoneRefusal when our own credentials are refused
   */
  async facts(token: string, how: { readonly allowExpired?: boolean } = {}): Promise<TokenFacts | null> {
    const known = this.known(token);
    if (known !== undefined && (known !== null || !how.allowExpired)) return known;
    const key = `${how.allowExpired ? 'expired ' : ''}${cacheKey(token)}`;
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#find(token, how.allowExpired === true).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #find(token: string, allowExpired: boolean): Promise<TokenFacts | null> {
    const { second, cacheSeconds } = this.#parts;
    const key = cacheKey(token);
    const shared = cacheSeconds > 0 && second !== null ? readFacts(await second.get(key)) : null;
    if (shared !== null && shared.expiresAtMs > this.#now()) {
      this.#keep(key, shared);
      return shared;
    }
    const facts = await this.#ask(token, allowExpired);
    const fresh = facts !== null && facts.expiresAtMs > this.#now();
    if (facts !== null && !fresh) return allowExpired ? facts : null;
    this.#keep(key, facts);
    if (facts !== null && cacheSeconds > 0) void second?.set(key, JSON.stringify(facts), this.#secondsFor(facts));
    return facts;
  }

  async #ask(token: string, allowExpired: boolean): Promise<TokenFacts | null> {
    const { client, service } = this.#parts;
    const ours = await service.get();
    try {
      return await client.validate(ours.token, token, { allowExpired });
    } catch (error) {
      if (!(error instanceof KeystoneRefusal) || error.status !== 401) throw error;
      // Ours was revoked, or Keystone lost its keys: once more with another.
      service.forget(ours.token);
      return client.validate((await service.get()).token, token, { allowExpired });
    }
  }

  #keep(key: string, facts: TokenFacts | null): void {
    const { cacheSeconds } = this.#parts;
    if (cacheSeconds <= 0) return;
    const most = cacheSeconds * 1000;
    const ttl = facts === null ? Math.min(most, REFUSED_MS) : Math.min(most, facts.expiresAtMs - this.#now());
    this.#known.set(key, { facts, untilMs: this.#now() + ttl });
  }

  #secondsFor(facts: TokenFacts): number {
    return Math.min(this.#parts.cacheSeconds, (facts.expiresAtMs - this.#now()) / 1000);
  }
}

/** What another server wrote, if it is that. */
function readFacts(text: string | null): TokenFacts | null {
  if (text === null) return null;
  try {
    const facts = JSON.parse(text) as TokenFacts;
    return typeof facts.userId === 'string' && typeof facts.expiresAtMs === 'number' && Array.isArray(facts.roles)
      ? facts
      : null;
  } catch {
    return null;
  }
}
