import { ask } from '../api/client.ts';
import type { ApiResource } from '../api/description.ts';
import type { Done } from '../forms/command-line.ts';

export interface NetworkWish {
  readonly name: string;
  readonly hasSubnet: boolean;
  readonly subnetName: string;
  readonly cidr: string;
  /** Empty: the server's choice. */
  readonly gateway: string;
  readonly hasGateway: boolean;
  readonly hasDhcp: boolean;
  readonly nameServers: readonly string[];
}

/** Whether the caller may make both. */
export function canMakeNetworks(resources: readonly ApiResource[]): boolean {
  return ['networks', 'subnets'].every((name) => resources.some(({ key, create }) => key === name && create !== null));
}

/** The network was made, its subnet was not. */
export class SubnetRefused extends Error {
  override name = 'SubnetRefused';
  readonly reason: Error;
  /** Id of the network when it could not be taken back. */
  readonly keptNetwork: string | null;

  constructor(reason: Error, keptNetwork: string | null) {
    super(reason.message);
    this.reason = reason;
    this.keptNetwork = keptNetwork;
  }
}

/** The subnet's body: only what differs from what the server does by itself. */
export function subnetOf(wish: NetworkWish, networkId: string): Record<string, unknown> {
  const gateway = wish.gateway.trim();
  return {
    network_id: networkId,
    ip_version: wish.cidr.includes(':') ? 6 : 4,
    cidr: wish.cidr,
    ...(wish.subnetName !== '' && { name: wish.subnetName }),
    ...(!wish.hasGateway && { gateway_ip: null }),
    ...(wish.hasGateway && gateway !== '' && { gateway_ip: gateway }),
    ...(!wish.hasDhcp && { enable_dhcp: false }),
    ...(wish.nameServers.length > 0 && { dns_nameservers: wish.nameServers }),
  };
}

/**
 * Makes the network, then its subnet. A network whose subnet is refused is taken back: nothing is left of what did not work.
 * @throws ApiError, SubnetRefused
 */
export async function createNetwork(wish: NetworkWish, resources: readonly ApiResource[]): Promise<Done[]> {
  const named = (collection: string) => resources.find((one) => one.key === collection)!;
  const body = { name: wish.name };
  const { network } = (await ask<{ network: { id: string } }>('POST', '/v2.0/networks', { network: body })).body;
  const done: Done[] = [{ resource: named('networks'), verb: 'create', id: null, parentId: null, body }];
  if (!wish.hasSubnet) return done;
  const subnet = subnetOf(wish, network.id);
  try {
    await ask('POST', '/v2.0/subnets', { subnet });
  } catch (error) {
    const isBack = await ask('DELETE', `/v2.0/networks/${network.id}`).then(
      () => true,
      () => false,
    );
    throw new SubnetRefused(error as Error, isBack ? null : network.id);
  }
  // The next network has another id: by its name the lines make the same again.
  const again = wish.name === '' ? {} : { named: { network_id: wish.name } };
  return [...done, { resource: named('subnets'), verb: 'create', id: null, parentId: null, body: subnet, ...again }];
}
