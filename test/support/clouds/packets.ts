import { fileURLToPath } from 'node:url';
import type { EmulatedHost, HostProcess } from '../hosts.ts';
import { until } from '../wait.ts';

const PYTHON = '/usr/bin/python3';

export interface Sending {
  readonly netns: string;
  readonly protocol: 'icmp' | 'tcp' | 'udp';
  readonly to: string;
  readonly port: number | null;
}

/** Where a packet was seen. */
export interface Seen {
  /** Namespaces it arrived in. */
  readonly at: ReadonlySet<string>;
  /** A ping was answered. */
  readonly answered: boolean;
}

/** Guests of one host that send packets and see what arrives. */
export class Packets implements AsyncDisposable {
  readonly #process: HostProcess;
  readonly #seen = new Map<number, { at: Set<string>; answered: boolean }>();
  #ready = false;
  #rest = '';
  #last = 0;

  /** @param namespaces each with a card `eth0` */
  constructor(host: EmulatedHost, namespaces: readonly string[]) {
    const script = fileURLToPath(new URL('./packets.py', import.meta.url));
    this.#process = host.spawn([PYTHON, script, ...namespaces], {
      keepOpen: true,
      onOutput: (text) => this.#take(text),
    });
  }

  async ready(): Promise<void> {
    await until('the packets’ program', () => this.#ready);
  }

  /** @returns its number */
  send({ netns, protocol, to, port }: Sending): number {
    this.#last += 1;
    this.#seen.set(this.#last, { at: new Set(), answered: false });
    this.#process.write(`send ${this.#last} ${netns} ${protocol} ${to} ${port ?? 0}\n`);
    return this.#last;
  }

  seen(number: number): Seen {
    return this.#seen.get(number)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const [word, number, netns, kind] = line.split(' ');
      this.#ready ||= word === 'ready';
      const seen = word === 'got' ? this.#seen.get(Number(number)) : undefined;
      if (kind === 'answer') seen!.answered = true;
      else seen?.at.add(netns!);
    }
  }
}
