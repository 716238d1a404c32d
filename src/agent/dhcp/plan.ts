import { addressVersion } from '../../lib/ip/address.ts';
import { describeOperation, type Link, type NetworkOperation, type NetworkState } from '../../linux/contract.ts';
import { sameArguments } from '../../linux/daemon.ts';
import type { NetworkInfo } from '../../rpc/contract.ts';
import { type DaemonStep, describeDaemonStep, pidFile, planKept } from '../daemons/kept.ts';
import type { Card, DhcpState } from './derive.ts';
import { parseLeases } from './leases-file.ts';
import type { DhcpObserved } from './observe.ts';

/** One thing to do for a network. Each may be repeated. */
export type DhcpStep =
  | { do: 'ensure_namespace'; name: string }
  /** `netns` null: on the host. `optional`: failing is told and passed over, DHCP works without. */
  | { do: 'network'; netns: string | null; operations: NetworkOperation[]; optional?: boolean }
  /** `fresh`: the namespace has just been made, nothing is in its tables. */
  | { do: 'fill_checksums'; netns: string; family: 4 | 6; fresh?: true }
  | { do: 'make_folder'; path: string }
  /** Lease file before a start of dnsmasq: made, or mended by what the network now is. */
  | { do: 'prepare_leases'; path: string; network: NetworkInfo }
  | DaemonStep;

/** Steps in their order, and then several lists that do not wait for each other. */
export interface DhcpPlan {
  first: DhcpStep[];
  beside: DhcpStep[][];
}

/** Compares what must be with what is. Without steps when nothing is to be done. */
export function planDhcp(state: DhcpState, observed: DhcpObserved): DhcpPlan {
  const looked = observed.namespace !== undefined;
  return {
    first: [...planRecord(state, observed), ...(looked ? planCard(state, observed.namespace ?? null) : [])],
    beside: [
      looked ? planChecksums(state, observed) : [],
      planDnsmasq(state, observed),
      planKept(state.proxy, observed.proxy),
    ],
  };
}

/** All steps of a plan, in an order that is right for doing them one by one. */
export function stepsOf(plan: DhcpPlan): DhcpStep[] {
  return [...plan.first, ...plan.beside.flat()];
}

/** A step as one line an operator reads. */
export function describeStep(step: DhcpStep): string[] {
  switch (step.do) {
    case 'ensure_namespace':
      return [`ensure_namespace ${step.name}`];
    case 'network':
      return step.operations.map((operation) => `${step.netns ?? 'host'}: ${describeOperation(operation)}`);
    case 'fill_checksums':
      return [`${step.netns}: fill_checksums IPv${step.family}`];
    case 'make_folder':
    case 'prepare_leases':
      return [`${step.do} ${step.path}`];
    default:
      return [describeDaemonStep(step)];
  }
}

/** First of all the folder, with the name of the card: by it everything is found again, whatever happens after. */
function planRecord({ folder, files }: DhcpState, observed: DhcpObserved): DhcpStep[] {
  if (observed.files.interface?.trimEnd() === files.interface) return [];
  return [{ do: 'write_file', path: `${folder}/interface`, text: files.interface }];
}

function planCard(state: DhcpState, namespace: NetworkState | null): DhcpStep[] {
  const { card, namespace: netns } = state;
  const steps: DhcpStep[] = [];
  if (!namespace) {
    steps.push({ do: 'ensure_namespace', name: netns });
    // Before any card is in it: what is made there takes the default over.
    const sysctl: NetworkOperation = { op: 'sysctl', key: 'net/ipv6/conf/default/accept_ra', value: '0' };
    steps.push({ do: 'network', netns, operations: [sysctl], optional: true });
  }
  const stale = [...(namespace?.links.values() ?? [])].filter(
    (link) => link.kind === 'veth' && link.name !== card.device,
  );
  const removals = stale.map((link): NetworkOperation => ({ op: 'delete_link', name: link.name }));
  if (removals.length > 0) steps.push({ do: 'network', netns, operations: removals });
  const link = namespace?.links.get(card.device) ?? null;
  const outside: NetworkOperation[] = link ? [] : makeCard(card, netns);
  if (link?.mtu !== card.mtu && card.mtu > 0) outside.push({ op: 'set_mtu', name: card.tap, mtu: card.mtu });
  if (!link?.carrier) outside.push({ op: 'set_up', name: card.tap });
  if (outside.length > 0) steps.push({ do: 'network', netns: null, operations: outside });
  const inside = planInside(card, link);
  if (inside.length > 0) steps.push({ do: 'network', netns, operations: inside });
  const routes = planRoutes(card, namespace);
  if (routes.length > 0) steps.push({ do: 'network', netns, operations: routes, optional: true });
  return steps;
}

/** A card that is made anew may stand in a namespace that somebody made anew: then the rules are not there either. */
function planChecksums({ card, namespace: netns }: DhcpState, { namespace, checksums }: DhcpObserved): DhcpStep[] {
  const anew = !namespace?.links.has(card.device);
  return card.checksums
    .filter((family) => anew || (checksums && !checksums.includes(family)))
    .map((family) => ({ do: 'fill_checksums', netns, family, ...(namespace === null && { fresh: true as const }) }));
}

