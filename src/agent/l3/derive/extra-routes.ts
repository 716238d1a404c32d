import { parseAddress } from '../../../lib/ip/address.ts';
import { type Cidr, cidrHas, parseCidr } from '../../../lib/ip/cidr.ts';
import { kernelAddress, kernelCidr } from '../../../lib/ip/kernel-text.ts';
import type { RouterDevice, RouterDraft, RouterNexthop, RouterPart } from '../contract.ts';
import { isNextTo } from './interfaces.ts';

/** Routes that users gave the router. One destination by several next hops is one route over all of them. */
export const extraRoutes: RouterPart = {
  name: 'extra routes',
  derive(draft, router) {
    const byDestination = new Map<string, RouterNexthop[]>();
    for (const { destination, nexthop } of router.routes ?? []) {
      const block = parseCidr(destination);
      const gateway = parseAddress(nexthop);
      const via = gateway && kernelAddress(gateway.value, gateway.version);
      // To a subnet that the router is on, perhaps since later: it reaches it itself, by the kernel's route, which would be replaced.
      if (block && isConnected(draft, block)) continue;
      const device = via && block && block.version === gateway?.version ? deviceTowards(draft, via) : null;
      if (!block || !via || !device) {
        const reason = `no network of the router has the next hop of its route ${destination} via ${nexthop}`;
        draft.problem({ resource: 'router', id: router.id, reason });
        continue;
      }
      const key = `${block.version} ${block.prefix === 0 ? 'default' : kernelCidr(block)}`;
      byDestination.set(key, [...(byDestination.get(key) ?? []), { via, device }]);
    }
    for (const [key, nexthops] of byDestination) {
      const [family, destination] = key.split(' ') as ['4' | '6', string];
      draft.route({ family: Number(family) as 4 | 6, destination, nexthops, cause: 'extra route of the router' });
    }
  },
};

function deviceTowards(draft: RouterDraft, via: string): string | null {
  const address = parseAddress(via);
  if (!address) return null;
  for (const device of draft.devices.values()) {
    if (onLink(device).some((cidr) => has(cidr, address))) return device.name;
  }
  return null;
}

function isConnected(draft: RouterDraft, block: Cidr): boolean {
  return isNextTo([...draft.devices.values()].flatMap(onLink), block);
}

/** The external network is on the link with all its subnets. */
function onLink({ role, addresses, port }: RouterDevice): readonly string[] {
  return role === 'gateway' ? [...addresses, ...port.extra_subnets.map(({ cidr }) => cidr)] : addresses;
}

function has(cidr: string, address: NonNullable<ReturnType<typeof parseAddress>>): boolean {
  const block = parseCidr(cidr);
  return block !== null && cidrHas(block, address);
}
