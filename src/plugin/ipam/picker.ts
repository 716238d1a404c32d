import { LRUCache } from 'lru-cache';
import type { Tx } from '../../db/database.ts';
import { countTaken, takenKeys } from '../../db/write/addresses.ts';
import type { SubnetFacts } from '../../db/write/subnets.ts';
import { addressKey, parseAddress, valueOfKey } from '../../lib/ip/address.ts';
import type { Range } from '../../lib/ip/range.ts';

/** A normal port gets a random one of the first this many free addresses, as upstream: neighbours in time rarely clash. */
const WINDOW = 1000;
/** Rows read at once while looking for gaps. */
const CHUNK = 512;
/** Subnets whose windows are kept. */
const SUBNETS = 1000;
/** An address that was handed out shows in the rows by then, or its transaction is over. */
const IN_FLIGHT_MS = 30_000;

interface Window {
  readonly pools: string;
  readonly free: bigint[];
}

/**
 * Picks free addresses of subnets, in the order of their pools.
 *
 * A window of free addresses per subnet is kept in memory, so that a port on a subnet with ten thousand others does not
 * read ten thousand rows. It is a hint: addresses leave it when they are handed out and come in only by looking at the
 * rows, which is always done before "none left" is said. Whether an address is really free the unique key decides.
 */
export class AddressPicker {
  readonly #windows = new LRUCache<string, Window>({ max: SUBNETS });
  /** By subnet, while its rows are looked at: those who come meanwhile wait for the same look. */
  readonly #looks = new Map<string, Promise<Window>>();
  /** `subnet address` of what was handed out a moment ago: its row need not be there for others to see. */
  readonly #inFlight = new LRUCache<string, true>({ max: 10 * WINDOW, ttl: IN_FLIGHT_MS });
  readonly #random: () => number;

  /** @param random in [0, 1), as Math.random */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** A free address, or null when the pools have none left. */
  async pick(tx: Tx, subnet: SubnetFacts): Promise<bigint | null> {
    const pools = JSON.stringify(subnet.pools);
    for (;;) {
      const window = this.#windows.get(subnet.id);
      if (window?.pools === pools && window.free.length > 0) return this.#take(subnet.id, window.free);
      const shared = this.#looks.get(subnet.id);
      // Who waited for another's look may find that nothing is left of it, and looks himself.
      if (shared !== undefined) await shared.catch(() => {});
      else if ((await this.#look(tx, subnet, pools)).free.length === 0) return null;
    }
  }

  #take(subnetId: string, free: bigint[]): bigint {
    const chosen = Math.floor(this.#random() * free.length);
    const value = free[chosen]!;
    free[chosen] = free.at(-1)!;
    free.pop();
    this.#inFlight.set(`${subnetId} ${value}`, true);
    return value;
  }

  /** Fills the window of a subnet. What others of this process are about to write is left out, as long as there is more. */
  async #look(tx: Tx, subnet: SubnetFacts, pools: string): Promise<Window> {
    const look = freeAddresses(tx, subnet, WINDOW).then((rows) => {
      const free = rows.filter((value) => !this.#inFlight.has(`${subnet.id} ${value}`));
      const window = { pools, free: free.length > 0 ? free : rows };
      this.#windows.set(subnet.id, window);
      return window;
    });
    this.#looks.set(subnet.id, look);
    try {
      return await look;
    } finally {
      this.#looks.delete(subnet.id);
    }
  }

  /** The lowest free address, or null: what DHCP servers get, so that they are where people look for them. */
  async pickLowest(tx: Tx, subnet: SubnetFacts): Promise<bigint | null> {
    const value = (await freeAddresses(tx, subnet, 1))[0] ?? null;
    if (value !== null) this.remove(subnet.id, value);
    return value;
  }

  /** An address was given to somebody who asked for it. */
  remove(subnetId: string, value: bigint): void {
    const free = this.#windows.get(subnetId)?.free;
    const index = free?.indexOf(value) ?? -1;
    if (index >= 0) free!.splice(index, 1);
  }

  /** What is remembered of a subnet turned out to be wrong, or the subnet is gone. */
  forget(subnetId: string): void {
    this.#windows.delete(subnetId);
  }

  /** A race was lost and nothing says on which subnet. */
  forgetAll(): void {
    this.#windows.clear();
  }
}

/** The first free addresses of a subnet's pools, at most `wanted`. */
async function freeAddresses(tx: Tx, subnet: SubnetFacts, wanted: number): Promise<bigint[]> {
  const free: bigint[] = [];
  for (const { start, end } of subnet.pools) {
    const range = { first: parseAddress(start)!.value, last: parseAddress(end)!.value };
    await addFree(tx, subnet.id, range, { free, wanted });
    if (free.length === wanted) break;
  }
  return free;
}

/** Reads taken rows piece by piece and notes the gaps between them; a piece without a gap makes it jump to the next one. */
async function addFree(
  tx: Tx,
  subnetId: string,
  { first, last }: Range,
  { free, wanted }: { free: bigint[]; wanted: number },
): Promise<void> {
  let next = first;
  while (next <= last && free.length < wanted) {
    const range = { subnetId, from: addressKey(next), to: addressKey(last), limit: CHUNK };
    const taken = (await takenKeys(tx, range)).map(valueOfKey);
    const isRest = taken.length < CHUNK;
    if (isRest) taken.push(last + 1n);
    const before = free.length;
    for (const value of taken) {
      while (next < value && free.length < wanted) {
        free.push(next);
        next += 1n;
      }
      if (free.length === wanted) return;
      next = value + 1n;
    }
    if (!isRest && free.length === before) next = await firstGap(tx, subnetId, { first: next, last });
  }
}

/**
 * The first free address of a range, or the one behind it. A stretch is full when as many rows lie in it as addresses, so
 * counting finds the gap: stretches twice as long each time, then halving. Much less work than reading the rows.
 */
async function firstGap(tx: Tx, subnetId: string, { first, last }: Range): Promise<bigint> {
  /** Everything up to here is taken. */
  let full = first - 1n;
  const isFull = async (to: bigint) => {
    const range = { subnetId, from: addressKey(full + 1n), to: addressKey(to) };
    return (await countTaken(tx, range)) === to - full;
  };
  let step = BigInt(CHUNK);
  for (;;) {
    const to = full + step < last ? full + step : last;
    if (!(await isFull(to))) {
      let open = to;
      while (open - full > 1n) {
        const middle = (full + open) / 2n;
        if (await isFull(middle)) full = middle;
        else open = middle;
      }
      return open;
    }
    if (to === last) return last + 1n;
    full = to;
    step *= 2n;
  }
}
