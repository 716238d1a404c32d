/** Below are those that other programs like to take; OVS has 1 to 4096, one for each VLAN. */
const FIRST = 4097;
const LAST = 65_535;

/** Conntrack zones of bridges: one for each, the same for as long as it has ports, whoever gave it. */
export class Zones {
  readonly #zones = new Map<string, number>();
  #inUse: ReadonlySet<string> = new Set();

  /**
   * Takes over what the kernel's rules say; bridges they say nothing of (somebody emptied the chain) keep what they had. Two
   * bridges with one zone (a mistake of somebody) do not both keep it.
   */
  adopt(found: ReadonlyMap<string, number>): void {
    const before = [...this.#zones];
    this.#zones.clear();
    const taken = new Set<number>();
    for (const [bridge, zone] of [...found, ...before]) {
      if (this.#zones.has(bridge) || taken.has(zone) || zone < 1 || zone > LAST) continue;
      taken.add(zone);
      this.#zones.set(bridge, zone);
    }
  }

  has(bridge: string): boolean {
    return this.#zones.has(bridge);
  }

  /** Hears of zones that another agent of the host gave meanwhile: they are not given twice. */
  learn(found: ReadonlyMap<string, number>): void {
    for (const [bridge, zone] of found) if (!this.#zones.has(bridge)) this.#zones.set(bridge, zone);
  }

  /** Notes which bridges have ports: zones of others may be given away when there are no more. */
  keep(bridges: Iterable<string>): void {
    this.#inUse = new Set(bridges);
  }

  /** @throws Error when all 61,439 are taken */
  of(bridge: string): number {
    const given = this.#zones.get(bridge);
    if (given !== undefined) return given;
    const zone = this.#next();
    this.#zones.set(bridge, zone);
    return zone;
  }

  /** Above the highest, as upstream; gaps only when there is nothing above. */
  #next(): number {
    const highest = Math.max(FIRST - 1, ...this.#zones.values());
    if (highest < LAST) return highest + 1;
    for (const bridge of this.#zones.keys()) if (!this.#inUse.has(bridge)) this.#zones.delete(bridge);
    const taken = new Set(this.#zones.values());
    for (let zone = FIRST; zone <= LAST; zone++) if (!taken.has(zone)) return zone;
    throw new Error('no conntrack zone is left');
  }
}
