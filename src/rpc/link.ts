import type { ReplyAddress } from './envelope.ts';

/**
 * What carries messages between programs: the local bus, or AMQP. A link moves texts and knows queues; methods, versions,
 * calls and time-outs are the peer's (peer.ts), so that they are the same whatever the link.
 */
export interface Link {
  /** Where replies to calls of this program arrive. */
  readonly replyQueue: string;
  readonly isUp: boolean;
  /** Settles when the link is up, at once if it is, or when it is closed. */
  whenUp(): Promise<void>;
  /** Only while up. Where a broker confirms, it settles then, and fails when that cannot be known. */
  publish(route: Route, text: string): void | Promise<void>;
  /** Sends a reply, as text or its UTF-8; without a connection it is lost, as is the caller's hope for it. */
  reply(address: ReplyAddress, text: string | Buffer): void;
  /** Takes requests of a topic under a server name; resolves when the next message would arrive. Again after a reconnect. */
  listen(id: number, topic: string, server: string): Promise<void>;
  unlisten(id: number): void;
  /** Whether there are listeners on a topic; absent where the link cannot know. */
  hears?(topic: string): boolean;
  close(): Promise<void>;
}

export interface Route {
  topic: string;
  server?: string;
  fanout?: boolean;
  /** For calls: which call it is and how long its caller waits. */
  call?: { msgId: string; timeoutMs: number };
}

/** What a link tells its peer. */
export interface LinkEvents {
  request(listenerId: number, text: string): void;
  reply(text: string): void;
  /** Something came that is no message of ours. */
  unreadable(queue: string, why: string): void;
  /** A call will get no answer. */
  undeliverable(msgId: string, why: string): void;
  /** What was said to this program may be lost, though the connection stayed: somebody deleted its queues. */
  missed(): void;
  /** The connection is gone, and with it the answers to calls under way. */
  lost(): void;
  /** The connection is there again, and everything listens again. */
  back(): void;
}
