import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { type Logger, silentLogger } from '../../lib/log.ts';
import type { Transport } from '../transport.ts';
import { Broker, type Member } from './broker.ts';
import { encodeFrame, type Frame, FrameReader, type Header } from './frames.ts';
import { attachInProcess } from './in-process.ts';
import { MAX_QUEUED_BYTES, PROTOCOL } from './protocol.ts';
import { listenAtSocket } from './unix-socket.ts';

export interface LocalBus {
  readonly socketPath: string;
  /** For the program that serves the bus; closing it leaves the bus open. */
  readonly transport: Transport;
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves the local bus at a unix socket that only this user (and root) may open.
 * @throws SocketPathError
 */
export async function serveLocalBus(options: {
  socketPath: string;
  logger?: Logger;
  maxQueuedBytes?: number;
}): Promise<LocalBus> {
  const { socketPath, logger = silentLogger, maxQueuedBytes = MAX_QUEUED_BYTES } = options;
  const broker = new Broker(logger);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveSocket({ socket, broker, logger, maxQueuedBytes });
  });
  await listenAtSocket(server, socketPath, { mode: 0o600 });
  const transport = attachInProcess(broker, 'the server itself', logger);
  let closing: Promise<void> | null = null;
  const close = async () => {
    await rm(socketPath, { force: true });
    await transport.close();
    broker.close();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    socketPath,
    transport,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

interface SocketParts {
  socket: Socket;
  broker: Broker;
  logger: Logger;
  maxQueuedBytes: number;
}

/** One program's connection: its first frame says who it is, then it is a member of the broker until it ends. */
function serveSocket({ socket, broker, logger, maxQueuedBytes }: SocketParts): void {
  const reader = new FrameReader();
  let member: Member | null = null;

  const send = (header: Header, body?: Buffer | string) => {
    if (socket.destroyed) return;
    if (socket.writableLength > maxQueuedBytes) {
      logger.warn(
        { program: member?.program, queued_bytes: socket.writableLength },
        'cut off a program that does not read',
      );
      socket.destroy();
      return;
    }
    socket.write(encodeFrame(header, body));
  };

  const join = (header: Header & { op: 'hello' }) => {
    if (header.protocol !== PROTOCOL) throw new Error(`protocol ${header.protocol} instead of ${PROTOCOL}`);
    member = {
      program: header.program,
      replyQueue: header.replyQueue,
      deliver: (to, body) => send({ op: 'deliver', to }, body),
      answer: (body) => send({ op: 'answer' }, body),
      undeliverable: (msgId, why) => send({ op: 'undeliverable', msgId, why }),
    };
    broker.join(member);
    send({ op: 'welcome', protocol: PROTOCOL });
    logger.debug({ program: header.program, pid: header.pid }, 'a program joined the local bus');
  };

  const take = ({ header, body }: Frame) => {
    if (!member) {
      if (header.op !== 'hello') throw new Error(`${header.op} before hello`);
      join(header);
    } else if (header.op === 'publish') {
      broker.publish(member, header, body);
    } else if (header.op === 'reply') {
      broker.reply(member, header.queue, header.msgId, body);
    } else if (header.op === 'listen') {
      broker.listen(member, header.id, header.topic, header.server);
      send({ op: 'listening', id: header.id });
    } else if (header.op === 'unlisten') {
      broker.unlisten(member, header.id);
    } else {
      throw new Error(`unexpected ${header.op}`);
    }
  };

  socket.on('data', (chunk) => {
    try {
      for (const frame of reader.push(chunk as Buffer)) take(frame);
    } catch (error) {
      logger.warn(
        { program: member?.program, error: String(error) },
        'closed a connection that does not speak the bus',
      );
      socket.destroy();
    }
  });
  socket.on('error', (error) =>
    logger.debug({ program: member?.program, error: String(error) }, 'a bus connection failed'),
  );
  socket.once('close', () => {
    if (member) broker.leave(member);
  });
}
