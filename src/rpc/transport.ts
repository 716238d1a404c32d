import type { Context } from '../lib/context.ts';
import type { TransportStatistics } from './statistics.ts';

/**
 * How programs call each other, whatever carries it: the local bus or RabbitMQ, the same messages on both.
 * Topics, servers, fan-out and versions are oslo.messaging's.
 */
export interface Transport {
  /**
   * Calls a method and waits for its result.
   * @throws RemoteError what the method threw; MessagingTimeout nobody answered in `timeoutMs` (60 s when not given)
   */
  call(
    target: Target,
    method: string,
    args: Record<string, unknown>,
    context: Context,
    options?: { timeoutMs?: number },
  ): Promise<unknown>;
  /** Sends without waiting for anybody; `fanout` reaches every listener of the topic, else one of them. */
  cast(
    target: Target & { fanout?: boolean },
    method: string,
    args: Record<string, unknown>,
    context: Context,
  ): Promise<void>;
  /**
   * Whether anybody may hear what is said on a topic. Absent: somebody may. The local bus knows its listeners, a broker's are
   * nobody's business.
   */
  hears?(topic: string): boolean;
  /** Serves methods on a topic under a server name until the listener is closed; again after every reconnect. */
  listen(topic: string, server: string, endpoints: readonly Endpoint[]): Promise<Listener>;
  /**
   * Called whenever what was said to this program may have been lost: the connection comes back after it was lost, or its
   * queues had been deleted. Time for a full sync. Returns an unsubscribe function.
   */
  onReconnect(callback: () => void): () => void;
  /** For how many milliseconds there has been no connection; 0 while there is one. */
  readonly awayMs: number;
  readonly statistics: TransportStatistics;
  /** Calls that wait for their answer. */
  readonly callsUnderWay: number;
  /** The program is about to end: whatever waits for a lost connection is refused at once, and so is what comes. */
  waitNoMore(): void;
  close(): Promise<void>;
}

/** `server` names one listener of the topic; without it any one of them is taken. */
export interface Target {
  topic: string;
  server?: string;
  /** `major.minor` asked for: same major, and the endpoint's minor must not be lower. */
  version?: string;
  /** A part of the topic that has methods of its own; only trunks have one. */
  namespace?: string;
}

/** Methods of one version history, as one upstream endpoint class: found by method name, then by version. */
export interface Endpoint {
  version: string;
  /** What callers must ask for beside the topic; absent: they must not ask for any. */
  namespace?: string;
  // biome-ignore lint/suspicious/noExplicitAny: each method has arguments of its own; contract/method.ts gives them types
  methods: Readonly<Record<string, (args: any, context: Context) => Promise<unknown>>>;
}

export interface Listener {
  close(): Promise<void>;
}

/** What a method threw at the other end: class, module and text, as oslo.messaging carries them. */
export class RemoteError extends Error {
  readonly type: string;
  readonly module: string;

  constructor(type: string, module: string, message: string) {
    super(message);
    this.name = 'RemoteError';
    this.type = type;
    this.module = module;
  }
}

/**
 * Nobody answered: not within the time, or (then `why` says so) it is known sooner that nobody will. Whether the method
 * ran is unknown.
 */
export class MessagingTimeout extends Error {
  constructor(method: string, target: Target, timeoutMs: number, why?: string) {
    const where = `${target.topic}${target.server ? `.${target.server}` : ''}`;
    super(`no answer to ${method} on ${where}${why ? `: ${why}` : ` within ${timeoutMs} ms`}`);
    this.name = 'MessagingTimeout';
  }
}
