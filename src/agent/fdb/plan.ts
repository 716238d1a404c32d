import { eui64, formatAddress } from '../../lib/ip/address.ts';
import type { ForwardingOperation, ForwardingState, Neighbour } from '../../linux/forwarding.ts';
import { FLOODING_ENTRY } from '../../rpc/contract.ts';
import type { ToldNetwork } from './told.ts';

/** A tunnelled network that this host has, and what was told of it. */
export interface TunnelledNetwork {
  readonly device: string;
  readonly told: ToldNetwork;
}

const [FLOOD] = FLOODING_ENTRY;

/**
 * What must be done so that the devices forward as was told: pure, and empty when they do. Devices that are not there are
 * passed over. What somebody put there for good and nobody told is deleted only where all is known.
 */
export function planForwarding(
  networks: readonly TunnelledNetwork[],
  actual: ForwardingState,
  { answers }: { answers: boolean },
): ForwardingOperation[] {
  const fdb = Map.groupBy(actual.fdb, ({ device }) => device);
  const neighbours = Map.groupBy(actual.neighbours, ({ device }) => device);
  return networks.flatMap(({ device, told }) => {
    if (!actual.devices.has(device)) return [];
    const there = fdb.get(device) ?? [];
    return [
      ...planPlaces(device, told, there),
      ...(answers ? planNeighbours(device, told, neighbours.get(device) ?? []) : []),
    ];
  });
}

function planPlaces(device: string, told: ToldNetwork, there: ForwardingState['fdb']): ForwardingOperation[] {
  const has = new Set(there.map(({ mac, remote }) => `${mac} ${remote}`));
  const operations: ForwardingOperation[] = [];
  for (const remote of told.floods) {
    if (!has.has(`${FLOOD} ${remote}`)) operations.push({ op: 'append_fdb', device, mac: FLOOD, remote });
  }
  for (const [mac, { remote }] of told.ports) {
    if (!has.has(`${mac} ${remote}`)) operations.push({ op: 'replace_fdb', device, mac, remote });
  }
  for (const { mac, remote } of there) {
    // What has another place now was replaced.
    const isWanted = mac === FLOOD ? told.floods.has(remote) : told.ports.has(mac);
    if (!isWanted && (told.complete || told.isGone(mac, remote))) {
      operations.push({ op: 'delete_fdb', device, mac, remote });
    }
  }
  return operations;
}

function planNeighbours(device: string, told: ToldNetwork, there: readonly Neighbour[]): ForwardingOperation[] {
  const wanted = new Map<string, string>();
  for (const [mac, { addresses }] of told.ports) {
    for (const ip of addresses) wanted.set(ip, mac);
    // Nobody else answers for the address by which IPv6 hosts find each other first.
    if ([...addresses].some((ip) => ip.includes(':'))) wanted.set(linkLocal(mac), mac);
  }
  const operations: ForwardingOperation[] = [];
  const has = new Map(there.map(({ ip, mac }) => [ip, mac]));
  for (const [ip, mac] of wanted) {
    if (has.get(ip) !== mac) operations.push({ op: 'replace_neighbour', device, ip, mac });
  }
  for (const { ip, mac } of there) {
    if (!wanted.has(ip) && (told.complete || told.isGone(mac, ip))) {
      operations.push({ op: 'delete_neighbour', device, ip, mac });
    }
  }
  return operations;
}

function linkLocal(mac: string): string {
  return formatAddress(eui64(0xfe80n << 112n, mac), 6);
}
