import { randomInt } from 'node:crypto';
import { parseCidr } from '../../../lib/ip/cidr.ts';
import type { Exec } from '../../../linux/contract.ts';
import { type Lease, leaseOf } from './lease.ts';
import { encodeMessage, type IncomingMessage, type OutgoingMessage, parseMessage } from './message.ts';

/** Where and as whom is asked. */
export interface Asker {
  readonly netns: string;
  readonly device: string;
  /** `[DEFAULT] vendor_pen`: our DUIDs are of this enterprise. */
  readonly enterprise: number;
  readonly subnetId: string;
}

/** `lost`: the server knows nothing of the prefix; `silence`: nobody answered, or had none to give. */
export type Answer = Lease | 'lost' | 'silence';

/** Messages after 0, 1, 3 and 7 s: what holds a device this long lets others of its router wait. */
const ASK_MS = 10_000;
/** Advertisements are gathered so long after the first (RFC 8415 §18.2.1: for the time of the first pause). */
const GATHER_MS = 1_000;
/** A device or a gateway goes away behind this: nobody waits longer for a server that is gone. */
const RELEASE_MS = 1_500;
const BEST_PREFERENCE = 255;

/** Asks a provider's DHCPv6 servers for a prefix, one exchange at a time; keeps nothing. */
export class DelegationClient {
  readonly #exec: Exec;
  readonly #now: () => number;

  constructor(exec: Exec, now: () => number = Date.now) {
    this.#exec = exec;
    this.#now = now;
  }

  /** @param hint the prefix it had last: asked for first */
  async solicit(asker: Asker, hint: string | null, isUsable: (lease: Lease) => boolean): Promise<Answer> {
    const wish = { prefix: hint === null ? null : parseCidr(hint) };
    const offers = await this.#ask(asker, { type: 'solicit', serverId: null, ...wish }, 'advertise', GATHER_MS);
    const usable = offers.flatMap((offer) => {
      const lease = leaseOf(offer, this.#now());
      return lease && isUsable(lease) ? [{ ...offer, lease }] : [];
    });
    // Who gives what there was before; then who is preferred.
    const rank = ({ lease, preference }: (typeof usable)[number]) =>
      (lease.prefix === hint ? BEST_PREFERENCE + 1 : 0) + preference;
    const best = usable.sort((a, b) => rank(b) - rank(a))[0];
    if (!best) return 'silence';
    const { serverId } = best;
    const prefix = parseCidr(best.lease.delegated);
    const answer = await this.#extend(asker, { type: 'request', serverId, prefix });
    return typeof answer === 'string' || isUsable(answer) ? answer : 'silence';
  }

  async renew(asker: Asker, { serverId, delegated }: Lease): Promise<Answer> {
    return this.#extend(asker, { type: 'renew', serverId: Buffer.from(serverId, 'hex'), prefix: parseCidr(delegated) });
  }

  async rebind(asker: Asker, { delegated }: Lease): Promise<Answer> {
    return this.#extend(asker, { type: 'rebind', serverId: null, prefix: parseCidr(delegated) });
  }

  /** Gives a prefix back; that nobody hears it is nothing to worry about: it runs out. */
  async release(asker: Asker, { serverId, delegated }: Lease): Promise<void> {
    const message = { serverId: Buffer.from(serverId, 'hex'), prefix: parseCidr(delegated) };
    await this.#ask(asker, { type: 'release', ...message }, 'reply', 0, RELEASE_MS);
  }

  async #extend(asker: Asker, message: Omit<OutgoingMessage, 'transaction' | 'clientId'>): Promise<Answer> {
    const replies = await this.#ask(asker, message, 'reply', 0);
    const isOf = ({ serverId }: IncomingMessage) => message.serverId === null || serverId.equals(message.serverId);
    const reply = replies.find(isOf);
    if (!reply) return 'silence';
    return (reply.status === 0 && leaseOf(reply, this.#now())) || 'lost';
  }

  async #ask(
    asker: Asker,
    message: Omit<OutgoingMessage, 'transaction' | 'clientId'>,
    expected: IncomingMessage['type'],
    collectMs: number,
    timeoutMs = ASK_MS,
  ): Promise<IncomingMessage[]> {
    const clientId = duidOf(asker);
    const { bytes, elapsedAt } = encodeMessage({ ...message, clientId, transaction: randomInt(1 << 24) });
    const { netns, device } = asker;
    const request = { device, message: bytes.toString('hex'), elapsedAt, timeoutMs, collectMs };
    const { stdout } = await this.#exec.run(['neutrino-dhcpv6'], {
      ...{ netns, stdin: JSON.stringify(request), timeoutMs: timeoutMs + collectMs + 10_000 },
    });
    const answers = stdout.split('\n').flatMap((line) => parseMessage(Buffer.from(line, 'hex'), clientId) ?? []);
    return answers.filter(({ type }) => type === expected);
  }
}

/** DUID-EN of the subnet's id, as upstream's agents have it: a server goes on giving the same prefix. */
export function duidOf({ enterprise, subnetId }: Pick<Asker, 'enterprise' | 'subnetId'>): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(2);
  head.writeUInt32BE(enterprise, 2);
  return Buffer.concat([head, Buffer.from(subnetId.replaceAll('-', ''), 'hex')]);
}
