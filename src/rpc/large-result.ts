import { setImmediate as endOfTurn } from 'node:timers/promises';

/** Items in the lists of a result from which on it is written piece by piece: about 1 ms of `JSON.stringify`. */
const LARGE = 200;
/** Results are lists of networks with lists of ports at most: deeper ones count as one. */
const DEPTH = 4;
const ITEMS_PER_PIECE = 100;
const TURN_MS = 5;

/** Whether writing a value as JSON in one go would hold the loop. */
export function isLarge(value: unknown): boolean {
  return weigh(value, DEPTH) > LARGE;
}

function weigh(value: unknown, depth: number): number {
  if (depth === 0 || typeof value !== 'object' || value === null) return 1;
  if (Array.isArray(value) && value.length > LARGE) return value.length;
  let weight = 0;
  for (const inner of Object.values(value)) {
    weight += typeof inner === 'object' ? weigh(inner, depth - 1) : 0;
    if (weight > LARGE) break;
  }
  return weight + 1;
}

/**
 * A value as JSON bytes, the same as `JSON.stringify` gives, with other requests between: ten thousand ports are 9 MB of
 * text, 50 ms and more in one go.
 */
export async function encodeInTurns(value: unknown): Promise<Buffer> {
  const buffers: Buffer[] = [];
  let since = performance.now();
  for (const piece of piecesOf(value, DEPTH)) {
    buffers.push(Buffer.from(piece));
    if (performance.now() - since < TURN_MS) continue;
    await endOfTurn();
    since = performance.now();
  }
  return Buffer.concat(buffers);
}

function* piecesOf(value: unknown, depth: number): Generator<string> {
  if (!isPlain(value) || weigh(value, depth) <= LARGE) {
    yield JSON.stringify(value) ?? 'null';
  } else if (!Array.isArray(value)) {
    let mark = '{';
    for (const [key, inner] of Object.entries(value)) {
      if (inner === undefined) continue;
      yield `${mark}${JSON.stringify(key)}:`;
      yield* piecesOf(inner, depth - 1);
      mark = ',';
    }
    yield mark === '{' ? '{}' : '}';
  } else if (value.length > LARGE) {
    for (let start = 0; start < value.length; start += ITEMS_PER_PIECE) {
      const text = JSON.stringify(value.slice(start, start + ITEMS_PER_PIECE));
      yield (start === 0 ? '[' : ',') + text.slice(1, -1);
    }
    yield ']';
  } else {
    for (const [at, inner] of value.entries()) {
      yield at === 0 ? '[' : ',';
      yield* piecesOf(inner, depth - 1);
    }
    yield ']';
  }
}

/** A list or an object whose own keys are all of it; anything else may have its own idea of its JSON. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
