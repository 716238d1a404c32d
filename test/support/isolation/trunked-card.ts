import type { Station } from '../frames/station.ts';
import type { Card } from './run.ts';

const TAG = 0x8100;
/** Behind the two MACs. */
const AT = 12;

/**
 * A sub-port as its guest has it: what goes out on the card of the parent gets the sub-port's tag, and what comes in with it is
 * the sub-port's. The parent itself has what comes with no sub-port's tag.
 */
export class TrunkedCard implements Card {
  readonly #parent: Station;
  readonly #vid: number | null;
  readonly #others: readonly number[];

  /**
   * @param vid of the sub-port; null for the parent
   * @param others of all sub-ports
   */
  constructor(parent: Station, vid: number | null, others: readonly number[] = []) {
    this.#parent = parent;
    this.#vid = vid;
    this.#others = others;
  }

  get received(): readonly Buffer[] {
    const frames = this.#parent.received;
    if (this.#vid === null) return frames.filter((frame) => !this.#others.includes(vidOf(frame) ?? -1));
    const own = frames.filter((frame) => vidOf(frame) === this.#vid);
    return own.map((frame) => Buffer.concat([frame.subarray(0, AT), frame.subarray(AT + 4)]));
  }

  send(...frames: readonly Buffer[]): Promise<void> {
    if (this.#vid === null) return this.#parent.send(...frames);
    const tag = Buffer.alloc(4);
    tag.writeUInt16BE(TAG, 0);
    tag.writeUInt16BE(this.#vid, 2);
    return this.#parent.send(...frames.map((frame) => Buffer.concat([frame.subarray(0, AT), tag, frame.subarray(AT)])));
  }

  /** Of a mark, which has no tag. */
  arrival(frame: Buffer): Promise<void> {
    return this.#parent.arrival(frame);
  }

  forget(frame: Buffer): void {
    this.#parent.forget(frame);
  }

  clear(): void {
    this.#parent.clear();
  }

  close(): Promise<void> {
    return this.#parent.close();
  }
}

function vidOf(frame: Buffer): number | null {
  return frame.readUInt16BE(AT) === TAG ? frame.readUInt16BE(AT + 2) & 0xfff : null;
}
