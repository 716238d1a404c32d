import { cidrContains, cidrsOverlap, parseCidr } from '../../../lib/ip/cidr.ts';
import type { WireRouter } from '../../../rpc/contract.ts';
import { Turns } from '../../turns.ts';
import type { PartContext, RouterPart, RouterState } from '../contract.ts';
import { DelegationClient } from './client.ts';
import { Delegation } from './delegation.ts';
import { type Lease, LeaseFiles } from './lease.ts';
import { PrefixReports } from './reports.ts';

const PREFIX_DELEGATION = 'prefix_delegation';
/** What a subnet has while nobody delegated a prefix to it. */
const PROVISIONAL = '::/64';
/** Exchanges at once: each holds a process for seconds when nobody answers, and work on routers must not wait for that. */
const MOST_AT_ONCE = 4;
/** A change of the router does not wait longer for a provider that does not hear. */
const RELEASE_LIMIT_MS = 3_000;
/** Addresses that are no network's: unspecified, loopback, IPv4 in disguise; link-local, multicast. */
const NEVER = ['::/8', 'fe80::/10', 'ff00::/8'].map((text) => parseCidr(text)!);

/** The server may be any: it becomes a file's name. */
const IS_ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** A subnet of a router that is to have a prefix of its provider. */
interface Wanted {
  readonly subnetId: string;
  readonly cidr: string;
}

/**
 * Prefix delegation (upstream: agent/linux/pd.py): subnets with `subnetpool_id = prefix_delegation` get their prefix of the
 * provider, by DHCPv6 on the gateway's device. Leases are files; the agent asks for more time when it is due.
 */
export class PrefixDelegation implements RouterPart {
  readonly name = 'prefix delegation';
  readonly #delegations = new Map<string, Map<string, Delegation>>();
  readonly #turns = new Turns(MOST_AT_ONCE);
  /** By router: the end of the exchange before. */
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #leaving = new Map<string, Promise<void>>();
  #context: PartContext | null = null;
  #reports: PrefixReports | null = null;
  #client: DelegationClient | null = null;
  #files: LeaseFiles | null = null;

  async start(context: PartContext): Promise<void> {
    this.#context = context;
    this.#client = new DelegationClient(context.linux.exec);
    this.#files = new LeaseFiles(context.facts.options.pd_confs);
    this.#reports = new PrefixReports(context.plugin, context.logger);
  }

  derive(): void {}

