import { type Address, formatAddress, isMulticast, normalizeAddress, parseAddress } from '../../lib/ip/address.ts';
import { type Cidr, parseCidr } from '../../lib/ip/cidr.ts';
import { declareOptions, type OptionValues, option } from '../../lib/options.ts';
import { CannotStart } from './cannot-start.ts';

/** `[vxlan]`: networks that tunnel through the network between hosts. */
export const vxlanOptions = declareOptions('vxlan', {
  enable_vxlan: option.bool({ default: true, help: 'serve VXLAN networks on this host, where local_ip is set' }),
  local_ip: option.maybe({ check: checkAddress, help: 'address of this host that tunnels end at' }),
  vxlan_group: option.string({
    default: '224.0.0.1',
    check: (group) => (group === '' || readGroup(group) ? null : `"${group}" is no multicast address or network`),
    help: 'multicast group, or network of groups (239.0.0.0/8: one for each VNI), for frames to all hosts; unused with l2_population',
  }),
  multicast_ranges: option.list({
    default: [],
    check: checkRanges,
    help: 'address:vni_min:vni_max; groups of some VNIs',
  }),
  ttl: option.maybeInt({ min: 0, max: 255, help: "TTL of tunnel packets; unset or 0 is the kernel's: 1 to groups" }),
  tos: option.maybeInt({ min: 0, max: 255, help: 'TOS of tunnel packets; before [agent] dscp' }),
  udp_srcport_min: option.int({ default: 0, min: 0, max: 65_535, help: 'lowest source port of tunnel packets' }),
  udp_srcport_max: option.int({
    default: 0,
    min: 0,
    max: 65_535,
    help: 'highest source port of tunnel packets; 0 and 0 are for all that the kernel takes for connections',
  }),
  udp_dstport: option.maybeInt({ min: 0, max: 65_535, help: 'port of tunnels; unset is 8472, the IANA one is 4789' }),
  l2_population: option.bool({ default: false, help: 'learn of other hosts by messages instead of flooding' }),
  arp_responder: option.bool({ default: false, help: 'answer ARP from what l2_population says' }),
});

/** `[agent]`, as far as it is about tunnels. */
export const tunnelMarkOptions = {
  dscp: option.maybeInt({ min: 0, max: 63, help: 'DSCP of tunnel packets' }),
  dscp_inherit: option.bool({ default: false, help: 'tunnel packets have the DSCP of the packet inside' }),
};

type VxlanOptions = OptionValues<typeof vxlanOptions>;

/** How this host takes part in VXLAN networks. */
export interface VxlanConfig {
  localIp: string;
  /** `unicast`: the server says (`l2_population`) who is where; `multicast`: what is for all goes to a group. */
  mode: 'unicast' | 'multicast';
  groups: readonly { cidr: Cidr; vniMin: number; vniMax: number }[];
  port: number;
  sourcePorts: readonly [number, number];
  ttl: number;
  tos: number;
  arpResponder: boolean;
}

/** What the kernel takes where nothing is said, and upstream relies on. */
const KERNEL_PORT = 8472;
const TOS_INHERIT = 1;
const MAX_VNI = 16_777_215;

/**
 * Null where this host takes no part: `enable_vxlan` is on by default, and a host without `local_ip` is meant to have none
 * (upstream does not start there).
 *
 * @throws CannotStart where the options do not fit together
 */
export function vxlanConfig(
  options: VxlanOptions,
  marks: { dscp: number | null; dscp_inherit: boolean },
): VxlanConfig | null {
  if (!options.enable_vxlan) return null;
  const localIp = options.local_ip ? normalizeAddress(options.local_ip) : null;
  if (localIp === null) {
    if (!options.l2_population) return null;
    throw new CannotStart(
      'vxlan',
      'local_ip',
      'is not set, and l2_population is on: set it to an address of this host',
    );
  }
  const { udp_srcport_min: first, udp_srcport_max: last } = options;
  if (first > last) {
    throw new CannotStart('vxlan', 'udp_srcport_min', `${first} is above udp_srcport_max, ${last}`);
  }
  const isUnicast = options.l2_population;
  return {
    localIp,
    mode: isUnicast ? 'unicast' : 'multicast',
    groups: isUnicast ? [] : groupsOf(options, localIp),
    port: options.udp_dstport || KERNEL_PORT,
    sourcePorts: [first, last],
    ttl: options.ttl ?? 0,
    tos: options.tos || (marks.dscp_inherit ? TOS_INHERIT : (marks.dscp ?? 0) << 2),
    arpResponder: isUnicast && options.arp_responder,
  };
}

/** The multicast group of a VNI: as many of its low bits as the network of groups has room for. */
export function vxlanGroup(config: VxlanConfig, vni: number): string | null {
  const found = config.groups.find(({ vniMin, vniMax }) => vniMin <= vni && vni <= vniMax);
  if (!found) return null;
  const { first, last, version } = found.cidr;
  return formatAddress(first + (BigInt(vni) & (last - first)), version);
}

function groupsOf(options: VxlanOptions, localIp: string): VxlanConfig['groups'] {
  if (options.vxlan_group === '') {
    const reason = 'is empty, and l2_population is off: one of them must say how frames reach the other hosts';
    throw new CannotStart('vxlan', 'vxlan_group', reason);
  }
  const check = (name: 'vxlan_group' | 'multicast_ranges', text: string): Cidr => {
    const cidr = readGroup(text) as Cidr;
    if (cidr.version === parseAddress(localIp)?.version) return cidr;
    throw new CannotStart('vxlan', name, `${text} is of another address family than local_ip, ${localIp}`);
  };
  return [
    ...options.multicast_ranges.map((range) => {
      const { group, vniMin, vniMax } = readRange(range) as NonNullable<ReturnType<typeof readRange>>;
      return { cidr: check('multicast_ranges', group), vniMin, vniMax };
    }),
    { cidr: check('vxlan_group', options.vxlan_group), vniMin: 0, vniMax: MAX_VNI },
  ];
}

function checkAddress(text: string | null): string | null {
  return !text || parseAddress(text) ? null : `"${text}" is no address`;
}

/** An address counts as a network of one. */
function readGroup(text: string): Cidr | null {
  const address: Address | null = parseAddress(text.split('/')[0] as string);
  if (!address || !isMulticast(address)) return null;
  return parseCidr(text.includes('/') ? text : `${text}/${address.version === 4 ? 32 : 128}`);
}

function checkRanges(ranges: readonly string[]): string | null {
  const wrong = ranges.find((range) => readRange(range) === null);
  return wrong === undefined ? null : `"${wrong}" is not address:vni_min:vni_max with a multicast address`;
}

/** The address may be of IPv6, with colons of its own. */
function readRange(text: string): { group: string; vniMin: number; vniMax: number } | null {
  const [, group, first, last] = /^(.+):(\d{1,8}):(\d{1,8})$/.exec(text.trim()) ?? [];
  const [vniMin, vniMax] = [Number(first), Number(last)];
  if (group === undefined || group.includes('/') || !readGroup(group) || vniMin > vniMax) return null;
  return { group, vniMin, vniMax };
}
