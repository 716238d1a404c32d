import { etherTypes } from '../frames/ethernet.ts';
import { type Station, settled } from '../frames/station.ts';
import type { Case } from './cases.ts';
import { framesOf } from './packet.ts';
import type { Guest } from './world.ts';

/** Where a guest is: its card, and a station of the host at the outer end of it. */
export interface Spot {
  guest: Guest;
  card: Station;
  outside: Station;
}

/** Next header of IPv6. */
const FRAGMENT = 44;

/** Fragments of different packets may not look like those of one. */
let salt = 1;

/**
 * Sends what the cases say and looks what arrives: at whom it is for, and at guests of other networks, where nothing of it
 * may ever be.
 *
 * @param spots by guest
 * @returns a line for each step that went otherwise
 */
export async function misbehaviour(cases: readonly Case[], spots: ReadonlyMap<string, Spot>): Promise<string[]> {
  const wrong: string[] = [];
  for (const { name, steps } of cases) {
    for (const [at, { from, to, packet, passes }] of steps.entries()) {
      salt += 1;
      const frames = framesOf(packet, salt);
      const strangers = [...spots].filter(([name, { guest }]) => guest.network !== from.network && name !== to.name);
      const listeners = [[to.name, spots.get(to.name)!] as const, ...strangers];
      for (const [, { card }] of listeners) card.clear();
      await spots.get(from.name)!.card.send(...frames);
      await Promise.all(listeners.map(([, { card, outside }]) => settled(card, outside)));
      const arrived = frames.filter((frame) => has(spots.get(to.name)!.card, frame)).length;
      const where = `${name}${steps.length > 1 ? ` (step ${at + 1})` : ''}: ${from.name} to ${to.name}`;
      if (passes && arrived < frames.length) wrong.push(`${where}: ${arrived} of ${frames.length} frames arrived`);
      if (!passes && arrived > 0) wrong.push(`${where}: arrived, and must not`);
      for (const [guest, { card }] of strangers) {
        if (frames.some((frame) => has(card, frame))) wrong.push(`${where}: arrived at ${guest}, in another network`);
      }
    }
  }
  return wrong;
}

function has(card: Station, frame: Buffer): boolean {
  const wanted = withoutFragmentId(frame);
  return card.received.some((one) => {
    const arrived = withoutFragmentId(one);
    return (
      arrived.equals(wanted.subarray(0, arrived.length)) && wanted.subarray(arrived.length).every((byte) => byte === 0)
    );
  });
}

/** Fragments are put together for the filters and cut again: those of IPv6 by a number of this host's choice. */
function withoutFragmentId(frame: Buffer): Buffer {
  const isFragment = frame.readUInt16BE(12) === etherTypes.ipv6 && frame[20] === FRAGMENT;
  return isFragment ? Buffer.concat([frame.subarray(0, 58), Buffer.alloc(4), frame.subarray(62)]) : frame;
}
