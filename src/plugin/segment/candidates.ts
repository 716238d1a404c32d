import type { Db } from '../../db/database.ts';
import { segmentsReached } from '../../db/write/segment-hosts.ts';
import type { SubnetFacts } from '../../db/write/subnets.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import { cidrHas, parseCidr } from '../../lib/ip/cidr.ts';
import { type AddressRequest, eligibleSubnets } from '../ipam/wishes.ts';
import { segmentErrors as errors } from './errors.ts';

/** What of a port decides on which segment of a routed network it is. */
export interface PlacedPort {
  network_id: string;
  device_owner: string;
  /** Empty while nobody knows. */
  host: string;
}

export interface Candidates {
  /** Subnets the port may have addresses of. */
  subnets: readonly SubnetFacts[];
  /** Addresses can be chosen only when the host is known. */
  deferred: boolean;
}

/**
 * The subnets that a port can have addresses of where it is: all, but on a routed network those of the segment that its
 * host reaches (upstream: objects/subnet.py `find_candidate_subnets`).
 *
 * @param requested entries of `fixed_ips`; undefined when any address will do
 * @throws HostConnectedToMultipleSegments, HostNotConnectedToAnySegment, FixedIpsSubnetsNotOnSameSegment
 */
export async function candidateSubnets(
  db: Db,
  all: readonly SubnetFacts[],
  port: PlacedPort,
  requested: readonly AddressRequest[] | undefined,
): Promise<Candidates> {
  if (all.every(({ segment_id }) => segment_id === null)) return { subnets: all, deferred: false };
  if (port.host !== '') return { subnets: await onHost(db, all, port), deferred: false };
  if (requested !== undefined) return { subnets: onRequestedSegment(all, requested), deferred: false };
  const anywhere = all.filter(({ segment_id }) => segment_id === null);
  const fitting = eligibleSubnets(all, port.device_owner).length > 0;
  const deferred = fitting && eligibleSubnets(anywhere, port.device_owner).length === 0;
  return { subnets: deferred || !fitting ? all : anywhere, deferred };
}

async function onHost(db: Db, all: readonly SubnetFacts[], port: PlacedPort): Promise<SubnetFacts[]> {
  const { network_id, host } = port;
  const reached = await segmentsReached(db, network_id, host);
  const found = eligibleSubnets(all, port.device_owner).filter(
    ({ segment_id }) => segment_id === null || reached.has(segment_id),
  );
  const segments = new Set(found.flatMap(({ segment_id }) => segment_id ?? []));
  if (segments.size > 1) throw errors.HostConnectedToMultipleSegments({ host, network_id });
  if (found.length === 0) throw errors.HostNotConnectedToAnySegment({ host, network_id });
  return found;
}

/** While the host is not known, addresses that are asked for decide. What fits no subnet is refused later. */
function onRequestedSegment(all: readonly SubnetFacts[], requested: readonly AddressRequest[]): readonly SubnetFacts[] {
  const segments = new Set<string | null>();
  for (const { subnet_id, ip_address } of requested) {
    const address = ip_address === undefined ? null : parseAddress(ip_address);
    const subnet =
      subnet_id === undefined
        ? all.find(({ cidr }) => address !== null && cidrHas(parseCidr(cidr)!, address))
        : all.find(({ id }) => id === subnet_id);
    if (subnet === undefined) return all;
    segments.add(subnet.segment_id);
  }
  if (segments.size > 1) throw errors.FixedIpsSubnetsNotOnSameSegment();
  const [segment = null] = segments;
  return all.filter(({ segment_id }) => segment_id === segment);
}
