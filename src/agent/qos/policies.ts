import type { Logger } from '../../lib/log.ts';
import {
  endpoint,
  PUSH_VERSION,
  type PushMethods,
  pullQosPolicy,
  qosPolicyTopic,
  readQosPolicy,
  type WireQosPolicy,
} from '../../rpc/contract.ts';
import type { Listener, Transport } from '../../rpc/transport.ts';
import { Wake } from '../bridge/wake.ts';
import type { Policy } from './derive.ts';

/** A server that does not answer is asked again after this, doubling up to the longest. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

export interface PoliciesParts {
  host: string;
  transport: Transport;
  logger: Logger;
  /** Something is known that was not. */
  onNews: () => void;
}

/**
 * The policies that ports of this host have: asked for when one is first met, kept up by what is pushed, and asked for again
 * when messages may have been lost.
 */
export class Policies {
  readonly #parts: PoliciesParts;
  /** Null: there is no such policy. */
  readonly #known = new Map<string, Policy | null>();
  readonly #unasked = new Set<string>();
  readonly #asking: Wake;
  #wanted: ReadonlySet<string> = new Set();
  #retryMs = FIRST_RETRY_MS;
  #listener: Listener | null = null;

  constructor(parts: PoliciesParts) {
    this.#parts = parts;
    this.#asking = new Wake(() => this.#ask(), parts.logger);
  }

  async start(): Promise<void> {
    const { host, transport } = this.#parts;
    const methods = endpoint<PushMethods>(PUSH_VERSION, {
      push: async ({ resource_list, event_type }) => {
        // A policy that a port has is not deleted, and of others nothing is kept.
        if (event_type === 'deleted') return null;
        for (const object of resource_list) this.#hear(readQosPolicy(object));
        return null;
      },
    });
    this.#listener = await transport.listen(qosPolicyTopic, host, [methods]);
  }

  /** Which policies ports of this host have. */
  want(ids: ReadonlySet<string>): void {
    this.#wanted = ids;
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
    const fresh = [...ids].filter((id) => !this.#known.has(id));
    for (const id of fresh) this.#unasked.add(id);
    if (fresh.length > 0) this.#asking.in(0);
  }

  /** Undefined: the server has not said yet. Null: there is none. */
  get(id: string): Policy | null | undefined {
    return this.#known.get(id);
  }

  /** Messages may have been lost. What is known counts until the server has answered. */
  askAll(): void {
    for (const id of this.#wanted) this.#unasked.add(id);
    if (this.#unasked.size > 0) this.#asking.in(0);
  }

  /** For dry runs. @throws MessagingTimeout and the like */
  async askNow(ids: ReadonlySet<string>): Promise<void> {
    this.#wanted = ids;
    for (const id of ids) this.#keep(id, await pullQosPolicy(this.#parts.transport, id));
  }

  async idle(): Promise<void> {
    await this.#asking.idle();
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    await this.#asking.close();
  }

  #hear(policy: WireQosPolicy | null): void {
    if (policy === null || !this.#wanted.has(policy.id)) return;
    // Python's server pushes a changed policy with the revision of before.
    const known = this.#known.get(policy.id);
    if (known && known.revision > policy.revision_number) return;
    if (this.#keep(policy.id, policy)) this.#parts.onNews();
  }

  async #ask(): Promise<{ againInMs?: number } | undefined> {
    let isNews = false;
    for (const id of this.#unasked) {
      if (!this.#wanted.has(id)) {
        this.#unasked.delete(id);
        continue;
      }
      try {
        const before = this.#known.get(id);
        const policy = await pullQosPolicy(this.#parts.transport, id);
        const pushed = this.#known.get(id);
        this.#unasked.delete(id);
        // One of the two is older, and Python's revisions do not say which.
        if (pushed && pushed !== before && !isSame(pushed, policyOf(policy))) this.#unasked.add(id);
        else if (this.#wanted.has(id)) isNews = this.#keep(id, policy) || isNews;
      } catch (error) {
        // The others come first next time: of this one alone the server may not be able to tell.
        this.#unasked.delete(id);
        this.#unasked.add(id);
        const againInMs = this.#retryMs;
        this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
        const fields = { policy_id: id, error: String(error), again_in_ms: againInMs };
        this.#parts.logger.warn(fields, 'A QoS policy is not known yet: the server does not tell');
        if (isNews) this.#parts.onNews();
        return { againInMs };
      }
    }
    this.#retryMs = FIRST_RETRY_MS;
    if (isNews) this.#parts.onNews();
    return undefined;
  }

  /** @returns whether it is another than before */
  #keep(id: string, wire: WireQosPolicy | null): boolean {
    const policy = policyOf(wire);
    const isNew = !isSame(this.#known.get(id), policy);
    this.#known.set(id, policy);
    return isNew;
  }
}

function policyOf(wire: WireQosPolicy | null): Policy | null {
  return wire === null ? null : { id: wire.id, revision: wire.revision_number, rules: wire.rules };
}

function isSame(one: Policy | null | undefined, other: Policy | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
