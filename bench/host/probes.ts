import { join } from 'node:path';
import { bridgeName } from '../../src/lib/names.ts';
import type { Port } from '../../src/resources/shapes.ts';
import type { EmulatedHost, HostProcess } from '../../test/support/hosts.ts';
import { until } from '../../test/support/wait.ts';
import type { Served } from './start.ts';
import { cardName, GUESTS } from './taps.ts';

/** UDP ports the guests listen on. */
export const PROBE_PORTS = { from: 7001, to: 7060 } as const;
const PROGRAM = join(import.meta.dirname, 'probe-worker.ts');
const WAIT = { timeoutMs: 60_000, everyMs: 1 };

interface Listener {
  readonly port: Port;
  readonly process: HostProcess;
  /** When the first datagram to a port came, by port. */
  readonly arrivals: Map<number, number>;
}

/**
 * Guests behind some of a host's ports, and a station on the network that is nobody's port: it sends to all of them every
 * millisecond, and each says when the first datagram came through.
 */
export class Probes {
  /** Of the station. */
  readonly address: string;
  readonly #listeners: readonly Listener[];
  readonly #sender: HostProcess;

  private constructor(parts: { address: string; listeners: readonly Listener[]; sender: HostProcess }) {
    this.address = parts.address;
    this.#listeners = parts.listeners;
    this.#sender = parts.sender;
  }

  /** @param count of probed ports: the first, the last, and some between */
  static async set({ host, ports, ground }: Served, { address, count }: { address: string; count: number }) {
    const step = (ports.length - 1) / Math.max(1, count - 1);
    const probed = Array.from({ length: count }, (_, at) => ports[Math.round(at * step)]!);
    const mac = '52:54:00:0b:e0:01';
    for (const [at, port] of probed.entries()) {
      const netns = `probed${at}`;
      await host.ipBatch([`netns add ${netns}`]);
      await host.ipBatch([`link set ${cardName(port)} netns ${netns}`], GUESTS);
      await host.ipBatch(
        [
          'link set lo up',
          `link set ${cardName(port)} name eth0 address ${port.mac_address} up`,
          `addr add ${addressOf(port)}/12 dev eth0`,
          `neigh replace ${address} lladdr ${mac} dev eth0 nud permanent`,
        ],
        netns,
      );
    }
    const bridge = bridgeName(ground.network.id);
    await host.ipBatch([
      'netns add outside',
      'link add outside0 type veth peer name eth9 netns outside',
      `link set outside0 master ${bridge} up`,
    ]);
    await host.ipBatch(
      [
        `link set eth9 address ${mac} up`,
        `addr add ${address}/12 dev eth9`,
        ...probed.map((port) => `neigh replace ${addressOf(port)} lladdr ${port.mac_address} dev eth9 nud permanent`),
      ],
      'outside',
    );
    const listeners = await Promise.all(probed.map((port, at) => listen(host, `probed${at}`, port)));
    const sender = host.spawn([process.execPath, PROGRAM, 'send', ...probed.map(addressOf)], {
      netns: 'outside',
      keepOpen: true,
    });
    await until('the sender is ready', () => sender.output.includes('ready'), WAIT);
    return new Probes({ address, listeners, sender });
  }

  /**
   * Datagrams to this port go to all guests until they have come through everywhere.
   *
   * @param change what opens the way; datagrams are sent before it begins
   * @returns ms from the beginning of `change` until the last guest had one
   */
  async timeTo(port: number, change: () => Promise<unknown>): Promise<number> {
    for (const { process, arrivals } of this.#listeners) {
      arrivals.delete(port);
      process.write(`arm ${port}\n`);
    }
    await until(
      'all listen',
      () => this.#listeners.every(({ process }) => process.output.includes(`armed ${port}`)),
      WAIT,
    );
    this.#sender.write(`send ${port}\n`);
    // What comes through now would make the rest meaningless.
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (this.#listeners.some(({ arrivals }) => arrivals.has(port)))
      throw new Error(`datagrams to port ${port} come through before anything allows them`);
    const from = performance.timeOrigin + performance.now();
    await change();
    const all = () => this.#listeners.every(({ arrivals }) => arrivals.has(port));
    try {
      await until(`datagrams to port ${port} come through at all guests`, all, WAIT);
    } finally {
      this.#sender.write('stop\n');
    }
    return Math.max(...this.#listeners.map(({ arrivals }) => arrivals.get(port)!)) - from;
  }

  async close(): Promise<void> {
    for (const process of [this.#sender, ...this.#listeners.map((listener) => listener.process)]) await process.stop();
  }
}

async function listen(host: EmulatedHost, netns: string, port: Port): Promise<Listener> {
  const arrivals = new Map<number, number>();
  const range = [String(PROBE_PORTS.from), String(PROBE_PORTS.to)];
  const process_ = host.spawn([process.execPath, PROGRAM, 'listen', addressOf(port), ...range], {
    netns,
    keepOpen: true,
    onOutput: (text) => {
      for (const [, to, at] of text.matchAll(/^arrived (\d+) ([\d.]+)$/gm)) arrivals.set(Number(to), Number(at));
    },
  });
  await until('a guest listens', () => process_.output.includes('ready'), WAIT);
  return { port, process: process_, arrivals };
}

function addressOf(port: Port): string {
  return port.fixed_ips[0]!.ip_address;
}
