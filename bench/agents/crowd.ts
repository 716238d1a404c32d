import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface CrowdMember {
  readonly host: string;
  readonly number: number;
  /** Ports that are wired on its host. */
  readonly ports: readonly string[];
}

export interface CrowdCounts {
  /** Messages that arrived, by topic, over all agents; replies aside. */
  readonly deliveries: Readonly<Record<string, number>>;
  /** Since these were asked for the last time; NaN when nothing came. */
  readonly firstDeliveryMs: number;
  readonly lastDeliveryMs: number;
  readonly beats: number;
  /** Agents that will look at something soon, or wait for an answer. */
  readonly busy: number;
  readonly timeouts: number;
  readonly failures: number;
  readonly firstFailure: string | null;
}

/** What the process of agents does when told. */
export interface CrowdOrders {
  connect: { args: { transportUrl: string; reportIntervalMs: number }; result: unknown };
  listen: { args: { members: readonly CrowdMember[] }; result: unknown };
  start: { args: { hosts: readonly string[]; overMs: number }; result: number[] };
  startDhcp: { args: { host: string }; result: unknown };
  plug: { args: { host: string; port: string }; result: unknown };
  counts: { args: object; result: CrowdCounts };
  stop: { args: object; result: unknown };
}

export interface CrowdOrder {
  readonly id: number;
  readonly order: keyof CrowdOrders;
  readonly args: unknown;
}

export type CrowdEvent =
  | { event: 'done'; id: number; result: unknown }
  | { event: 'failed'; id: number; error: string }
  | { event: 'port_update'; host: string; port: string; atMs: number };

/** The simulated agents, in a process of their own, so that their CPU time is nobody else's. */
export class Crowd implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #last = 0;
  /** Called when an agent was told of its port; `atMs` is of the machine's monotonic clock. */
  onPortUpdate: (port: string, atMs: number) => void = () => {};

  constructor() {
    this.#process = fork(fileURLToPath(new URL('./crowd-worker.ts', import.meta.url)), { serialization: 'advanced' });
    this.#process.on('message', (message) => this.#take(message as CrowdEvent));
    this.#process.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the agents' process ended with code ${code}`));
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** @throws Error when it fails there, or the process ends */
  async ask<K extends keyof CrowdOrders>(order: K, args: CrowdOrders[K]['args']): Promise<CrowdOrders[K]['result']> {
    this.#last += 1;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#last, waiting);
    this.#process.send({ id: this.#last, order, args } satisfies CrowdOrder);
    return (await waiting.promise) as CrowdOrders[K]['result'];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode } = this.#process;
    if (exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }

  #take(message: CrowdEvent): void {
    if (message.event === 'port_update') {
      this.onPortUpdate(message.port, message.atMs);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.event === 'done') waiting?.resolve(message.result);
    else waiting?.reject(new Error(message.error));
  }
}
