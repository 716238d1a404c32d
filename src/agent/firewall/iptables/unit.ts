import type { IpVersion } from '../../../lib/ip/address.ts';
import { chains } from './names.ts';

export type Table = 'filter' | 'raw';
export const tables = ['raw', 'filter'] as const satisfies readonly Table[];

/** A rule in a chain that several ports share; `body` is the rule without `-A CHAIN`, as iptables-save prints it. */
export interface Line {
  readonly table: Table;
  readonly chain: string;
  readonly body: string;
}

/**
 * What one owner (a tap, or a bridge) has in the tables of one family: chains of its own in table filter, whole and in
 * order, and lines in shared chains. Never changed: another state of it is another object.
 */
export interface Unit {
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly lines: readonly Line[];
}

/** The rules of one family, by owner. */
export type Units = ReadonlyMap<string, Unit>;

export type ByVersion<T> = Readonly<Record<IpVersion, T>>;

/** Owner of what a bridge needs once, however many ports it has. No device has a name with a blank. */
export function bridgeOwner(bridge: string): string {
  return `bridge ${bridge}`;
}

export function bridgeOf(owner: string): string | null {
  return owner.startsWith('bridge ') ? owner.slice('bridge '.length) : null;
}

/** Chains that several owners have lines in: their order within top and bottom means nothing. */
const shared: Readonly<Record<Table, readonly string[]>> = {
  filter: [chains.forward, chains.input, chains.groups, chains.from, chains.to],
  raw: [chains.prerouting, chains.output],
};

export function isShared(table: Table, chain: string): boolean {
  return shared[table].includes(chain);
}

export function sharedChains(table: Table): readonly string[] {
  return shared[table];
}

/**
 * Lines that decide for a port come first, then those that end the matter for whoever is left: a frame between a
 * filtered and an open port must pass the filters before it is accepted.
 */
export function isBottom({ chain, body }: Pick<Line, 'chain' | 'body'>): boolean {
  if (chain === chains.input) return body.startsWith('-i brq+ ');
  if (chain === chains.from || chain === chains.to) return body.endsWith('-j DROP');
  return (chain === chains.forward || chain === chains.groups) && body.endsWith('-j ACCEPT');
}

/** Whether something passes: chains of its own judge it, or everything is let through. */
export function isPassing(unit: Unit | undefined): boolean {
  return unit !== undefined && (unit.chains.size > 0 || unit.lines.some(({ body }) => body.endsWith('-j ACCEPT')));
}

/** Whether two lists of rules are the same. */
export function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((body, index) => body === b[index]));
}