/** A tap of the name without its other end in the namespace is a rest of something: the pair is made anew. */
function makeCard(card: Card, netns: string): NetworkOperation[] {
  return [
    { op: 'delete_link', name: card.tap },
    { op: 'ensure_veth', name: card.tap, peer: card.device, peerNetns: netns, peerMac: card.mac },
  ];
}

function planInside(card: Card, link: Link | null): NetworkOperation[] {
  const device = card.device;
  const operations: NetworkOperation[] = [];
  if (link && link.mac?.toLowerCase() !== card.mac.toLowerCase())
    operations.push({ op: 'set_mac', name: device, mac: card.mac });
  if (link?.mtu !== card.mtu && card.mtu > 0) operations.push({ op: 'set_mtu', name: device, mtu: card.mtu });
  if (!link?.up) operations.push({ op: 'set_up', name: device });
  const present = new Set(link?.addresses.map((address) => address.cidr) ?? []);
  const wanted = new Set(card.addresses);
  for (const address of link?.addresses ?? []) {
    const kernels = address.scope === 'link' && address.cidr.endsWith('/64');
    if (!wanted.has(address.cidr) && !kernels) operations.push({ op: 'delete_address', device, cidr: address.cidr });
  }
  for (const cidr of card.addresses) {
    if (!present.has(cidr)) operations.push({ op: 'add_address', device, cidr });
  }
  return operations;
}

function planRoutes(card: Card, namespace: NetworkState | null): NetworkOperation[] {
  const operations: NetworkOperation[] = [];
  const routes = namespace?.routes ?? [];
  for (const family of [4, 6] as const) {
    const gateway = card.gateways.find((one) => one.family === family);
    const current = routes.filter((route) => route.family === family && route.destination === 'default');
    const links = routes.filter(
      (route) =>
        route.family === family && isHostRoute(route.destination) && route.via === null && route.protocol !== 'kernel',
    );
    if (gateway?.onLink && !links.some((route) => route.destination === gateway.address)) {
      operations.push({ op: 'replace_route', family, destination: gateway.address, via: null, device: card.device });
    }
    if (gateway && !current.some((route) => route.via === gateway.address && route.device === card.device)) {
      operations.push({
        op: 'replace_route',
        family,
        destination: 'default',
        via: gateway.address,
        device: card.device,
      });
    }
    for (const route of current) {
      if (route.via !== gateway?.address && (!gateway || family === 6)) {
        operations.push({
          op: 'delete_route',
          family,
          destination: 'default',
          via: route.via,
          device: route.device ?? card.device,
        });
      }
    }
    for (const route of links) {
      const used = gateway?.onLink && route.destination === gateway.address;
      if (!used && route.device)
        operations.push({
          op: 'delete_route',
          family,
          destination: route.destination,
          via: null,
          device: route.device,
        });
    }
  }
  return operations;
}

/** `ip` prints a route to one host without its prefix. */
function isHostRoute(destination: string): boolean {
  return addressVersion(destination) !== null;
}

function planDnsmasq(state: DhcpState, observed: DhcpObserved): DhcpStep[] {
  const steps: DhcpStep[] = [];
  let changed = false;
  for (const name of ['host', 'addn_hosts', 'opts'] as const) {
    if (observed.files[name]?.trimEnd() === state.files[name].trimEnd()) continue;
    steps.push({ do: 'write_file', path: `${state.folder}/${name}`, text: state.files[name] });
    changed = true;
  }
  const daemon = state.dnsmasq;
  const start: DhcpStep[] = [
    ...(state.logFolder === null ? [] : [{ do: 'make_folder', path: state.logFolder } as const]),
    { do: 'prepare_leases', path: `${state.folder}/leases`, network: state.network },
    { do: 'start', daemon },
  ];
  const running = observed.dnsmasq;
  if (!running) return [...steps, ...start];
  // dnsmasq of a namespace that was deleted lives on, out of reach of every guest.
  const wrong = !running.inNamespace || observed.leases === null || !sameArguments(running, daemon);
  if (wrong || (changed && reloadKills(state, observed))) return [...steps, { do: 'stop', daemon }, ...start];
  if (!running.byFile) steps.push(pidFile(running, daemon));
  return changed ? [...steps, { do: 'reload', daemon }] : steps;
}

/**
 * dnsmasq 2.90 (Debian 12) dies on SIGHUP when a line of its hosts file has both a `set:` tag and a lease for its IPv4
 * address. A restart costs the guests nothing: leases are in the lease file, and DHCP clients ask again after a second.
 */
function reloadKills(state: DhcpState, observed: DhcpObserved): boolean {
  const tagged = new Set<string>();
  for (const line of [...(observed.files.host ?? '').split('\n'), ...state.files.host.split('\n')]) {
    if (!line.includes(',set:')) continue;
    for (const field of line.split(',')) if (addressVersion(field) === 4) tagged.add(field);
  }
  return tagged.size > 0 && parseLeases(observed.leases ?? '').some((lease) => tagged.has(lease.address));
}
