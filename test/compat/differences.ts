import type { Json } from '../support/api.ts';
import type { RecordedPair, Recording } from './recording.ts';
import type { Renaming } from './renaming.ts';

/** A place in an answer where ours differs from the recorded one. */
export interface Difference {
  /** `network.mtu`, `ports[].binding:vif_details.port_filter`, `status`. */
  place: string;
  recorded: Json;
  ours: Json;
}

export interface AllowedDifference {
  /** Pairs it applies to. */
  pairs?: (pair: RecordedPair, recording: Recording) => boolean;
  /** Places, without list positions. */
  place: RegExp;
  /** What may stand there, on both sides. */
  when?: (recorded: Json, ours: Json) => boolean;
  because: string;
}

/** Lists of ids alone, in no order. */
const idList = /(^|\.|\])(subnets|security_groups)$/;

/** Rules in their group: new ones are in the order of ids that nobody chose. */
const ruleList = /\.security_group_rules$/;

const poolList = /(^|\.)allocation_pools$/;

/** Where a server tells an address that it may have chosen itself. */
const chosenAddress = /fixed_ips\[\]\.ip_address$/;

/** All places where two values differ under the renaming; a missing key is `undefined`. Lists of objects with ids are compared by id. */
export function compare(recorded: Json, ours: Json, renaming: Renaming, place = ''): Difference[] {
  if (Array.isArray(recorded) && Array.isArray(ours)) return compareLists(recorded, ours, renaming, place);
  if (isObject(recorded) && isObject(ours)) {
    const keys = new Set([...Object.keys(recorded), ...Object.keys(ours)]);
    // Ids first: they name the object in what follows.
    const ordered = [...keys].sort((a, b) => Number(b === 'id') - Number(a === 'id'));
    return ordered.flatMap((key) =>
      compare(recorded[key], ours[key], renaming, place === '' ? key : `${place}.${key}`),
    );
  }
  if (typeof recorded === 'string' && typeof ours === 'string') {
    const agree = chosenAddress.test(place) ? renaming.agreesAddress(recorded, ours) : renaming.agrees(recorded, ours);
    return agree ? [] : [{ place, recorded, ours }];
  }
  return Object.is(recorded, ours) ? [] : [{ place, recorded, ours }];
}

/** What names an object in a list: its order there is nobody's promise. */
function nameOf(item: Json): string | null {
  if (!isObject(item)) return null;
  const { id, alias, collection, network_name, network_id, subnet_name, subnet_id } = item;
  // The use of networks and subnets goes by their ids.
  const used = network_name !== undefined ? network_id : subnet_name !== undefined ? subnet_id : null;
  return id ?? alias ?? collection ?? used;
}

function compareLists(recorded: Json[], ours: Json[], renaming: Renaming, place: string): Difference[] {
  const inside = `${place}[]`;
  const named = recorded.length > 0 && recorded.every((item) => nameOf(item) !== null);
  // What was just made (a bulk create) comes back in the order of the request, and its ids are learnt here.
  const made = named && recorded.length === ours.length && recorded.every((item) => !renaming.knows(nameOf(item)!));
  if (named && !made) {
    const rest = [...ours];
    const differences = recorded.flatMap((item) => {
      const at = rest.findIndex((other) => renaming.apply(nameOf(item)!) === nameOf(other));
      if (at < 0) return [{ place: inside, recorded: item, ours: undefined }];
      return compare(item, rest.splice(at, 1)[0], renaming, inside);
    });
    return [...differences, ...rest.map((item) => ({ place: inside, recorded: undefined, ours: item }))];
  }
  if (idList.test(place) && [...recorded, ...ours].every((id) => typeof id === 'string')) {
    const unknown = recorded.filter((id) => !renaming.knows(id));
    const mine = ours.filter((id) => !recorded.some((other) => renaming.apply(other) === id));
    // One that no answer told of before (a default group) can only be the one of ours that is left over.
    if (unknown.length === 1 && mine.length === 1) renaming.agrees(unknown[0], mine[0]);
    const [a, b] = [recorded.map((id) => renaming.apply(id)).sort(), [...ours].sort()];
    return a.join() === b.join() ? [] : [{ place, recorded, ours }];
  }
  // The recorded server lists several pools in the order of random ids that nobody sees.
  const [theirs, own] = poolList.test(place)
    ? [byStart(recorded), byStart(ours)]
    : ruleList.test(place)
      ? [byMatch(recorded), byMatch(ours)]
      : [recorded, ours];
  return comparePositions(theirs, own, renaming, inside);
}

function byMatch(rules: Json[]): Json[] {
  const text = ({ direction, ethertype, protocol, port_range_min }: Json) =>
    [direction, ethertype, protocol, port_range_min].join(' ');
  return rules.toSorted((a, b) => text(a).localeCompare(text(b)));
}

function byStart(pools: Json[]): Json[] {
  return pools.toSorted((a, b) => String(a?.start).localeCompare(String(b?.start)));
}

function comparePositions(recorded: Json[], ours: Json[], renaming: Renaming, inside: string): Difference[] {
  const length = Math.max(recorded.length, ours.length);
  return Array.from({ length }, (_, at) => compare(recorded[at], ours[at], renaming, inside)).flat();
}

function isObject(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
