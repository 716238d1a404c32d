import { getNetwork } from '../../db/read/networks.ts';
import { getSubnet } from '../../db/read/subnets.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import { cidrHas, parseCidr } from '../../lib/ip/cidr.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { networkErrors } from '../network/errors.ts';
import { callersFullView } from '../parts.ts';
import type { NetworkNotes } from '../port/create.ts';
import { subnetErrors } from '../subnet/errors.ts';
import { checkNotMetadata, refused } from './associate.ts';
import { floatingIpErrors as errors } from './errors.ts';

export const FLOATING_OWNER = 'network:floatingip';

/** The network that addresses come from, as the caller sees it. @throws NetworkNotFound, BadRequest */
export async function checkFloatingNetwork({ tx, context }: Change, net_id: string): Promise<void> {
  const network = await getNetwork(tx, net_id, callersFullView(context), ['id', 'router:external']);
  if (network === null) throw networkErrors.NetworkNotFound({ net_id });
  if (!network['router:external']) throw refused(`Network ${net_id} is not a valid external network`);
}

/**
 * The port that holds a floating address: nobody's, and wired nowhere.
 * @returns its id and the address
 * @throws what addresses may be refused with, BadRequest, ExternalIpAddressExhausted
 */
export async function createFloatingPort(
  change: Change,
  machine: Machine,
  { fipId, input, notes }: { fipId: string; input: Input; notes: NetworkNotes },
): Promise<{ id: string; address: string }> {
  const network_id = input.floating_network_id as string;
  // The network is the operator's, who lets everybody have addresses of it.
  const elevated: Change = { ...change, context: { ...change.context, isAdmin: true } };
  const { subnets } = await notes.network(elevated, machine, network_id);
  if (!subnets.some(({ ip_version }) => ip_version === 4)) {
    throw refused(`Network ${network_id} does not contain any IPv4 subnet`);
  }
  await checkSubnetSeen(change, input.subnet_id as string | null | undefined, subnets);
  const wanted = {
    ...(input.subnet_id != null && { subnet_id: input.subnet_id }),
    ...(input.floating_ip_address != null && { ip_address: input.floating_ip_address }),
  };
  const port = await machine.ports.createIn(
    elevated,
    {
      network_id,
      project_id: '',
      device_owner: FLOATING_OWNER,
      device_id: fipId,
      status: 'N/A',
      ...(Object.keys(wanted).length > 0 && { fixed_ips: [wanted] }),
    },
    notes,
  );
  const address = ipv4Of(port);
  if (address === undefined) throw errors.ExternalIpAddressExhausted({ net_id: network_id });
  checkNotMetadata(address);
  // Whoever answered for it would have what all others send outside.
  if (subnets.some(({ gateway_ip }) => gateway_ip === address)) {
    throw refused(`${address} is the gateway of the external network`);
  }
  // Routers speak to each other there, in the same namespace.
  const ha = parseCidr(machine.shared.options.l3Agent.l3_ha_net_cidr)!;
  if (cidrHas(ha, parseAddress(address)!)) throw refused(`${address} is an address of the networks of HA routers`);
  return { id: port.id, address };
}

/** Of a subnet elsewhere that the caller does not see nothing is told, not even that it is there. @throws SubnetNotFound */
async function checkSubnetSeen(
  { tx, context }: Change,
  subnet_id: string | null | undefined,
  subnets: readonly { id: string }[],
): Promise<void> {
  if (subnet_id == null || subnets.some(({ id }) => id === subnet_id)) return;
  if ((await getSubnet(tx, subnet_id, callersFullView(context), ['id'])) === null) {
    throw subnetErrors.SubnetNotFound({ subnet_id });
  }
}

function ipv4Of({ fixed_ips }: Port): string | undefined {
  return fixed_ips.find(({ ip_address }) => parseAddress(ip_address)!.version === 4)?.ip_address;
}