  /** Gives back what is not wanted any more, as long as the way to the provider is there. */
  async before(router: WireRouter, state: RouterState): Promise<void> {
    if (!this.#files || !state.isActive) return;
    const wanted = new Set(wantedOf(state).map(({ subnetId }) => subnetId));
    const known = this.#delegations.get(router.id) ?? new Map<string, Delegation>();
    // Of an earlier agent there are files.
    const ids = new Set([...known.keys(), ...(await this.#files.list(router.id))]);
    const gone = [...ids].filter((id) => !wanted.has(id));
    if (gone.length === 0) return;
    const released = gone.map(async (id) => {
      const delegation = known.get(id) ?? this.#delegation(router.id, id, state);
      known.delete(id);
      this.#reports?.add(id, PROVISIONAL);
      if (delegation) await delegation.release();
      else await this.#files?.remove(router.id, id);
    });
    await Promise.race([
      Promise.all(released),
      new Promise<void>((resolve) => setTimeout(resolve, RELEASE_LIMIT_MS).unref()),
    ]);
  }

  after(router: WireRouter, state: RouterState): void {
    const known = this.#delegations.get(router.id) ?? new Map<string, Delegation>();
    // Another host speaks for a router that stands by here. When this one is asked next the provider may have changed its mind.
    if (!state.isActive) {
      void this.#leave(router.id);
      return;
    }
    for (const { subnetId, cidr } of wantedOf(state)) {
      const running = known.get(subnetId);
      if (running?.prefix !== undefined) this.#tell(subnetId, cidr, running.prefix);
      if (running) continue;
      const delegation = this.#delegation(router.id, subnetId, state);
      if (!delegation) continue;
      known.set(subnetId, delegation);
      delegation.start(cidr === PROVISIONAL ? null : cidr);
    }
    if (known.size > 0) this.#delegations.set(router.id, known);
  }

  /** The lease is somebody else's business: the next agent asks as the same client. */
  async removed(routerId: string): Promise<void> {
    await this.#leave(routerId);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#delegations.keys()].map((id) => this.#stop(id)));
    await Promise.all(this.#leaving.values());
    this.#reports?.close();
  }

  /** Files last: what is under way may write one. Whoever begins anew meanwhile waits for it. */
  #leave(routerId: string): Promise<void> {
    const left = this.#stop(routerId).then(() => this.#files?.removeAll(routerId));
    const end = left
      .catch((error: unknown) => {
        const fields = { resource: 'router', id: routerId, error: String(error) };
        this.#context?.logger.warn(fields, 'leases of delegated prefixes could not be removed');
      })
      .then(() => {
        if (this.#leaving.get(routerId) === end) this.#leaving.delete(routerId);
      });
    this.#leaving.set(routerId, end);
    return end;
  }

  async #stop(routerId: string): Promise<void> {
    const known = [...(this.#delegations.get(routerId)?.values() ?? [])];
    this.#delegations.delete(routerId);
    await Promise.all(known.map((delegation) => delegation.stop()));
  }

  #tell(subnetId: string, told: string, prefix: string | null): void {
    const now = prefix ?? PROVISIONAL;
    if (told !== now) this.#reports?.add(subnetId, now);
  }

  /** Null where there is no way to a provider. */
  #delegation(routerId: string, subnetId: string, state: RouterState): Delegation | null {
    const [context, client, files, place] = [this.#context, this.#client, this.#files, placeOf(state)];
    if (!context || !client || !files || !place) return null;
    return new Delegation({
      asker: { ...place, subnetId, enterprise: context.facts.options.vendor_pen },
      client,
      turn: (work) => this.#inTurn(routerId, work),
      isUsable: (lease) => isUsable(lease, subnetId, context.router(routerId)),
      read: async () => {
        await this.#leaving.get(routerId);
        return await files.read(routerId, subnetId, Date.now());
      },
      write: (lease) => files.write(routerId, subnetId, lease),
      remove: () => files.remove(routerId, subnetId),
      onPrefix: (prefix) => {
        const router = context.router(routerId);
        const told = router && subnetsOf(router).find(({ id }) => id === subnetId)?.cidr;
        if (told) this.#tell(subnetId, told, prefix);
      },
      logger: context.logger,
    });
  }

  async #inTurn<T>(routerId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(routerId) ?? Promise.resolve();
    const mine = before.then(() => this.#turns.take(work));
    const end = mine.catch(() => {});
    this.#last.set(routerId, end);
    try {
      return await mine;
    } finally {
      if (this.#last.get(routerId) === end) this.#last.delete(routerId);
    }
  }
}

function subnetsOf({ _interfaces = [] }: WireRouter) {
  return _interfaces.flatMap(({ subnets }) => subnets);
}

/** Nothing without a gateway: there is nobody to ask. */
function wantedOf(state: RouterState): Wanted[] {
  if (placeOf(state) === null) return [];
  const subnets = [...state.devices.values()].flatMap(({ role, port }) => (role === 'internal' ? port.subnets : []));
  return subnets
    .filter(({ id, subnetpool_id }) => subnetpool_id === PREFIX_DELEGATION && IS_ID.test(id))
    .map(({ id, cidr }) => ({ subnetId: id, cidr }));
}

function placeOf({ namespace, devices }: RouterState): { netns: string; device: string } | null {
  const gateway = [...devices.values()].find(({ role }) => role === 'gateway');
  return gateway ? { netns: namespace, device: gateway.name } : null;
}

/** The provider may be any, and hand out what is in use already. */
function isUsable(lease: Lease, subnetId: string, router: WireRouter | null): boolean {
  const block = parseCidr(lease.prefix)!;
  if (NEVER.some((never) => cidrsOverlap(never, block))) return false;
  const others = [...(router ? subnetsOf(router) : []), ...(router?.gw_port?.subnets ?? [])];
  return !others.some(({ id, cidr }) => {
    const other = parseCidr(cidr);
    return id !== subnetId && other !== null && (cidrsOverlap(other, block) || cidrContains(block, other));
  });
}
