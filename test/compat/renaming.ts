import { isIP } from 'node:net';
import type { Json } from '../support/api.ts';

/** Ids with and without dashes, and MAC addresses as servers generate them. */
const id =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g;
const address = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)/g;
const time = /\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}Z?/g;

/**
 * What the two servers each made up (ids, MAC addresses, addresses from a pool) under the other's name. Learnt from answers,
 * one to one: the same recorded id must be the same of ours ever after, and no two may fall together.
 */
export class Renaming {
  readonly #ours = new Map<string, string>();
  readonly #recorded = new Map<string, string>();

  /** @throws Error when either is known under another name */
  learn(recorded: string, ours: string): void {
    const known = this.#ours.get(recorded);
    const back = this.#recorded.get(ours);
    if ((known ?? ours) !== ours || (back ?? recorded) !== recorded) {
      throw new Error(`${recorded} is ${ours} now, and was ${known ?? `that of ${back}`}`);
    }
    this.#ours.set(recorded, ours);
    this.#recorded.set(ours, recorded);
  }

  /** For what was removed and made anew. */
  forget(recorded: string): void {
    const ours = this.#ours.get(recorded);
    this.#ours.delete(recorded);
    if (ours !== undefined) this.#recorded.delete(ours);
  }

  knows(recorded: string): boolean {
    return this.#ours.has(recorded);
  }

  /** The text with every known name replaced by ours. */
  apply(text: string): string {
    const rename = (name: string) => this.#ours.get(name) ?? name;
    return text.replace(id, rename).replace(address, rename);
  }

  applyTo(value: Json): Json {
    return value === undefined ? undefined : JSON.parse(this.apply(JSON.stringify(value)));
  }

  /** Compares two texts under the renaming and learns ids that are new. Times must both be times. */
  agrees(recorded: string, ours: string): boolean {
    const [a, b] = [this.apply(recorded).replace(time, shape), ours.replace(time, shape)];
    const [names, others] = [a.match(id) ?? [], b.match(id) ?? []];
    if (names.length !== others.length || a.replace(id, '#') !== b.replace(id, '#')) return false;
    return names.every((name, at) => name === others[at] || this.#learnNew(name, others[at]!));
  }

  /** For addresses that the server chose from a pool. */
  agreesAddress(recorded: string, ours: string): boolean {
    if (this.apply(recorded) === ours) return true;
    return isIP(recorded) !== 0 && isIP(recorded) === isIP(ours) && this.#learnNew(recorded, ours);
  }

  #learnNew(recorded: string, ours: string): boolean {
    const taken = this.#ours.has(recorded) || this.#recorded.has(recorded) || this.#recorded.has(ours);
    if (taken || recorded.includes(':') !== ours.includes(':')) return false;
    this.learn(recorded, ours);
    return true;
  }
}

/** A time's format without its digits: `2026-11-23T03:26:59Z` and `2026-11-23 03:26:59` are two shapes. */
function shape(text: string): string {
  return text.replace(/\d/g, '9');
}
