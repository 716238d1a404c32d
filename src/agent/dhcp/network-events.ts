import type { Cause } from '../../lib/cause.ts';
import type { NetworkInfo, WirePort } from '../../rpc/contract.ts';
import type { Scope } from './observe.ts';

const DHCP_OWNER = 'network:dhcp';

/** What happened to a network, from the queue or from this agent itself. */
export type NetworkEvent =
  /** Something changed that only the server can tell in whole. */
  | { kind: 'refresh' }
  /** The server's answer to a question that was asked when the agent's count of events stood at `askedAt`. */
  | { kind: 'info'; network: NetworkInfo; askedAt: number }
  /** Deleted, or no longer this agent's. */
  | { kind: 'remove' }
  /** Not among the networks of this host, says an answer to a question of `askedAt`. */
  | { kind: 'gone'; askedAt: number }
  | { kind: 'port'; port: WirePort }
  | { kind: 'port_gone'; portId: string }
  /** Look whether the host is as it should be. */
  | { kind: 'check' };

export interface QueuedEvent {
  event: NetworkEvent;
  /** Lower first (`dhcpPriorities`). */
  priority: number;
  /** Order of arrival: the agent's count of events. */
  arrivedAt: number;
  /** The requests that it comes from. */
  causes?: readonly Cause[];
}

/** What the agent knows of a network before. Times are counts of events, 0 for never. */
export interface Known {
  network: NetworkInfo | null;
  /** When the last message about it was taken. */
  touchedAt: number;
  /** When it was last deleted or taken away. */
  removedAt: number;
}

/** What the agent knows of a network, and what is to be done about it. */
export interface Folded {
  network: NetworkInfo | null;
  /** The server must be asked before anything else. */
  ask: boolean;
  /** The network is not (or no more) this agent's. */
  remove: boolean;
  /** Whether more than ports changed, or the host is to be looked at: then the namespace is looked at too. */
  scope: Scope;
  /** Ports to be reported ready first. */
  ports: string[];
  /** Nothing but a look at the host was asked for. */
  onlyCheck: boolean;
}

/**
 * Folds what is pending for a network into what is known of it. Messages are taken by priority, and by arrival within one;
 * but of deleting and (re)scheduling the network the later one counts, whatever their priorities.
 *
 * @param deleted ids of ports that were deleted: what still tells of them is older
 */
export function foldEvents(known: Known, events: readonly QueuedEvent[], deleted: ReadonlySet<string>): Folded {
  const sorted = [...events].sort((a, b) => a.priority - b.priority || a.arrivedAt - b.arrivedAt);
  const last = lastWord(known, events);
  const folded: Folded = {
    network: known.network,
    ask: false,
    remove: last?.event.kind === 'remove' || (last?.event.kind === 'gone' && known.touchedAt <= last.event.askedAt),
    scope: 'files',
    ports: [],
    onlyCheck: events.every(({ event }) => event.kind === 'check'),
  };
  for (const { event } of sorted) {
    if (event.kind === 'check') widen(folded, 'inside');
    else if (event.kind === 'refresh') folded.ask = true;
    else if (event.kind === 'info') applyInfo(folded, event, known, events);
    else if (event.kind === 'port') applyPort(folded, event.port, deleted);
    else if (event.kind === 'port_gone') applyDeletion(folded, event.portId);
  }
  if (folded.ask) folded.scope = 'all';
  return folded;
}

/** Which of the messages about the network as a whole is the last; an answer is as old as its question. */
function lastWord(known: Known, events: readonly QueuedEvent[]): QueuedEvent | null {
  let found: QueuedEvent | null = null;
  let foundAt = known.removedAt;
  for (const queued of events) {
    const { event, arrivedAt } = queued;
    if (!['remove', 'gone', 'refresh', 'info'].includes(event.kind)) continue;
    const at = 'askedAt' in event ? event.askedAt : arrivedAt;
    if (at >= foundAt) [found, foundAt] = [queued, at];
  }
  return found;
}

/** An answer to a question asked before something else happened is out of date: the server is asked again. */
function applyInfo(
  folded: Folded,
  event: Extract<NetworkEvent, { kind: 'info' }>,
  known: Known,
  events: readonly QueuedEvent[],
): void {
  // Taken away since: the answer speaks of a time before.
  if (known.removedAt > event.askedAt) return;
  folded.scope = 'all';
  const newer = events.some(({ event: other, arrivedAt }) => isMessage(other) && arrivedAt > event.askedAt);
  if (newer || known.touchedAt > event.askedAt) folded.ask = true;
  else folded.network = event.network;
}

/** Whether the server said it unasked: news. */
export function isMessage(event: NetworkEvent): boolean {
  return event.kind !== 'check' && event.kind !== 'info' && event.kind !== 'gone';
}

function applyPort(folded: Folded, port: WirePort, deleted: ReadonlySet<string>): void {
  if (deleted.has(port.id)) return;
  if (!folded.network) {
    folded.ask = true;
    return;
  }
  const known = folded.network.ports.find((other) => other.id === port.id);
  if (known && revision(known) > revision(port)) return;
  folded.ports.push(port.id);
  // Another port with one of its addresses (the message that deleted that one has not come), or a subnet not heard of:
  // what is known is out of date.
  if (sharesAddress(folded.network, port) || !knowsSubnets(folded.network, port)) folded.ask = true;
  if (port.device_owner === DHCP_OWNER && !sameCard(known, port)) folded.scope = 'all';
  folded.network = withPort(folded.network, port);
}

/** The agent hears of its own port's creation too, from the server it asked for it. */
function sameCard(known: WirePort | undefined, port: WirePort): boolean {
  const card = (one: WirePort) =>
    JSON.stringify([one.mac_address, one.device_id, one.fixed_ips.map((ip) => [ip.subnet_id, ip.ip_address])]);
  return known !== undefined && card(known) === card(port);
}

function widen(folded: Folded, scope: Scope): void {
  if (folded.scope === 'files') folded.scope = scope;
}

function applyDeletion(folded: Folded, portId: string): void {
  if (!folded.network) return;
  const port = folded.network.ports.find((other) => other.id === portId);
  // Maybe this agent's own: then it needs a new one, and a new card.
  if (port?.device_owner === DHCP_OWNER) folded.scope = 'all';
  folded.network = withoutPort(folded.network, portId);
}

function knowsSubnets(network: NetworkInfo, port: WirePort): boolean {
  const known = new Set([...network.subnets, ...(network.non_local_subnets ?? [])].map((subnet) => subnet.id));
  return port.fixed_ips.every((ip) => known.has(ip.subnet_id));
}

/** The network with a port in place of the one of that id, or added. */
export function withPort(network: NetworkInfo, port: WirePort): NetworkInfo {
  const index = network.ports.findIndex((other) => other.id === port.id);
  const ports = index < 0 ? [...network.ports, port] : network.ports.with(index, port);
  return { ...network, ports };
}

export function withoutPort(network: NetworkInfo, portId: string): NetworkInfo {
  return { ...network, ports: network.ports.filter((port) => port.id !== portId) };
}

function sharesAddress(network: NetworkInfo, port: WirePort): boolean {
  const addresses = new Set(port.fixed_ips.map((ip) => ip.ip_address));
  return network.ports.some(
    (other) => other.id !== port.id && other.fixed_ips.some((ip) => addresses.has(ip.ip_address)),
  );
}

function revision(port: WirePort): number {
  return port.revision_number ?? 0;
}
