import type { IpVersion } from '../../../lib/ip/address.ts';
import { kernelAddress, kernelCidr, parseBlock } from '../../../lib/ip/kernel-text.ts';
import type { AddressSet, SetChange } from '../../../linux/ipset.ts';
import type { Members } from '../contract.ts';
import { NEW_SET } from './names.ts';

/** The kernel's own default: enough for nearly all groups. */
const LEAST_MAX = 65_536;
/** Up to so many changes are made one by one in the set that is in use. */
const FEW = 64;

export interface WantedSet {
  readonly version: IpVersion;
  readonly entries: ReadonlySet<string>;
}

type Pairs = NonNullable<Members['IPv4']>;
const cache = new WeakMap<Pairs, ReadonlySet<string>>();

/** Addresses as ipset prints them. A set has no entry for "everybody", so that is two halves. What is no address is left out. */
export function setEntries(pairs: Pairs, version: IpVersion): ReadonlySet<string> {
  let entries = cache.get(pairs);
  if (!entries) {
    entries = new Set(pairs.flatMap(([address]) => entryOf(address, version)));
    cache.set(pairs, entries);
  }
  return entries;
}

/** Of a group of thousands most are plain addresses, which are spelled as they must be. */
const plainAddress = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

function entryOf(text: string, version: IpVersion): string[] {
  if (version === 4 && plainAddress.test(text)) return [text];
  const block = parseBlock(text);
  if (block?.version !== version) return [];
  if (block.prefix === 0) return version === 4 ? ['0.0.0.0/1', '128.0.0.0/1'] : ['::/1', '8000::/1'];
  const isOne = block.prefix === (version === 4 ? 32 : 128);
  return [isOne ? kernelAddress(block.first, version) : kernelCidr(block)];
}

/**
 * What makes a set as wanted. Rules that refer to it never see it empty or half full: members come before others go, and a
 * set that changes much (or must become larger than it can) is made beside it and put in its place.
 */
export function planSet(
  name: string,
  wanted: WantedSet,
  have: AddressSet | undefined,
  isRestOfNew = false,
): SetChange | null {
  if (have && (have.type !== 'hash:net' || have.version !== wanted.version)) {
    // Somebody's own under our name. The kernel will not put another kind in its place: it says so, and that is the reason.
    return { name, commands: replacement(name, wanted, isRestOfNew) };
  }
  if (!have)
    return { name, commands: [createCommand(name, wanted), ...[...wanted.entries].map((one) => `add ${name} ${one}`)] };
  const comes = [...wanted.entries].filter((one) => !have.entries.has(one));
  const goes = [...have.entries].filter((one) => !wanted.entries.has(one));
  if (comes.length + goes.length === 0) return null;
  const fits = have.entries.size + comes.length <= have.maxElements;
  if (!fits || comes.length + goes.length > Math.max(FEW, wanted.entries.size / 2)) {
    return { name, commands: replacement(name, wanted, isRestOfNew) };
  }
  return { name, commands: [...comes.map((one) => `add ${name} ${one}`), ...goes.map((one) => `del ${name} ${one}`)] };
}

/** @param isRestOfNew a set of that name was left by an agent that was killed */
function replacement(name: string, wanted: WantedSet, isRestOfNew: boolean): string[] {
  const next = `${name}${NEW_SET}`;
  return [
    ...(isRestOfNew ? [`destroy ${next}`] : []),
    createCommand(next, wanted),
    ...[...wanted.entries].map((one) => `add ${next} ${one}`),
    `swap ${next} ${name}`,
    `destroy ${next}`,
  ];
}

function createCommand(name: string, { version, entries }: WantedSet): string {
  const max = maxElements(entries.size);
  // The kernel doubles the table as it fills, by copying it: a large one starts at its size.
  const size = entries.size > 1024 ? ` hashsize ${powerOfTwo(entries.size)}` : '';
  return `create ${name} hash:net family ${version === 4 ? 'inet' : 'inet6'}${size}${max > LEAST_MAX ? ` maxelem ${max}` : ''}`;
}

/** With room to grow: a set that is full must be made anew. */
export function maxElements(count: number): number {
  return Math.max(LEAST_MAX, powerOfTwo(count * 2));
}

function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}
