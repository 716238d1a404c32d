import { etherTypes } from '../frames/ethernet.ts';
import { type Listener, type Station, settled } from '../frames/station.ts';
import type { Case, Step } from './cases.ts';
import { framesOf } from './packet.ts';
import type { Guest } from './world.ts';

/** A card of a guest, or what a guest sees as one. */
export interface Card extends Listener, Pick<Station, 'send' | 'clear' | 'close'> {
  readonly received: readonly Buffer[];
}

/** Where a guest is: its card, and a station of the host at the outer end of it. */
export interface Spot {
  guest: Guest;
  card: Card;
  outside: Station;
}

/** Next header of IPv6. */
const FRAGMENT = 44;

/** Fragments of different packets may not look like those of one. */
let salt = 1;

/** How cases are run. */
export interface Running {
  /** Packets on their way at a time; the default is one. */
  readonly atOnce?: number;
  /** Settles when all that was sent has arrived, or never will. */
  readonly settle?: (listeners: readonly Spot[]) => Promise<void>;
}

interface Sent extends Step {
  readonly where: string;
  readonly frames: readonly Buffer[];
}

/**
 * Sends what the cases say and looks what arrives: at whom it is for, and at guests of other networks, where nothing of it
 * may ever be.
 *
 * @param spots by guest
 * @returns a line for each step that went otherwise
 */
export async function misbehaviour(
  cases: readonly Case[],
  spots: ReadonlyMap<string, Spot>,
  { atOnce = 1, settle = settleEach }: Running = {},
): Promise<string[]> {
  const wrong: string[] = [];
  for (const wave of wavesOf(cases, atOnce)) {
    const listeners = [...spots].filter(([name]) => wave.some((step) => isListener(step, name, spots)));
    for (const [, { card }] of listeners) card.clear();
    await Promise.all(wave.map(({ from, frames }) => spots.get(from.name)!.card.send(...frames)));
    await settle(listeners.map(([, spot]) => spot));
    for (const sent of wave) wrong.push(...judged(sent, spots));
  }
  return wrong;
}

async function settleEach(listeners: readonly Spot[]): Promise<void> {
  await Promise.all(listeners.map(({ card, outside }) => settled(card, outside)));
}

function isStranger({ from, to }: Step, name: string, spots: ReadonlyMap<string, Spot>): boolean {
  return spots.get(name)!.guest.network !== from.network && name !== to.name;
}

const isListener = (step: Step, name: string, spots: ReadonlyMap<string, Spot>) =>
  name === step.to.name || isStranger(step, name, spots);

function judged(sent: Sent, spots: ReadonlyMap<string, Spot>): string[] {
  const { to, frames, passes, where } = sent;
  const wrong: string[] = [];
  const arrived = frames.filter((frame) => has(spots.get(to.name)!.card, frame)).length;
  if (passes && arrived < frames.length) wrong.push(`${where}: ${arrived} of ${frames.length} frames arrived`);
  if (!passes && arrived > 0) wrong.push(`${where}: arrived, and must not`);
  for (const [guest, { card }] of spots) {
    if (!isStranger(sent, guest, spots)) continue;
    if (frames.some((frame) => has(card, frame))) wrong.push(`${where}: arrived at ${guest}, in another network`);
  }
  return wrong;
}

/**
 * The steps of all cases, so many at a time: those of one case one after the other, and frames that look alike never at the
 * same time, since nobody could tell whose arrived.
 */
function* wavesOf(cases: readonly Case[], atOnce: number): Generator<Sent[]> {
  let rest = cases.flatMap(({ name, steps }) => (steps.length > 0 ? [{ name, steps, at: 0 }] : []));
  while (rest.length > 0) {
    const wave: Sent[] = [];
    const seen = new Set<string>();
    const later: typeof rest = [];
    for (const one of rest) {
      const { name, steps, at } = one;
      const step = steps[at]!;
      const frames = wave.length < atOnce ? framesOf(step.packet, salt + 1) : [];
      const keys = frames.map((frame) => withoutFragmentId(frame).toString('hex'));
      if (frames.length === 0 || keys.some((key) => seen.has(key))) {
        later.push(one);
        continue;
      }
      salt += 1;
      for (const key of keys) seen.add(key);
      const where = `${name}${steps.length > 1 ? ` (step ${at + 1})` : ''}: ${step.from.name} to ${step.to.name}`;
      wave.push({ ...step, frames, where });
      if (at + 1 < steps.length) later.push({ ...one, at: at + 1 });
    }
    yield wave;
    rest = later;
  }
}

function has(card: Card, frame: Buffer): boolean {
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
