import type { Link, NetworkOperation } from '../../../linux/contract.ts';
import type { RouterDevice, RouterState } from '../contract.ts';
import type { RouterObserved } from '../kernel/observe.ts';
import { type InsideStep, inside } from './inside.ts';

const OWN_DEVICE = /^(?:qr|qg|ha)-/;
const NOT_THERE = /Cannot assign requested address|[Aa]ddress not found|Cannot find device/;
const EXISTS = /File exists|already assigned/;

/** What is to be done on the host: pairs that are not there. */
export function planPairs(state: RouterState, seen: RouterObserved | null): NetworkOperation[] {
  return [...state.devices.values()].flatMap((device) => {
    const link = seen?.links.get(device.name);
    const operations: NetworkOperation[] = link ? [] : makePair(device, state.namespace);
    if (device.mtu > 0 && link?.mtu !== device.mtu) {
      operations.push({ op: 'set_mtu', name: device.tap, mtu: device.mtu });
    }
    // Without a carrier the other end is down, or the device itself is.
    if (device.isUp && !(link?.up && link.carrier)) operations.push({ op: 'set_up', name: device.tap });
    return operations;
  });
}

/** A tap of the name without its other end in the namespace is a rest of something: the pair is made anew. */
function makePair({ name, tap, mac }: RouterDevice, namespace: string): NetworkOperation[] {
  return [
    { op: 'delete_link', name: tap },
    { op: 'ensure_veth', name: tap, peer: name, peerNetns: namespace, peerMac: mac },
  ];
}

/** Devices of the namespace that nobody wants. */
export function planStale(state: RouterState, seen: RouterObserved | null): InsideStep[] {
  const stale = [...(seen?.links.values() ?? [])].filter(
    ({ name }) => OWN_DEVICE.test(name) && !state.devices.has(name),
  );
  return stale.map(({ name }) => inside(['link', 'del', 'dev', name], { tolerate: NOT_THERE }));
}

/** What is to be done in the namespace: devices and their addresses. */
export function planDevices(state: RouterState, seen: RouterObserved | null): InsideStep[] {
  return [...state.devices.values()].flatMap((device) => planDevice(device, seen?.links.get(device.name)));
}

type SeenLink = Pick<Link, 'mac' | 'mtu' | 'up' | 'addresses'>;

function planDevice(device: RouterDevice, link: SeenLink | undefined): InsideStep[] {
  const { name, mac, mtu, isUp } = device;
  const steps: InsideStep[] = [];
  const set = (...words: (string | number)[]) => steps.push(inside(['link', 'set', 'dev', name, ...words]));
  if (link && link.mac?.toLowerCase() !== mac) set('address', mac);
  if (mtu > 0 && link?.mtu !== mtu) set('mtu', mtu);
  if (isUp && !link?.up) set('up');
  if (!isUp && link?.up) set('down');
  return device.addressedBy === 'agent' ? [...steps, ...planAddresses(device, link)] : steps;
}

/** New ones come first: of a subnet that has another address, none is without one in between. */
function planAddresses({ name, role, addresses }: RouterDevice, link: SeenLink | undefined): InsideStep[] {
  const present = new Set(link?.addresses.map(({ cidr }) => cidr));
  const wanted = new Set(addresses);
  const come = addresses.filter((cidr) => !present.has(cidr));
  const gone = (link?.addresses ?? []).filter(({ cidr, scope, dynamic }) => {
    const isKernels = (scope === 'link' && cidr.endsWith('/64')) || dynamic;
    const isVirtual = role === 'ha' && cidr.startsWith('169.254.');
    return !wanted.has(cidr) && !isKernels && !isVirtual;
  });
  return [
    ...come.map((cidr) =>
      inside(['address', 'add', cidr, ...detailsOf(cidr), 'dev', name], { tolerate: EXISTS, address: cidr }),
    ),
    ...gone.map(({ cidr }) => inside(['address', 'del', cidr, 'dev', name], { tolerate: NOT_THERE })),
  ];
}

/** An address of IPv6 is free, IPAM says: waiting for neighbours to object would let any guest take the router's. */
function detailsOf(cidr: string): string[] {
  if (cidr.includes(':')) return ['nodad'];
  return /\/3[12]$/.test(cidr) ? [] : ['broadcast', '+'];
}
