import { randomUUID } from 'node:crypto';
import { getSubnet } from '../../db/read/subnets.ts';
import { bumpNetwork } from '../../db/write/networks.ts';
import { hostsOfSegments } from '../../db/write/segment-hosts.ts';
import {
  insertSubnet,
  replaceHostRoutes,
  replaceNameservers,
  replacePools,
  replaceServiceTypes,
  type SubnetFacts,
  subnetFacts,
} from '../../db/write/subnets.ts';
import type { IpVersion } from '../../lib/ip/address.ts';
import { type Cidr, cidrsOverlap, formatCidr, parseCidr } from '../../lib/ip/cidr.ts';
import type { AllocationPool, HostRoute, Network, Subnet } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import { scheduleIn } from '../dhcp/schedule-in.ts';
import { isAutoAddressSubnet } from '../ipam/wishes.ts';
import type { Machine } from '../machine.ts';
import { storedNetwork } from '../network/create.ts';
import { networkErrors } from '../network/errors.ts';
import { MIN_MTU_IPV4, MIN_MTU_IPV6 } from '../network/mtu.ts';
import { viewOf } from '../parts.ts';
import { widenGateways } from '../router/external-network.ts';
import { peerRoutes, rerouteOthers } from '../segment/host-routes.ts';
import { checkNewSubnet } from '../segment/subnet-segment.ts';
import { addAutoAddresses } from './auto-addresses.ts';
import { BlockSource, checkAffinity, PROVISIONAL_PREFIX, poolId } from './block-source.ts';
import { subnetErrors } from './errors.ts';
import { checkGatewayOutsidePools, checkPools, defaultPools, normalizePools } from './pools.ts';
import { checkSubnet, defaultGateway, type SubnetDraft } from './rules.ts';

/**
 * Makes a subnet as part of a change. Drivers that want to hear of it after the commit are the caller's to tell.
 * @throws NetworkNotFound, and what blocks, pools, gateways and segments may be refused with
 */
export async function createSubnetIn(change: Change, machine: Machine, input: Input): Promise<Subnet> {
  const { extensionDrivers, mechanisms, shared } = machine;
  const { tx, context, time } = change;
  const blocks = new BlockSource(shared);
  const wish = await blocks.wish(change, input);
  const check = (cidr: Cidr) => checkSubnet(draftOf(input, formatCidr(cidr)), null, shared.options.core);
  if (wish.cidr !== null) check(wish.cidr);
  const network = await storedNetwork(change, machine, input.network_id as string);
  const block = await blocks.take(change, input, wish);
  const { cidr } = block;
  if (wish.cidr === null) check(cidr);
  const cidrText = formatCidr(cidr);
  const draft = draftOf(input, cidrText);
  const gateway = draft.gateway_ip === undefined ? (block.gateway ?? defaultGateway(cidr)) : draft.gateway_ip;
  const pools = poolsOf(input, cidr, cidrText, gateway);
  const others = await subnetFacts(tx, network.id);
  checkOverlap(network.id, cidr, cidrText, others);
  await checkAffinity(change, network.id, block, draft.ip_version, others);
  checkMtu(network, draft.ip_version);
  const id = (input.id as string | undefined) ?? randomUUID();
  const service_types = [...new Set((input.service_types as string[] | undefined) ?? [])];
  const segment_id = (input.segment_id as string | null | undefined) ?? null;
  await checkNewSubnet(tx, { network_id: network.id, segment_id, service_types }, others);
  const routed = {
    id,
    network_id: network.id,
    ip_version: draft.ip_version,
    cidr: cidrText,
    gateway_ip: gateway,
    segment_id,
  };
  const routes = draft.host_routes ?? [];
  await insertSubnet(tx, {
    id,
    project_id: (input.project_id as string | undefined) ?? '',
    name: (input.name as string | undefined) ?? '',
    description: (input.description as string | undefined) ?? '',
    created_at: time,
    updated_at: time,
    // Service types count a change of their own, as upstream stores them.
    revision_number: service_types.length > 0 ? 1 : 0,
    network_id: network.id,
    ip_version: draft.ip_version,
    cidr: cidrText,
    gateway_ip: gateway,
    enable_dhcp: draft.enable_dhcp,
    ipv6_ra_mode: draft.ipv6_ra_mode,
    ipv6_address_mode: draft.ipv6_address_mode,
    subnetpool_id: poolId(block),
    segment_id,
    dns_publish_fixed_ip: input.dns_publish_fixed_ip === true,
  });
  await replacePools(tx, id, withIds(pools));
  await replaceNameservers(tx, id, draft.dns_nameservers ?? []);
  await replaceHostRoutes(tx, id, segment_id === null ? routes : peerRoutes(routed, others, routes));
  if (segment_id !== null) await rerouteOthers(change, [...others, routed], { except: id });
  await replaceServiceTypes(tx, id, service_types);
  await bumpNetwork(tx, network.id, time);
  for (const driver of extensionDrivers) await driver.processCreateSubnet?.(tx, input, { id });
  const subnet = await storedSubnet(change, machine, id);
  if (isAutoAddressSubnet(subnet)) await addAutoAddresses(change, machine, subnet);
  if (network['router:external']) await widenGateways(change, machine, subnet);
  await mechanisms.precommit('createSubnetPrecommit', tx, { context, current: subnet, original: null });
  const hosts = segment_id === null ? null : ((await hostsOfSegments(tx, [segment_id])).get(segment_id) ?? []);
  await scheduleIn(change, network, machine, { hosts });
  await change.todo('subnet', id, 'created', { network_id: network.id });
  return subnet;
}

