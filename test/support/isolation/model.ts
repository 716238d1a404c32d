import { parseAddress } from '../../../src/lib/ip/address.ts';
import { cidrHas, cidrOf, parseCidr } from '../../../src/lib/ip/cidr.ts';
import { type Content, type Facts, factsOf, type Packet } from './packet.ts';
import { type Guest, linkLocal, type Rule, type World } from './world.ts';

/**
 * What the API promises, without a word of chains: whether a packet of one guest, the first of its kind, reaches another.
 * Compared with a host by the isolation suite.
 */
export function reaches(world: World, from: Guest, to: Guest, packet: Packet): boolean {
  if (from.network !== to.network) return false;
  // The bridge has just learned that this MAC is at the sender's port.
  if (packet.srcMac === packet.dstMac) return false;
  const { content } = packet;
  // Fragments are judged when they are a packet again.
  const isPiece = content.what === 'ip' && content.headless;
  if (isPiece && [from, to].some(({ security }) => security === 'on')) return false;
  return mayLeave(world, from, packet) && mayEnter(world, to, packet);
}

function mayLeave(world: World, guest: Guest, packet: Packet): boolean {
  if (guest.security !== 'on') return true;
  if (packet.tags.length > 0 || !macsOf(guest).includes(packet.srcMac)) return false;
  const { content } = packet;
  if (content.what === 'type') return false;
  if (content.what === 'arp') return content.reverse || mayTell(guest, content);
  const facts = factsOf(content.carried, content.version);
  return content.version === 4
    ? mayLeave4(world, guest, packet.srcMac, content, facts)
    : mayLeave6(world, guest, packet.srcMac, content, facts);
}

function mayTell(guest: Guest, { operation, senderIp, targetIp }: Extract<Content, { what: 'arp' }>): boolean {
  const own = [guest.ipv4, ...guest.pairs.map(({ ip }) => ip)];
  const isOwn = (address: string) => own.some((block) => isIn(address, block));
  if (senderIp === '0.0.0.0') return operation === 1 && isOwn(targetIp);
  return isOwn(senderIp);
}

type Ip = Extract<Content, { what: 'ip' }>;

function mayLeave4(world: World, guest: Guest, mac: string, { src, dst }: Ip, facts: Facts): boolean {
  const { protocol, from, to } = facts;
  const isClient = protocol === 17 && from === 68 && to === 67;
  if (isClient && src === '0.0.0.0' && dst === '255.255.255.255') return true;
  if (!isOwnSource(guest, mac, src)) return false;
  if (isClient) return true;
  if (protocol === 17 && from === 67 && to === 68) return false;
  return rulesOf(world, guest, 'egress').some((rule) => isMatch(world, rule, 4, facts, dst));
}

function mayLeave6(world: World, guest: Guest, mac: string, content: Ip, facts: Facts): boolean {
  const { src, dst } = content;
  const { protocol, type, target } = facts;
  const isProbe = src === '::' && type === 135;
  if (protocol === 58 && (type === 136 || isProbe)) {
    if (!isOwnTarget(guest, target!) || (content.extensions?.length ?? 0) > 0 || content.hidden) return false;
  }
  if (src === '::' && isIn(dst, 'ff02::/16') && protocol === 58 && [131, 135, 143].includes(type!)) return true;
  if (!isOwnSource(guest, mac, src)) return false;
  if (protocol === 58) return type !== 134;
  if (protocol === 17 && facts.from === 546 && facts.to === 547) return true;
  if (protocol === 17 && facts.from === 547 && facts.to === 546) return false;
  return rulesOf(world, guest, 'egress').some((rule) => isMatch(world, rule, 6, facts, dst));
}

function mayEnter(world: World, guest: Guest, { content, tags }: Packet): boolean {
  if (guest.security !== 'on') return true;
  if (tags.length > 0 || content.what === 'type') return false;
  if (content.what === 'arp') return true;
  const { version, src, dst, carried } = content;
  const facts = factsOf(carried, version);
  if (version === 6 && facts.protocol === 58 && [130, 134, 135, 136].includes(facts.type!)) return true;
  if (isAnswerOfDhcp(guest, version, dst, facts)) return true;
  return rulesOf(world, guest, 'ingress').some((rule) => isMatch(world, rule, version, facts, src));
}

function isAnswerOfDhcp(guest: Guest, version: 4 | 6, dst: string, { protocol, from, to }: Facts): boolean {
  if (protocol !== 17) return false;
  if (version === 4) return from === 67 && to === 68 && [guest.ipv4, '255.255.255.255'].includes(dst);
  return from === 547 && to === 546 && (dst === guest.ipv6 || isIn(dst, 'fe80::/64'));
}

function rulesOf(world: World, guest: Guest, direction: Rule['direction']): Rule[] {
  return guest.groups.flatMap((name) => world.groups[name]!.filter((rule) => rule.direction === direction));
}

/** @param other the address at the far end */
function isMatch(world: World, rule: Rule, version: 4 | 6, facts: Facts, other: string): boolean {
  if (rule.ethertype !== `IPv${version}`) return false;
  if (rule.protocol !== undefined && rule.protocol !== facts.protocol) return false;
  if (!isOfPorts(rule, facts)) return false;
  if (rule.prefix !== undefined) return isIn(other, rule.prefix);
  if (rule.addressGroup !== undefined)
    return world.addressGroups[rule.addressGroup]!.some((block) => isIn(other, block));
  return rule.group === undefined || membersOf(world, rule.group).some((block) => isIn(other, block));
}

function isOfPorts({ protocol, min, max }: Rule, { to, type, code }: Facts): boolean {
  if (min === undefined) return true;
  if (protocol === 1 || protocol === 58) return type === min && (max === undefined || code === max);
  return to !== undefined && to >= min && to <= (max ?? min);
}

function membersOf(world: World, group: string): string[] {
  const members = Object.values(world.guests).filter(({ groups }) => groups.includes(group));
  return members.flatMap(({ ipv4, ipv6, pairs }) => [ipv4, ipv6, ...pairs.map(({ ip }) => ip)]);
}

function macsOf({ mac, pairs }: Guest): string[] {
  return [mac, ...pairs.map((pair) => pair.mac ?? mac)];
}

/** An address counts with the MAC it was given with. */
function isOwnSource({ mac, ipv4, ipv6, pairs }: Guest, srcMac: string, src: string): boolean {
  const own = [
    { ip: ipv4, mac },
    { ip: ipv6, mac },
    { ip: linkLocal(mac), mac },
    ...pairs.map((pair) => ({ mac, ...pair })),
  ];
  const ofPairs = pairs.filter(({ ip }) => ip.includes(':')).map((pair) => pair.mac ?? mac);
  return [...own, ...ofPairs.map((one) => ({ ip: linkLocal(one), mac: one }))].some(
    (one) => one.mac === srcMac && isIn(src, one.ip),
  );
}

function isOwnTarget({ mac, ipv6, pairs }: Guest, target: string): boolean {
  const own = [ipv6, linkLocal(mac), ...pairs.flatMap((pair) => [pair.ip, linkLocal(pair.mac ?? mac)])];
  return own.some((block) => isIn(target, block));
}

function isIn(address: string, block: string): boolean {
  const value = parseAddress(address);
  const alone = parseAddress(block);
  const cidr = alone ? cidrOf(alone, alone.version === 4 ? 32 : 128) : parseCidr(block);
  return value !== null && cidr !== null && cidrHas(cidr, value);
}
