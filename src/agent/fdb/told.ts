import { normalizeAddress } from '../../lib/ip/address.ts';
import {
  type FdbAddressChanges,
  type FdbEntries,
  type FdbEntry,
  type FdbPorts,
  FLOODING_ENTRY,
} from '../../rpc/contract.ts';

/** What the server said of one network. */
export class ToldNetwork {
  /** All of it is known: the server was asked. Else there may be more on the host than was told to this process. */
  complete = false;
  /** Hosts, by the address of their tunnel end, that have anything of the network. */
  readonly floods = new Set<string>();
  /** By MAC. */
  readonly ports = new Map<string, { remote: string; addresses: Set<string> }>();
  /** Said to be gone and not done yet: `MAC remote`, and `MAC address`. */
  readonly #gone = new Set<string>();

  /** @param where a tunnel end, or an address of the port */
  isGone(mac: string, where: string): boolean {
    return this.#gone.has(`${mac} ${where}`);
  }

  /** What was said to be gone is gone from the host, too. */
  forgetGone(): void {
    this.#gone.clear();
  }

  /** As the server's answers have it, to be compared by digest. */
  get asPorts(): FdbPorts {
    const ports: Record<string, FdbEntry[]> = {};
    for (const remote of this.floods) ports[remote] = [FLOODING_ENTRY];
    for (const [mac, { remote, addresses }] of this.ports) {
      ports[remote] ??= [];
      for (const address of addresses) ports[remote].push([mac, address]);
    }
    return ports;
  }

  add(remote: string, mac: string, address: string): void {
    this.#gone.delete(`${mac} ${remote}`);
    this.#gone.delete(`${mac} ${address}`);
    if (mac === FLOODING_ENTRY[0]) {
      this.floods.add(remote);
      return;
    }
    const known = this.ports.get(mac);
    if (known?.remote === remote) known.addresses.add(address);
    else this.ports.set(mac, { remote, addresses: new Set([address]) });
  }

  /** A port that is elsewhere by now is not where it is said to be gone from. */
  remove(remote: string, mac: string, address: string): void {
    this.#gone.add(`${mac} ${remote}`);
    if (mac === FLOODING_ENTRY[0]) {
      this.floods.delete(remote);
      return;
    }
    const known = this.ports.get(mac);
    if (known && known.remote !== remote) return;
    this.#gone.add(`${mac} ${address}`);
    this.ports.delete(mac);
  }

  /** Upstream's server does not say of a guest that moved here that it is gone from where it was. */
  comesHere(mac: string): void {
    const known = this.ports.get(mac);
    if (!known) return;
    for (const address of known.addresses) this.remove(known.remote, mac, address);
    this.ports.delete(mac);
  }

  readdress(remote: string, before: readonly FdbEntry[], after: readonly FdbEntry[]): void {
    for (const [mac, address] of before) {
      const known = this.ports.get(mac);
      if (known && known.remote !== remote) continue;
      known?.addresses.delete(address);
      this.#gone.add(`${mac} ${address}`);
    }
    for (const [mac, address] of after) this.add(remote, mac, address);
  }
}

/** One message, or an answer: read again when an older answer arrives behind it. */
type Said = (told: Told) => void;

/**
 * What the server said of the networks that this host has; of others nothing is kept. Messages that arrive while the server
 * is being asked are newer than its answer, or part of it: they are applied again on top of it.
 */
export class Told {
  readonly #localIp: string;
  readonly #networks = new Map<string, ToldNetwork>();
  #journal: Said[] | null = null;

  /** @param localIp where this host's own tunnels end */
  constructor(localIp: string) {
    this.#localIp = localIp;
  }

  get(networkId: string): ToldNetwork | undefined {
    return this.#networks.get(networkId);
  }

  get ids(): string[] {
    return [...this.#networks.keys()];
  }

  /** Keeps these networks and no others. @returns those that are new */
  keep(networkIds: ReadonlySet<string>): string[] {
    for (const id of this.#networks.keys()) if (!networkIds.has(id)) this.#networks.delete(id);
    const fresh = [...networkIds].filter((id) => !this.#networks.has(id));
    for (const id of fresh) this.#networks.set(id, new ToldNetwork());
    return fresh;
  }

  /** @returns the networks of this host it is about */
  add(entries: FdbEntries): string[] {
    return this.#hear(Object.keys(entries ?? {}), (told) => {
      for (const { network, remote, entry } of told.#each(entries)) {
        if (remote === told.#localIp) network.comesHere(entry[0]);
        else network.add(remote, ...entry);
      }
    });
  }

  remove(entries: FdbEntries): string[] {
    return this.#hear(Object.keys(entries ?? {}), (told) => {
      for (const { network, remote, entry } of told.#each(entries))
        if (remote !== told.#localIp) network.remove(remote, ...entry);
    });
  }

  readdress(changes: FdbAddressChanges): string[] {
    return this.#hear(Object.keys(changes ?? {}), (told) => {
      for (const [id, ends] of Object.entries(changes ?? {})) {
        const network = told.#networks.get(id);
        for (const [end, { before, after }] of Object.entries(network ? ends : {})) {
          const remote = normalizeAddress(end);
          if (remote !== null && remote !== told.#localIp) network!.readdress(remote, checked(before), checked(after));
        }
      }
    });
  }

  /** From now on messages are remembered, until `answered` or `unanswered`. */
  asking(): void {
    this.#journal = [];
  }

  /** @param same networks of which the server said that what was known is right */
  answered(entries: FdbEntries, same: readonly string[]): void {
    const journal = this.#journal ?? [];
    this.#journal = null;
    for (const id of Object.keys(entries)) if (this.#networks.has(id)) this.#networks.set(id, new ToldNetwork());
    for (const { network, remote, entry } of this.#each(entries)) {
      if (remote !== this.#localIp) network.add(remote, ...entry);
    }
    for (const id of [...Object.keys(entries), ...same]) {
      const network = this.#networks.get(id);
      if (network) network.complete = true;
    }
    for (const said of journal) said(this);
  }

  unanswered(): void {
    this.#journal = null;
  }

  #hear(ids: readonly string[], said: Said): string[] {
    const ours = ids.filter((id) => this.#networks.has(id));
    if (ours.length === 0) return ours;
    said(this);
    this.#journal?.push(said);
    return ours;
  }

  *#each(entries: FdbEntries): Generator<{ network: ToldNetwork; remote: string; entry: FdbEntry }> {
    for (const [id, told] of Object.entries(entries)) {
      const network = this.#networks.get(id);
      if (!network) continue;
      for (const [end, list] of Object.entries(told?.ports ?? {})) {
        const remote = normalizeAddress(end);
        if (remote !== null) for (const entry of checked(list)) yield { network, remote, entry };
      }
    }
  }
}

/** Only what can be an entry: it ends on command lines. */
function checked(entries: readonly FdbEntry[] | undefined): FdbEntry[] {
  if (!Array.isArray(entries)) return [];
  return (entries as unknown[]).flatMap((entry): FdbEntry[] => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string' || typeof entry[1] !== 'string') return [];
    const mac = entry[0].toLowerCase();
    const address = normalizeAddress(entry[1]);
    return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) && address !== null ? [[mac, address]] : [];
  });
}
