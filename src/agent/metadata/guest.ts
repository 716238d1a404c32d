import type { NetworkInfo, WirePort, WireSubnet } from '../../rpc/contract.ts';

/** One card of a guest: its port, and the network with the subnets of its addresses. */
export interface Card {
  port: WirePort;
  /** Null when the network went away meanwhile. */
  network: NetworkInfo | null;
}

/** Everything the builtin answers are made of. */
export interface Guest {
  /** `device_id`, or the port's id where nobody set one. */
  instanceId: string;
  projectId: string;
  /** Short name, the one dnsmasq gives and answers for. */
  name: string;
  /** The card that asked comes first. */
  cards: readonly [Card, ...Card[]];
}

export function guestOf(cards: readonly [Card, ...Card[]]): Guest {
  const { port } = cards[0];
  return { instanceId: port.device_id || port.id, projectId: port.project_id, name: nameOf(port), cards };
}

const HOST_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** The port's `dns_name`, else `host-10-0-0-5` after its first address, as the DHCP agent names it. */
function nameOf(port: WirePort): string {
  if (typeof port.dns_name === 'string' && HOST_NAME.test(port.dns_name)) return port.dns_name;
  const address = port.fixed_ips[0]?.ip_address;
  return address ? `host-${address.replace(/[.:]/g, '-')}` : `host-${port.id.slice(0, 8)}`;
}

/** Addresses of a card with their subnets, in the port's order. */
export function addressesOf({ port, network }: Card): { address: string; subnet: WireSubnet }[] {
  const subnets = [...(network?.subnets ?? []), ...(network?.non_local_subnets ?? [])];
  return port.fixed_ips.flatMap(({ ip_address: address, subnet_id }) => {
    const subnet = subnets.find(({ id }) => id === subnet_id);
    return subnet ? [{ address, subnet }] : [];
  });
}

/** The first IPv4 address of the card that asked. */
export function localIpv4(guest: Guest): string | null {
  return guest.cards[0].port.fixed_ips.find(({ ip_address }) => !ip_address.includes(':'))?.ip_address ?? null;
}
