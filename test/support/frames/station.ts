import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { EmulatedHost, HostProcess } from '../hosts.ts';
import { patience, until } from '../wait.ts';
import { ethernet, type Tag } from './ethernet.ts';

export interface Place {
  host: EmulatedHost;
  /** A namespace of the host; without it the host itself. */
  netns?: string;
  device: string;
}

/** Local experimental (IEEE 802): frames of ours that are nobody's business. */
const MARK_TYPE = 0x88b5;
const PYTHON = '/usr/bin/python3';
/** All stations are on one CPU, whose queue frames pass in the order they were sent in, whoever sent them. */
const CPU = 0;
/** Devices a frame is queued for on its longest way: through two hosts, a tunnel, and a wire between them. */
const MOST_HOPS = 8;
/** Within this a frame crosses any number of queues; only a machine that stands still needs longer. */
const ARRIVAL_MS = 10_000;

/** The program at one interface or several of a host: it tells each station what arrives there. */
class Program {
  readonly stations: Station[];
  readonly #process: HostProcess;
  #ready = false;
  #rest = '';

  constructor(places: readonly Place[]) {
    this.stations = places.map((place, at) => new Station(place, (word, rest) => this.#write(word, at, rest)));
    const script = fileURLToPath(new URL('./station.py', import.meta.url));
    const names = places.map(({ netns, device }) => (netns === undefined ? device : `${netns}/${device}`));
    // Without its site, half of its start.
    this.#process = places[0]!.host.spawn([PYTHON, '-IS', script, String(CPU), ...names], {
      keepOpen: true,
      onOutput: (text) => this.#take(text),
    });
    // It may end with its host.
    const end = () => {
      for (const station of this.stations) station.take('closed', []);
    };
    this.#process.finished.then(end, end);
  }

  async whenReady(): Promise<void> {
    await until('stations', () => {
      if (!this.#process.running) throw new Error(this.#process.output);
      return this.#ready;
    });
  }

  #write(word: string, at: number, rest: string): void {
    this.#process.write(`${word} ${at} ${rest}\n`);
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const [word = '', at, ...rest] = line.split(' ');
      if (word === 'ready') this.#ready = true;
      else this.stations[Number(at)]?.take(word, rest);
    }
  }
}

/**
 * Sends frames on one interface, byte for byte, and keeps all that arrive there: what a guest that has its own kernel
 * can do. It stays open between cases, so that one costs a millisecond or two.
 *
 *     await using guest = await openStation({ host, netns: 'guest1', device: 'eth0' });
 *     await guest.send(gratuitousArp(mac, ip));
 *     guest.received
 */
export class Station implements AsyncDisposable {
  readonly place: Place;
  /** All that arrived since `clear`, oldest first, tags in their places. */
  received: Buffer[] = [];
  readonly #write: (word: string, rest: string) => void;
  readonly #calls = new Map<number, { resolve(): void; reject(error: Error): void }>();
  readonly #awaited = new Map<string, () => void>();
  readonly #closed = Promise.withResolvers<void>();
  #lastId = 0;

  constructor(place: Place, write: (word: string, rest: string) => void) {
    this.place = place;
    this.#write = write;
  }

  /** @throws Error with the kernel's reason: the device is down, a frame is too long */
  send(...frames: readonly Buffer[]): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    const sent = new Promise<void>((resolve, reject) => this.#calls.set(id, { resolve, reject }));
    this.#write('send', `${id} ${frames.map((frame) => frame.toString('hex')).join(' ')}`);
    return sent;
  }

  /** Resolves when this frame comes. @throws Error when it does not within 10 s (of a machine that is not emulated) */
  arrival(frame: Buffer): Promise<void> {
    const key = frame.toString('hex');
    return new Promise((resolve, reject) => {
      const { netns, host, device } = this.place;
      const fail = () => reject(new Error(`${netns ?? host.name}/${device}: a frame did not arrive: ${key}`));
      const timer = setTimeout(fail, ARRIVAL_MS * patience);
      this.#awaited.set(key, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  clear(): void {
    this.received = [];
  }

  /** As if this frame had not come. */
  forget(frame: Buffer): void {
    this.received = this.received.filter((one) => !one.equals(frame));
  }

  /** Filters of packets cut off what fills a short frame. */
  has(frame: Buffer): boolean {
    return this.received.some((one) => {
      const rest = frame.subarray(one.length);
      return one.equals(frame.subarray(0, one.length)) && rest.every((byte) => byte === 0);
    });
  }

  async close(): Promise<void> {
    this.#write('close', '');
    await this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What the program says of this one. */
  take(word: string, [first = '', ...more]: readonly string[]): void {
    if (word === 'got') this.#arrived(first);
    else if (word === 'sent') this.#finish(Number(first))?.resolve();
    else if (word === 'failed') this.#finish(Number(first))?.reject(new Error(`cannot send: ${more.join(' ')}`));
    else if (word === 'closed') this.#closed.resolve();
  }

  #arrived(hex: string): void {
    this.received.push(Buffer.from(hex, 'hex'));
    this.#awaited.get(hex)?.();
    this.#awaited.delete(hex);
  }

  #finish(id: number) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }
}

/** @param place where frames are sent and recorded */
export async function openStation(place: Place): Promise<Station> {
  return (await openStations([place]))[0]!;
}

/** @param places on one host, which one program serves */
export async function openStations(places: readonly Place[]): Promise<Station[]> {
  const program = new Program(places);
  await program.whenReady();
  return program.stations;
}

/** What listens, and can be asked whether something came. */
export type Listener = Pick<Station, 'arrival' | 'forget'>;

/**
 * Waits until all that was sent before has arrived, or never will. `injector` is a station of the host on the outer end
 * of the listener's card (the tap): behind every filter, so a mark of its own arrives in any case. Each mark that has come
 * through shows that everything queued before it has moved on by at least one device.
 */
export async function settled(listener: Listener, injector: Station): Promise<void> {
  for (let hop = 0; hop < MOST_HOPS; hop += 1) await crossed(injector, [listener]);
}

/** Sends a mark, and waits until it has arrived at all listeners. */
export async function crossed(
  injector: Station,
  listeners: readonly Listener[],
  tags: readonly Tag[] = [],
): Promise<void> {
  const mark = ethernet({ src: '02:00:00:00:00:01', type: MARK_TYPE, tags }, randomBytes(46));
  const arrived = listeners.map((listener) => listener.arrival(mark));
  await injector.send(mark);
  await Promise.all(arrived);
  for (const listener of listeners) listener.forget(mark);
}
