import { vlanDeviceName, vxlanDeviceName } from '../../lib/names.ts';
import type { Link, NetworkState, Vxlan } from '../../linux/contract.ts';
import { tunnelOverhead } from '../../linux/legs.ts';
import type { BoundDeviceDetails } from '../../rpc/contract.ts';
import type { BridgeConfig } from './options.ts';
import { vxlanGroup } from './vxlan-options.ts';

/** The device that leads a network out of this host: a VLAN of a card, or a tunnel. */
export type DesiredLeg = VlanLeg | VxlanLeg;

interface VlanLeg {
  kind: 'vlan';
  name: string;
  link: string;
  vid: number;
}

interface VxlanLeg {
  kind: 'vxlan';
  name: string;
  vxlan: Vxlan & { link: string };
}

type Place = Pick<BoundDeviceDetails, 'network_type' | 'physical_network' | 'segmentation_id' | 'mtu'>;

/** Why this host cannot serve a network, and what to do about it. */
export interface Problem {
  reason: string;
  remedy: string;
}

export const MAP_IT = 'map it in [linux_bridge] physical_interface_mappings of this host, and restart the agent';

/** What a network's leg must be on this host, or the reason why it cannot be. */
export function legOf(place: Place, config: BridgeConfig, host: NetworkState): DesiredLeg | Problem {
  const leg = place.network_type === 'vlan' ? vlanLeg(place, config) : vxlanLeg(place, config, host);
  if ('reason' in leg) return leg;
  const lacking = config.lacking.get(leg.kind);
  if (lacking === undefined) return obstacle(leg, place.mtu, host) ?? leg;
  return { reason: lacking, remedy: 'use another host, or a kernel that has them' };
}

function vlanLeg({ physical_network: network, segmentation_id: vid }: Place, config: BridgeConfig) {
  const link = network === null ? undefined : config.interfaces.get(network);
  if (link === undefined) {
    const isBridged = network !== null && config.bridges.has(network);
    const why = isBridged ? 'only to a bridge, which cannot keep VLANs apart' : 'to no interface of this host';
    return { reason: `physical network ${network} is mapped ${why}`, remedy: MAP_IT };
  }
  if (vid === null || vid < 1 || vid > 4094) {
    return { reason: `there is no VLAN ${vid}`, remedy: 'correct provider:segmentation_id of the network' };
  }
  return { kind: 'vlan' as const, name: vlanDeviceName(link, vid), link, vid };
}

function vxlanLeg({ segmentation_id: vni }: Place, { vxlan: config }: BridgeConfig, host: NetworkState) {
  if (config === null) {
    const remedy = 'set [vxlan] enable_vxlan and local_ip on this host, and restart the agent';
    return { reason: 'this host takes no part in VXLAN networks', remedy };
  }
  if (vni === null) return { reason: 'the network has no VNI', remedy: 'see provider:segmentation_id of the network' };
  const link = underlay(config.localIp, host);
  if (link === undefined) {
    const reason = `[vxlan] local_ip ${config.localIp} is on no device of this host now (ip addr show)`;
    return { reason, remedy: `give it to a device: ip addr add ${config.localIp}/… dev …` };
  }
  const { port, sourcePorts, ttl, tos, arpResponder: proxy, mode, localIp } = config;
  // As upstream: with groups the kernel chooses the address, and a host can be taken over without making the device anew.
  const local = mode === 'unicast' ? localIp : null;
  const vxlan = { vni, link: link.name, local, group: vxlanGroup(config, vni), port, sourcePorts, ttl, tos, proxy };
  return { kind: 'vxlan' as const, name: vxlanDeviceName(vni), vxlan };
}

/** The device that has the address which tunnels end at. */
export function underlay(localIp: string, host: NetworkState): Link | undefined {
  const has = (link: Link) => link.addresses.some(({ cidr }) => cidr.slice(0, cidr.indexOf('/')) === localIp);
  return [...host.links.values()].find(has);
}

/** What is in the leg's way on this host now. */
function obstacle(leg: DesiredLeg, mtu: number, host: NetworkState): Problem | null {
  const lowerName = leg.kind === 'vlan' ? leg.link : leg.vxlan.link;
  const lower = host.links.get(lowerName);
  if (!lower) {
    const remedy = 'look for the card (dmesg, ip link): it is taken up again when it is back';
    return { reason: `there is no interface ${lowerName} on this host now`, remedy };
  }
  const there = host.links.get(leg.name);
  if (there && !isOfKind(there, leg)) {
    const remedy = `ip -d link show ${leg.name}; rename or delete it`;
    return { reason: `${leg.name} is there and is not ${describeLeg(leg)}`, remedy };
  }
  const rival = [...host.links.values()].find((link) => link.name !== leg.name && isSame(link, leg));
  if (rival) {
    const remedy = `ip -d link show ${rival.name}; delete it, or use another segment for the network`;
    return { reason: `${describeLeg(leg)} is taken by the device ${rival.name}`, remedy };
  }
  const room = leg.kind === 'vxlan' ? lower.mtu - overheadOf(leg) : Number.POSITIVE_INFINITY;
  if (mtu <= room) return null;
  const reason = `MTU ${mtu} of the network does not fit through ${lowerName}: at most ${room} of its ${lower.mtu}`;
  return {
    reason,
    remedy: `set the MTU of the network to ${room}, or that of ${lowerName} to ${mtu + lower.mtu - room}`,
  };
}

/** Whether a device of the leg's name can be taken for it; a tunnel's other parameters can be mended. */
function isOfKind(link: Link, leg: DesiredLeg): boolean {
  if (leg.kind === 'vxlan') return link.vxlan?.vni === leg.vxlan.vni;
  return link.vlan?.link === leg.link && link.vlan.vid === leg.vid && link.vlan.protocol === '802.1Q';
}

function isSame(link: Link, leg: DesiredLeg): boolean {
  return isOfKind(link, leg) && (leg.kind === 'vlan' || link.vxlan?.port === leg.vxlan.port);
}

export function isSameVxlan(there: Vxlan | undefined, wanted: Vxlan): boolean {
  if (!there) return false;
  const [first, last] = there.sourcePorts;
  return (
    first === wanted.sourcePorts[0] &&
    last === wanted.sourcePorts[1] &&
    (['vni', 'link', 'local', 'group', 'port', 'ttl', 'tos', 'proxy'] as const).every(
      (key) => there[key] === wanted[key],
    )
  );
}

/** How wide it can be: never wider than what is below it. */
export function legMtu(leg: DesiredLeg, mtu: number, host: NetworkState): number {
  const lower = host.links.get(leg.kind === 'vlan' ? leg.link : leg.vxlan.link);
  return lower && leg.kind === 'vlan' ? Math.min(mtu, lower.mtu) : mtu;
}

function overheadOf({ vxlan }: VxlanLeg): number {
  return tunnelOverhead(vxlan.local ?? vxlan.group ?? '');
}

/** `VLAN 100 of eth0`, `VNI 5`. */
export function describeLeg(leg: DesiredLeg): string {
  return leg.kind === 'vlan' ? `VLAN ${leg.vid} of ${leg.link}` : `VNI ${leg.vxlan.vni}`;
}
