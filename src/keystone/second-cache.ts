import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import memjs from 'memjs';
import type { Logger } from '../lib/log.ts';

/** What several servers share of what they know. Never the truth, and never in the way: when it is down it is not there. */
export interface SecondCache {
  /** Null: not known, or nobody to ask. */
  get(key: string): Promise<string | null>;
  set(key: string, value: string, seconds: number): Promise<void>;
  close(): void;
}

export interface MemcachedOptions {
  /** `host:port`. */
  readonly servers: readonly string[];
  /** Signs entries (`mac`) or hides them as well (`encrypt`); null: as they are. */
  readonly protection: { readonly strategy: 'mac' | 'encrypt'; readonly secret: string } | null;
  readonly logger: Logger;
}

/** Memcached that failed is left alone for so long: a dead one must not cost every request its time-out. */
const PAUSE_MS = 5_000;
const TIMEOUT_S = 0.5;

export function memcached({ servers, protection, logger }: MemcachedOptions): SecondCache {
  const quiet = { log: () => {} };
  const client = memjs.Client.create(servers.join(','), {
    timeout: TIMEOUT_S,
    conntimeout: TIMEOUT_S,
    retries: 0,
    logger: quiet,
  } as memjs.ClientOptions);
  const seal = protection === null ? plain : sealed(protection);
  let pausedUntilMs = 0;
  let down = false;
  const attempt = async <T>(work: () => Promise<T>): Promise<T | null> => {
    if (Date.now() < pausedUntilMs) return null;
    try {
      const result = await work();
      if (down) logger.info({ servers }, 'memcached answers again');
      down = false;
      return result;
    } catch (error) {
      pausedUntilMs = Date.now() + PAUSE_MS;
      if (!down) logger.warn({ servers, error }, 'memcached does not answer: tokens are asked of Keystone instead');
      down = true;
      return null;
    }
  };
  return {
    async get(key) {
      const found = await attempt(() => client.get(key));
      return found?.value ? seal.open(found.value) : null;
    },
    async set(key, value, seconds) {
      await attempt(() => client.set(key, seal.close(value), { expires: Math.max(1, Math.floor(seconds)) }));
    },
    close: () => client.close(),
  };
}

interface Seal {
  close(text: string): Buffer;
  /** Null for what somebody else put there. */
  open(bytes: Buffer): string | null;
}

const plain: Seal = { close: (text) => Buffer.from(text), open: (bytes) => bytes.toString('utf8') };

const MAC_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

function sealed({ strategy, secret }: NonNullable<MemcachedOptions['protection']>): Seal {
  const keyFor = (use: string) => createHmac('sha256', secret).update(use).digest();
  if (strategy === 'mac') {
    const key = keyFor('mac');
    const sign = (bytes: Buffer) => createHmac('sha256', key).update(bytes).digest();
    return {
      close: (text) => {
        const bytes = Buffer.from(text);
        return Buffer.concat([sign(bytes), bytes]);
      },
      open: (bytes) => {
        if (bytes.length < MAC_BYTES) return null;
        const content = bytes.subarray(MAC_BYTES);
        return timingSafeEqual(bytes.subarray(0, MAC_BYTES), sign(content)) ? content.toString('utf8') : null;
      },
    };
  }
  const key = keyFor('encrypt');
  return {
    close: (text) => {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), hidden]);
    },
    open: (bytes) => {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES));
        decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch {
        return null;
      }
    },
  };
}

/** A token's name in caches, from which nobody gets the token back. */
export function cacheKey(token: string): string {
  return `neutrino/${createHash('sha256').update(token).digest('base64url')}`;
}
