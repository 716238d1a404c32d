import type { Tag } from '../../frames/ethernet.ts';
import { type Carried, type Content, macFor, type Packet } from '../packet.ts';
import { type Guest, world } from '../world.ts';

/** One packet on its way. */
export interface Step {
  from: Guest;
  to: Guest;
  packet: Packet;
  /** Whether it must arrive; if not, it must not. */
  passes: boolean;
}

export interface Case {
  name: string;
  /** In this order: an answer passes because of the question. */
  steps: Step[];
}

type Version = 4 | 6;
interface Ways {
  version?: Version;
  src?: string;
  dst?: string;
  srcMac?: string;
  dstMac?: string;
  tags?: Tag[];
}
type IpWays = Ways & Partial<Omit<Extract<Content, { what: 'ip' }>, 'what' | 'carried'>>;

export const { alice, bob, carol, dave, erin, frank, olaf, gina, server, twin, mimic } = world.guests as Record<
  string,
  Guest
>;

/** Sessions of different cases are different ones. */
let lastPort = 20_000;
export const aPort = () => lastPort++;

/** A list of cases to which cases are added one by one. */
export function caseList() {
  const cases: Case[] = [];
  return {
    cases,
    /** One packet. */
    one(name: string, passes: boolean, from: Guest, to: Guest, packet: Packet): void {
      cases.push({ name, steps: [{ from, to, packet, passes }] });
    },
    /** Packets one after the other. */
    several(name: string, ...steps: [passes: boolean, from: Guest, to: Guest, packet: Packet][]): void {
      cases.push({ name, steps: steps.map(([passes, from, to, packet]) => ({ from, to, packet, passes })) });
    },
  };
}

/** A packet with its sender's own addresses, where `ways` says nothing else. */
export function ip(from: Guest, to: Guest, carried: Carried, ways: IpWays = {}): Packet {
  const { version = 4, srcMac = from.mac, dstMac, tags = [], ...rest } = ways;
  const src = ways.src ?? (version === 4 ? from.ipv4 : from.ipv6);
  const dst = ways.dst ?? (version === 4 ? to.ipv4 : to.ipv6);
  return {
    srcMac,
    dstMac: dstMac ?? macFor(dst, to),
    tags,
    content: { ...rest, what: 'ip', version, src, dst, carried },
  };
}

export const udp = (to: number, from = aPort()): Carried => ({ kind: 'udp', from, to });
export const tcp = (to: number, from = aPort()): Carried => ({ kind: 'tcp', from, to });
export const icmp = (type: number, code = 0): Carried => ({ kind: 'icmp', type, code, id: aPort() });
export const v6 = { version: 6 as const };