/** A subnet as the caller sees it. @throws SubnetNotFound */
export async function storedSubnet({ tx, context }: Change, { shared }: Machine, id: string): Promise<Subnet> {
  const subnet = await getSubnet(tx, id, viewOf(shared, context));
  if (!subnet) throw subnetErrors.SubnetNotFound({ subnet_id: id });
  return subnet;
}

/** Subnets of a network have no address in common. @throws InvalidInput */
function checkOverlap(networkId: string, cidr: Cidr, cidrText: string, others: readonly SubnetFacts[]): void {
  if (cidr.prefix === 0) {
    throw subnetErrors.InvalidInput({ error_message: '0 is not allowed as CIDR prefix length' });
  }
  if (others.some((other) => other.cidr !== PROVISIONAL_PREFIX && cidrsOverlap(parseCidr(other.cidr)!, cidr))) {
    throw subnetErrors.InvalidInput({
      error_message: `Requested subnet with cidr: ${cidrText} for network: ${networkId} overlaps with another subnet`,
    });
  }
}

export function draftOf(input: Input, cidr: string): SubnetDraft {
  return {
    label: 'new subnet',
    ip_version: input.ip_version as IpVersion,
    cidr,
    gateway_ip: input.gateway_ip as string | null | undefined,
    enable_dhcp: input.enable_dhcp !== false,
    dns_nameservers: (input.dns_nameservers as string[] | null | undefined) ?? undefined,
    host_routes: (input.host_routes as HostRoute[] | null | undefined) ?? undefined,
    ipv6_ra_mode: (input.ipv6_ra_mode as string | null | undefined) ?? null,
    ipv6_address_mode: (input.ipv6_address_mode as string | null | undefined) ?? null,
  };
}

function poolsOf(input: Input, cidr: Cidr, cidrText: string, gateway: string | null): AllocationPool[] {
  const given = input.allocation_pools as AllocationPool[] | null | undefined;
  // An empty list is none, as upstream has it on create; on update it takes all pools away.
  if (!given || given.length === 0) return defaultPools(cidr, gateway);
  checkPools(given, cidr, cidrText);
  if (gateway) checkGatewayOutsidePools(gateway, given, cidr.version);
  return normalizePools(given, cidr.version);
}

export function withIds(pools: readonly AllocationPool[]): { id: string; start: string; end: string }[] {
  return pools.map((pool) => ({ ...pool, id: randomUUID() }));
}

/** IP needs packets of a certain size. @throws NetworkMTUSubnetConflict */
function checkMtu(network: Network, version: IpVersion): void {
  const minimum = version === 6 ? MIN_MTU_IPV6 : MIN_MTU_IPV4;
  if (network.mtu > 0 && network.mtu < minimum) {
    throw networkErrors.NetworkMTUSubnetConflict({ mtu: network.mtu, minimum, net_id: network.id });
  }
}
