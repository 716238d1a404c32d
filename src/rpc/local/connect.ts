import { connect, type Socket } from 'node:net';
import { type Logger, silentLogger } from '../../lib/log.ts';
import { newMessageId, type ReplyAddress } from '../envelope.ts';
import type { Link, LinkEvents, Route } from '../link.ts';
import { RpcPeer } from '../peer.ts';
import type { Transport } from '../transport.ts';
import { type Body, encodeFrame, type Frame, FrameReader } from './frames.ts';
import { MAX_QUEUED_BYTES, PROTOCOL } from './protocol.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

export interface LocalBusOptions {
  socketPath: string;
  logger?: Logger;
  /** Who connects, for the other side's log: `neutron-dhcp-agent`. */
  program: string;
}

/**
 * A transport over the server's local bus. Connects in the background and again whenever the connection is lost, so the
 * server may start later than its agents.
 */
export function connectLocalBus({ socketPath, logger = silentLogger, program }: LocalBusOptions): Transport {
  return new RpcPeer((events) => new SocketLink({ socketPath, logger, program }, events), logger);
}

/** `greeting`: hello is sent; `joining`: welcome has come, listeners wait to be confirmed. */
type State = 'connecting' | 'greeting' | 'joining' | 'up' | 'closed';

interface Listening {
  topic: string;
  server: string;
  confirmed: PromiseWithResolvers<void>;
}

class SocketLink implements Link {
  readonly replyQueue = `reply_${newMessageId()}`;
  readonly #options: Required<LocalBusOptions>;
  readonly #events: LinkEvents;
  readonly #listening = new Map<number, Listening>();
  /** Ids of listeners to be confirmed before the connection counts as up again. */
  readonly #unconfirmed = new Set<number>();
  #socket: Socket;
  #state: State = 'connecting';
  #up = Promise.withResolvers<void>();
  #wasUp = false;
  #failures = 0;
  #retry: NodeJS.Timeout | null = null;

  constructor(options: Required<LocalBusOptions>, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#socket = this.#connect();
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  get #isJoined(): boolean {
    return this.#state === 'up' || this.#state === 'joining';
  }

  whenUp(): Promise<void> {
    return this.#up.promise;
  }

  publish(route: Route, text: string): void {
    this.#send(encodeFrame({ op: 'publish', ...route }, text));
  }

  reply({ queue, msgId }: ReplyAddress, text: Body): void {
    if (this.#isJoined) this.#send(encodeFrame({ op: 'reply', queue, msgId }, text));
  }

  listen(id: number, topic: string, server: string): Promise<void> {
    const confirmed = Promise.withResolvers<void>();
    this.#listening.set(id, { topic, server, confirmed });
    if (this.isUp) this.#socket.write(encodeFrame({ op: 'listen', id, topic, server }));
    else if (this.#state === 'joining') this.#rejoin(id);
    return confirmed.promise;
  }

  unlisten(id: number): void {
    this.#listening.delete(id);
    if (this.#isJoined) this.#socket.write(encodeFrame({ op: 'unlisten', id }));
  }

  close(): Promise<void> {
    this.#state = 'closed';
    this.#up.resolve();
    if (this.#retry) clearTimeout(this.#retry);
    for (const { confirmed } of this.#listening.values()) confirmed.resolve();
    const socket = this.#socket;
    if (socket.destroyed || socket.connecting) {
      socket.destroy();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      // Ends after what was written; the answer to it is the other side's end, or nothing if it hangs.
      socket.end(() => socket.destroy());
    });
  }

  /** A server that hangs must not fill our memory: past the limit the connection is given up. */
  #send(frame: Buffer): void {
    if (this.#socket.writableLength > MAX_QUEUED_BYTES) this.#socket.destroy(new Error('the server does not read'));
    else this.#socket.write(frame);
  }

  #connect(): Socket {
    const { socketPath, program } = this.#options;
    const socket = connect(socketPath);
    const reader = new FrameReader();
    socket.once('connect', () => {
      this.#state = 'greeting';
      const hello = {
        op: 'hello',
        protocol: PROTOCOL,
        program,
        pid: process.pid,
        replyQueue: this.replyQueue,
      } as const;
      socket.write(encodeFrame(hello));
    });
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk as Buffer)) this.#take(frame);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    let cause = 'closed by the server';
    socket.on('error', (error) => {
      cause = error.message;
    });
    socket.once('close', () => this.#lost(cause));
    return socket;
  }

  #take({ header, body }: Frame): void {
    if (header.op === 'deliver') this.#events.request(header.to, body.toString());
    else if (header.op === 'answer') this.#events.reply(body.toString());
    else if (header.op === 'undeliverable') this.#events.undeliverable(header.msgId, header.why);
    else if (header.op === 'listening') this.#confirm(header.id);
    else if (header.op === 'welcome') this.#joined();
  }

  /** The server knows us: listen to everything again; the link is up when all of it is confirmed. */
  #joined(): void {
    this.#state = 'joining';
    for (const id of this.#listening.keys()) this.#rejoin(id);
    this.#upWhenConfirmed();
  }

  #rejoin(id: number): void {
    const listening = this.#listening.get(id);
    if (!listening) return;
    this.#unconfirmed.add(id);
    const { topic, server } = listening;
    this.#socket.write(encodeFrame({ op: 'listen', id, topic, server }));
  }

  #confirm(id: number): void {
    this.#listening.get(id)?.confirmed.resolve();
    if (this.#unconfirmed.delete(id)) this.#upWhenConfirmed();
  }

  #upWhenConfirmed(): void {
    if (this.#unconfirmed.size > 0 || this.#state !== 'joining') return;
    const isReturn = this.#wasUp;
    this.#state = 'up';
    this.#wasUp = true;
    this.#failures = 0;
    this.#up.resolve();
    if (!isReturn) return;
    this.#options.logger.info({ socket: this.#options.socketPath }, 'connected to the local bus again');
    this.#events.back();
  }

  #lost(cause: string): void {
    if (this.#state === 'closed') return;
    const { logger, socketPath } = this.#options;
    const wasConnected = this.#state === 'up';
    this.#state = 'connecting';
    this.#unconfirmed.clear();
    if (wasConnected) {
      this.#up = Promise.withResolvers();
      this.#events.lost();
    }
    if (this.#failures === 0)
      logger.warn({ socket: socketPath, error: cause }, 'no connection to the local bus, trying again');
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#socket = this.#connect();
    }, pauseMs);
  }
}
