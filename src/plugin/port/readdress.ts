import { holderOfMac } from '../../db/write/ports.ts';
import { type SubnetFacts, subnetFacts } from '../../db/write/subnets.ts';
import type { FixedIp, Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import { compareAddresses, isEui64Of } from '../ipam/changes.ts';
import { checkSubnetsExist } from '../ipam/ipam.ts';
import { routerInterfaceOwnersSnat } from '../ipam/owners.ts';
import { type AddressRequest, isAutoAddressSubnet, wishesOfAddedAddresses, wishesOfNewPort } from '../ipam/wishes.ts';
import type { Machine } from '../machine.ts';
import { viewOf } from '../parts.ts';
import { candidateSubnets, type PlacedPort } from '../segment/candidates.ts';
import { segmentErrors } from '../segment/errors.ts';
import { portErrors } from './errors.ts';
import { generateMac } from './mac.ts';

/** MAC and IP addresses of a port that changes (upstream: db/ipam_backend_mixin.py). */

/** @param how.letGo a bound port may change its MAC, for it goes with the device */
export async function changeMac(
  change: Change,
  machine: Machine,
  port: Port,
  { wanted, letGo }: { wanted: unknown; letGo: boolean },
): Promise<void> {
  if (wanted === undefined) return;
  const { options, random } = machine.shared;
  const mac = (wanted as string | null)?.toLowerCase() ?? generateMac(options.core.base_mac, random);
  if (mac === port.mac_address) return;
  const vif_type = port['binding:vif_type'];
  if (vif_type !== 'unbound' && vif_type !== 'binding_failed' && !letGo) {
    throw portErrors.PortBound({ port_id: port.id, vif_type, old_mac: port.mac_address, new_mac: mac });
  }
  if (await holderOfMac(change.tx, port.network_id, mac)) {
    throw portErrors.MacAddressInUse({ net_id: port.network_id, mac });
  }
  port.mac_address = mac;
}

/** Replaces addresses by the list given; automatic ones follow a new MAC. */
export async function changeAddresses(
  change: Change,
  machine: Machine,
  { original, port, changes }: { original: Port; port: Port; changes: Input },
): Promise<void> {
  const { tx } = change;
  const newMac = port.mac_address !== original.mac_address;
  const wanted = changes.fixed_ips as AddressRequest[] | null | undefined;
  port.device_owner = (changes.device_owner as string | undefined) ?? port.device_owner;
  const newHost = changes['binding:host_id'] as string | null | undefined;
  const moves = Boolean(newHost) && newHost !== original['binding:host_id'];
  if (wanted === undefined && !newMac && !moves) return;
  const subnets = await subnetFacts(tx, port.network_id);
  const placed = { ...port, host: newHost || original['binding:host_id'] };
  if (wanted === undefined && moves && (await placeOnHost(change, machine, { original, port, placed, subnets })))
    return;
  if (wanted === undefined && !newMac) return;
  if (wanted) await checkSubnetsExist(tx, subnets, wanted, viewOf(machine.shared, change.context));
  const isAutomatic = automaticFor(subnets, port);
  const compared = compareAddresses(original.fixed_ips, wanted ?? original.fixed_ips, isAutomatic);
  const stale = newMac ? compared.keep.filter((ip) => isStale(ip, original, isAutomatic)) : [];
  const keep = compared.keep.filter((ip) => !stale.includes(ip));
  const add = [...compared.add, ...stale.map(({ subnet_id }) => ({ subnet_id }))];
  await machine.ipam.release(tx, port.id, [...compared.remove, ...stale]);
  const candidates = await candidateSubnets(tx, subnets, placed, [...add, ...keep]);
  const wishes = wishesOfAddedAddresses(candidates.subnets, port, add).filter(
    (wish) => wish.kind === 'any' || !keep.some((ip) => ip.subnet_id === wish.subnet.id && isAutomatic(ip.subnet_id)),
  );
  const given = await machine.ipam.allocate(tx, port, wishes, original.fixed_ips.length + 1);
  port.fixed_ips = [...keep, ...given];
}

/**
 * A port comes to a host: on a routed network it gets the addresses that waited for that, and must not come with addresses
 * that mean nothing there (upstream: db/ipam_backend_mixin.py `update_port`).
 *
 * @returns whether its addresses are settled thereby
 * @throws HostNotCompatibleWithFixedIps, and what `candidateSubnets` throws
 */
async function placeOnHost(
  { tx }: Change,
  machine: Machine,
  parts: { original: Port; port: Port; placed: PlacedPort; subnets: readonly SubnetFacts[] },
): Promise<boolean> {
  const { original, port, placed, subnets } = parts;
  if (subnets.every(({ segment_id }) => segment_id === null)) return false;
  const waited = original.ip_allocation === 'deferred' && original['binding:host_id'] === '';
  if (original.fixed_ips.length === 0 && !waited) return false;
  const candidates = await candidateSubnets(tx, subnets, placed, undefined);
  if (original.fixed_ips.length === 0) {
    port.fixed_ips = await machine.ipam.allocate(tx, port, wishesOfNewPort(candidates.subnets, port, undefined));
    return true;
  }
  const fits = (subnetId: string) => candidates.subnets.some(({ id }) => id === subnetId);
  if (!original.fixed_ips.every(({ subnet_id }) => fits(subnet_id))) {
    throw segmentErrors.HostNotCompatibleWithFixedIps({ host: placed.host, port_id: port.id });
  }
  return false;
}

function automaticFor(subnets: readonly SubnetFacts[], port: Port): (subnetId: string) => boolean {
  if (routerInterfaceOwnersSnat.has(port.device_owner)) return () => false;
  const ids = new Set(subnets.filter(isAutoAddressSubnet).map(({ id }) => id));
  return (subnetId) => ids.has(subnetId);
}

function isStale(ip: FixedIp, original: Port, isAutomatic: (subnetId: string) => boolean): boolean {
  return isAutomatic(ip.subnet_id) && isEui64Of(ip.ip_address, original.mac_address);
}
