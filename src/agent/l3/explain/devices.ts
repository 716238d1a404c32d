import type { Link } from '../../../linux/contract.ts';
import type { LinkCounters } from '../../../linux/link-counters.ts';
import type { ExplainStep } from '../../../rpc/contract.ts';
import type { RouterDevice, RouterState } from '../contract.ts';
import { type RouterObserved, sysctlsOf } from '../kernel/observe.ts';
import type { RouterSight } from './explain.ts';

/** What agents do by themselves; who reads this wants to know whether to wait. */
export const MENDING = 'the L3 agent mends this within a minute; if it stays, its log says why';

const names = { internal: 'interface', gateway: 'gateway', ha: 'ha_interface' } as const;

/** Is the device there as it should be, with its addresses, and its other end in a bridge? */
export function explainDevice(
  device: RouterDevice,
  { state: { namespace, isActive }, observed, links, counters }: RouterSight & { observed: RouterObserved },
): ExplainStep[] {
  const step = names[device.role];
  const { name, addresses, isUp } = device;
  // Who stands by has no address that guests use.
  const wanted = device.addressedBy === 'keepalived' && !isActive ? [] : addresses;
  const cause = `port ${device.port.id}`;
  const expected = `${name} ${isUp ? 'up' : 'down'} with ${wanted.join(', ') || 'no address'}`;
  const check = `ip -n ${namespace} address show dev ${name}`;
  const link = observed.links.get(name);
  const base = { step, expected, cause, check, device: name, ...countedAt(counters.get(device.tap)) };
  if (!link) return [{ ...base, state: 'fault', found: `no ${name} in ${namespace}`, remedy: MENDING }];
  const there = new Set(link.addresses.map(({ cidr }) => cidr));
  const missing = wanted.filter((cidr) => !there.has(cidr));
  const faults = [
    ...(link.up === isUp ? [] : [`${name} is ${link.up ? 'up' : 'down'}`]),
    ...(link.mac?.toLowerCase() === device.mac ? [] : [`its MAC is ${link.mac}, the port has ${device.mac}`]),
    ...(missing.length === 0 ? [] : [`without ${missing.join(', ')}`]),
  ];
  if (faults.length > 0) return [{ ...base, state: 'fault', found: faults.join('; '), remedy: MENDING }];
  return [{ ...base, state: 'ok', found: expected }, explainTap(device, links)];
}

/** The router's view: nobody need go into its namespace for it, because its other end is here. */
function countedAt(tap: LinkCounters | undefined): Pick<ExplainStep, 'counters'> {
  if (!tap) return {};
  const { rx_packets, rx_bytes, rx_dropped, tx_packets, tx_bytes, tx_dropped } = tap;
  const received = { rx_packets: tx_packets, rx_bytes: tx_bytes, rx_dropped: tx_dropped };
  return { counters: { ...received, tx_packets: rx_packets, tx_bytes: rx_bytes, tx_dropped: rx_dropped } };
}

/** The end on the host: the bridge agent takes it into the network's bridge. */
function explainTap({ role, tap, port }: RouterDevice, links: ReadonlyMap<string, Link>): ExplainStep {
  const link = links.get(tap);
  const expected = `${tap} up in a bridge`;
  const base = { step: `${names[role]}_tap`, expected, cause: `port ${port.id}`, check: `ip link show dev ${tap}` };
  if (!link) return { ...base, state: 'fault', found: `no ${tap} on the host`, remedy: MENDING };
  if (link.master !== null && link.up) return { ...base, state: 'ok', found: `${tap} in ${link.master}` };
  const found = link.master === null ? `${tap} is in no bridge` : `${tap} is down`;
  const remedy = `the bridge agent of this host wires it: neutrino explain port ${port.id}`;
  return { ...base, state: 'fault', found, remedy };
}

/** Settings that a router does not work without; one step, which names those that are otherwise. */
export function explainSettings(state: RouterState, { sysctls }: RouterObserved): ExplainStep {
  const wanted = sysctlsOf(state);
  const wrong = wanted.filter(([key, value]) => sysctls.get(key) !== value);
  const base = { step: 'settings', check: `ip netns exec ${state.namespace} sysctl -a` };
  if (wrong.length === 0) {
    const expected = `${wanted.length} kernel settings as they should be`;
    return { ...base, state: 'ok', expected, found: expected };
  }
  const text = (value: (key: string, wanted: string) => string | undefined) =>
    wrong.map(([key, wanted]) => `${key} = ${value(key, wanted) ?? 'not there'}`).join(', ');
  const expected = text((_, value) => value);
  return { ...base, state: 'fault', expected, found: text((key) => sysctls.get(key)), remedy: MENDING };
}
