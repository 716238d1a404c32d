import { causedBy } from '../lib/cause.ts';
import { adminContext, type Context } from '../lib/context.ts';
import { findMethod } from './dispatch.ts';
import { newStatistics } from './statistics.ts';
import { type Endpoint, type Listener, MessagingTimeout, type Target, type Transport } from './transport.ts';

/** One message that went through a `FakeTransport`. */
export interface SentMessage {
  kind: 'call' | 'cast';
  topic: string;
  server?: string;
  fanout?: boolean;
  version?: string;
  method: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into arguments of every method
  args: any;
  context: Context;
}

/** Answers calls by method name: a value, or a function of the arguments (which may throw). */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of any method
export type Answers = Record<string, unknown | ((args: any, target: Target) => unknown)>;

interface FakeListener {
  topic: string;
  server: string;
  endpoints: readonly Endpoint[];
}

/**
 * A transport for tests: keeps what was sent, answers calls from a table, else from listeners on the same fake, else with
 * MessagingTimeout at once. `tell` plays the other side, `reconnect` a connection that came back.
 */
export class FakeTransport implements Transport {
  readonly sent: SentMessage[] = [];
  readonly listeners: FakeListener[] = [];
  /** Whether others listen to a topic; nobody does until a test says so. */
  hears: (topic: string) => boolean = () => false;
  readonly #reconnected = new Set<() => void>();
  #answers: Answers;

  constructor(answers: Answers = {}) {
    this.#answers = answers;
  }

  /** Adds answers, or replaces those of the same method. */
  answer(answers: Answers): void {
    this.#answers = { ...this.#answers, ...answers };
  }

  /** Arguments of every message of one method, in order. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into arguments of every method
  argsOf(method: string): any[] {
    return this.sent.filter((message) => message.method === method).map((message) => message.args);
  }

  async call(
    target: Target,
    method: string,
    args: Record<string, unknown>,
    context: Context,
    options: { timeoutMs?: number } = {},
  ): Promise<unknown> {
    this.sent.push({ kind: 'call', ...target, method, args: copy(args), context });
    if (method in this.#answers) {
      const answer = this.#answers[method];
      return copy(await (typeof answer === 'function' ? answer(copy(args), target) : answer));
    }
    const listener = this.#reach(target)[0];
    if (!listener) throw new MessagingTimeout(method, target, options.timeoutMs ?? 60_000);
    return copy(await served(listener, method, args, context, target));
  }

  async cast(
    target: Target & { fanout?: boolean },
    method: string,
    args: Record<string, unknown>,
    context: Context,
  ): Promise<void> {
    this.sent.push({ kind: 'cast', ...target, method, args: copy(args), context });
    const reached = this.#reach(target);
    for (const listener of target.fanout ? reached : reached.slice(0, 1)) {
      await served(listener, method, args, context, target);
    }
  }

  async listen(topic: string, server: string, endpoints: readonly Endpoint[]): Promise<Listener> {
    const listener = { topic, server, endpoints };
    this.listeners.push(listener);
    return {
      close: async () => {
        const index = this.listeners.indexOf(listener);
        if (index >= 0) this.listeners.splice(index, 1);
      },
    };
  }

  readonly awayMs = 0;
  readonly statistics = newStatistics();
  readonly callsUnderWay = 0;

  onReconnect(callback: () => void): () => void {
    this.#reconnected.add(callback);
    return () => this.#reconnected.delete(callback);
  }

  waitNoMore(): void {}

  async close(): Promise<void> {
    this.listeners.length = 0;
    this.#reconnected.clear();
  }

  /** Invokes a method of whoever listens on a topic, as a message from the other side would; its result. */
  async tell(topic: string, method: string, args: Record<string, unknown>, context = adminContext()): Promise<unknown> {
    const listener = this.listeners.find((candidate) => candidate.topic === topic);
    if (!listener) throw new Error(`nobody listens on ${topic}`);
    // What there is for one namespace alone is meant, without more words.
    const [only, ...more] = new Set(listener.endpoints.map(({ namespace }) => namespace));
    const target = { topic, ...(only !== undefined && more.length === 0 && { namespace: only }) };
    return copy(await served(listener, method, args, context, target));
  }

  /** The connection was lost and came back. */
  reconnect(): void {
    for (const callback of this.#reconnected) callback();
  }

  #reach(target: Target): FakeListener[] {
    return this.listeners.filter(
      ({ topic, server }) => topic === target.topic && (target.server === undefined || server === target.server),
    );
  }
}

function served(
  { endpoints }: FakeListener,
  method: string,
  args: Record<string, unknown>,
  context: Context,
  { version, namespace }: Target,
): Promise<unknown> {
  const asked = { method, ...(version !== undefined && { version }), ...(namespace !== undefined && { namespace }) };
  return causedBy([context], () => findMethod(endpoints, asked)(copy(args), context));
}

/** Messages are data: neither side may see the other's objects. */
function copy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
