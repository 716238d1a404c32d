import { parseAddress } from '../../../lib/ip/address.ts';
import { type Cidr, cidrHas, isSameCidr, parseCidr } from '../../../lib/ip/cidr.ts';
import { kernelAddress, kernelCidr } from '../../../lib/ip/kernel-text.ts';
import type { WireRouter, WireRouterPort } from '../../../rpc/contract.ts';
import type { L3Facts, RouterDevice, RouterDraft, RouterPart } from '../contract.ts';

/** What a subnet of prefix delegation has until a prefix is there: its `::1` is the loopback's. */
const PROVISIONAL = parseCidr('::/64')!;

/** The router's cards, their addresses, and the way out. */
export const interfaces: RouterPart = {
  name: 'interfaces',
  derive(draft, router, facts) {
    setUpNamespace(draft);
    const { _interfaces = [], gw_port, _ha_interface } = router;
    for (const port of _interfaces) if (port.admin_state_up && isSound(draft, port)) addDevice(draft, 'internal', port);
    if (gw_port && isSound(draft, gw_port)) addGateway(draft, gw_port, facts);
    if (_ha_interface && isSound(draft, _ha_interface)) addDevice(draft, 'ha', _ha_interface);
  },
};

/** Whether there is a router to be made of it. Others are not on this host, as if they did not exist. */
export function isServed(router: WireRouter, { options }: L3Facts): boolean {
  if (!router.admin_state_up || router.distributed) return false;
  return options.handle_internal_only_routers || Boolean(router.gw_port);
}

function setUpNamespace(draft: RouterDraft): void {
  draft.sysctl('net/ipv4/ip_forward', '1');
  // Each address is answered for on its own device only, and with it as the sender.
  draft.sysctl('net/ipv4/conf/all/arp_ignore', '1');
  draft.sysctl('net/ipv4/conf/all/arp_announce', '2');
  // Of two addresses in one subnet the second stays when the first goes.
  draft.sysctl('net/ipv4/conf/all/promote_secondaries', '1');
  draft.sysctl('net/ipv6/conf/all/forwarding', '1');
  // For devices that others make. Ours are told one by one, before they are up: nothing may come in from whoever calls
  // himself a router.
  draft.sysctl('net/ipv6/conf/default/accept_ra', '0');
  // The kernel tells neighbours of a new address, as arping does for IPv4.
  draft.sysctl('net/ipv6/conf/all/ndisc_notify', '1');
}

function addDevice(draft: RouterDraft, role: RouterDevice['role'], port: WireRouterPort): RouterDevice {
  const device = draft.device(role, port);
  if (role !== 'gateway') device.sysctls.push(['ipv6', 'accept_ra', '0']);
  for (const { ip_address, prefixlen } of port.fixed_ips) {
    const address = parseAddress(ip_address);
    if (address && !cidrHas(PROVISIONAL, address))
      device.addresses.push(`${kernelAddress(address.value, address.version)}/${prefixlen}`);
  }
  return device;
}

function addGateway(draft: RouterDraft, port: WireRouterPort, { options }: L3Facts): void {
  const device = addDevice(draft, 'gateway', port);
  for (const { cidr } of port.extra_subnets ?? []) {
    const block = parseCidr(cidr);
    // The kernel's own route to a network of the router would be replaced: who rules the outside must not cut it off.
    if (!block || draft.internal.some(({ addresses }) => isNextTo(addresses, block))) continue;
    const cause = `subnet ${cidr} of the external network`;
    const nexthops = [{ via: null, device: device.name }];
    draft.route({ family: block.version, destination: kernelCidr(block), nexthops, cause });
  }
  const subnets = port.subnets.flatMap(({ cidr, gateway_ip }) => {
    const [block, gateway] = [parseCidr(cidr), parseAddress(gateway_ip ?? '')];
    return block && gateway && gateway.version === block.version ? [{ block, gateway }] : [];
  });
  for (const family of [4, 6] as const) {
    const first = subnets.find(({ gateway }) => gateway.version === family);
    if (first) {
      const via = kernelAddress(first.gateway.value, family);
      const isNear = cidrHas(first.block, first.gateway) || via.startsWith('fe80:');
      const nexthop = { via, device: device.name, ...(!isNear && { onLink: true }) };
      draft.route({ family, destination: 'default', nexthops: [nexthop], cause: 'gateway of the external network' });
      // It may have had none before, and listened to whoever said to be one.
      if (family === 6) device.sysctls.push(['ipv6', 'accept_ra', '0']);
    } else if (family === 6) {
      wayOutWithoutGateway(draft, device, options.ipv6_gateway);
    }
  }
}

/** Whether the kernel has a way to a block by one of the router's own addresses there. */
export function isNextTo(addresses: readonly string[], block: Cidr): boolean {
  return addresses.some((own) => {
    const near = parseCidr(own);
    return near !== null && isSameCidr(near, block);
  });
}

/** The next router is configured, or it makes itself known. */
function wayOutWithoutGateway(draft: RouterDraft, device: RouterDevice, configured: string): void {
  const gateway = parseAddress(configured);
  if (gateway) {
    const nexthops = [{ via: kernelAddress(gateway.value, 6), device: device.name }];
    device.sysctls.push(['ipv6', 'accept_ra', '0']);
    draft.route({ family: 6, destination: 'default', nexthops, cause: 'ipv6_gateway of l3_agent.ini' });
  } else {
    device.sysctls.push(['ipv6', 'accept_ra', '2']);
  }
}

/** The server may be any: what becomes a device's name or a word of a command is looked at first. */
function isSound(draft: RouterDraft, port: WireRouterPort): boolean {
  const isPort =
    /^[\da-f]{8}-[\da-f-]{27}$/i.test(port.id) &&
    /^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(port.mac_address) &&
    port.fixed_ips.every(({ ip_address, prefixlen }) => parseCidr(`${ip_address}/${prefixlen}`) !== null);
  if (!isPort)
    draft.problem({ resource: 'port', id: String(port.id), reason: 'its id, MAC or addresses are malformed' });
  return isPort;
}
