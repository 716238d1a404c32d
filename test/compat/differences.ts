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

function compareLists(recorded: Json[], ours: Json[], renaming: Renaming, place: string): Difference[] {
  const inside = `${place}[]`;
  if (recorded.every((item) => isObject(item) && 'id' in item)) {
    // The order of an unsorted list is by id, and ids differ: pair them by id.
    const rest = [...ours];
    const differences = recorded.flatMap((item) => {
      const at = rest.findIndex((other) => isObject(other) && renaming.apply(String(item.id)) === other.id);
      if (at < 0) return [{ place: inside, recorded: item, ours: undefined }];
      return compare(item, rest.splice(at, 1)[0], renaming, inside);
    });
    return [...differences, ...rest.map((item) => ({ place: inside, recorded: undefined, ours: item }))];
  }
  const length = Math.max(recorded.length, ours.length);
  return Array.from({ length }, (_, at) => compare(recorded[at], ours[at], renaming, inside)).flat();
}

function isObject(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
