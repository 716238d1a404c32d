import type { Port } from '../../resources/shapes.ts';
import type { KnownHop, KnownRule, Packet, Translation, Verdict } from './contract.ts';

export interface Walked {
  readonly verdict: Verdict;
  readonly hops: readonly KnownHop[];
  /** Where it arrived: at a port of a guest, by which rule; the packet as it is there. */
  readonly at: { readonly port: Port; readonly packet: Packet; readonly rule: KnownRule | null } | null;
  readonly translations: readonly Translation[];
}

/** Routers that a packet may come by: a ring of them drops it in the end. */
const MOST_ROUTERS = 64;
/** On all of its ways together: where each router has several, they are more than anybody can follow. */
const MOST_VISITS = 256;

type Told = Omit<KnownHop, 'state'>;

/** What a packet came by so far, on one of its ways. */
export class Trail {
  readonly #hops: KnownHop[];
  readonly #translations: Translation[];
  /** Of all ways of the packet. */
  readonly #visits: { count: number };
  #routers: number;
  /** Something on the way that rows do not say. */
  #isDoubtful: boolean;

  constructor(before: Trail | null = null) {
    this.#hops = before === null ? [] : [...before.#hops];
    this.#translations = before === null ? [] : [...before.#translations];
    this.#visits = before === null ? { count: 0 } : before.#visits;
    this.#routers = before === null ? 0 : before.#routers;
    this.#isDoubtful = before === null ? false : before.#isDoubtful;
  }

  /** Another way from here on. */
  branch(): Trail {
    return new Trail(this);
  }

  /** Counts a router. @returns the end, where there were too many */
  enterRouter(project: string | null): Walked | null {
    const remedy = 'look at the routes of these routers';
    this.#routers += 1;
    if (this.#routers > MOST_ROUTERS) {
      const text = 'goes round in a ring of routers until its hops are used up';
      return this.end('dropped', { hop: 'router', text, remedy, project });
    }
    this.#visits.count += 1;
    if (this.#visits.count <= MOST_VISITS) return null;
    return this.end('unknown', { hop: 'router', text: 'has more ways than are followed', remedy, project });
  }

  /** @returns the end, where the hop is one */
  step(hop: KnownHop): Walked | null {
    if (hop.state === 'drops') return this.end('dropped', hop);
    this.#hops.push(hop);
    this.#isDoubtful ||= hop.state === 'unknown';
    return null;
  }

  pass(hop: Told): void {
    this.#hops.push({ ...hop, state: 'passes' });
  }

  doubt(hop: Told): void {
    this.#isDoubtful = true;
    this.#hops.push({ ...hop, state: 'unknown' });
  }

  translated(translation: Translation): void {
    this.#translations.push(translation);
  }

  /** @param isSure whether the guest there has the address for certain */
  arrive(hop: Told, isSure: boolean): Walked {
    return this.end(this.#isDoubtful || !isSure ? 'unknown' : 'arrives', hop);
  }

  end(verdict: Verdict, hop: Told): Walked {
    const state = verdict === 'dropped' ? 'drops' : verdict === 'unknown' ? 'unknown' : 'passes';
    return { verdict, hops: [...this.#hops, { ...hop, state }], at: null, translations: this.#translations };
  }
}
