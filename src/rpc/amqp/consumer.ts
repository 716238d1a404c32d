import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { BadMessage, unwrap } from '../envelope.ts';

/** Reads queues on a channel of its own. */
export interface Consumer {
  /** Stops reading; `remove` names queues that nobody will read any more. */
  close(remove?: readonly string[]): Promise<void>;
}

export interface ConsumerParts {
  /** Declares the queues and tells their names. */
  declare(channel: Channel): Promise<readonly string[]>;
  take(text: string): void;
  readonly prefetch: number;
  /** Larger bodies are not read. */
  readonly mostBytes: number;
  /** Something came that cannot be read, or is too large to. */
  unreadable(queue: string, why: string): void;
  /** A queue was deleted under it, or the channel closed: nothing comes any more. */
  broken(why: string): void;
}

/**
 * Begins to read. A message is acknowledged before it is worked on, as oslo.messaging does: a crash loses the work, and never
 * does it twice.
 */
export async function openConsumer(connection: ChannelModel, parts: ConsumerParts): Promise<Consumer> {
  const channel = await connection.createChannel();
  let open = true;
  const broken = (why: string) => {
    if (!open) return;
    open = false;
    parts.broken(why);
    void channel.close().catch(() => {});
  };
  let cause = 'the channel was closed';
  channel.on('error', (error) => {
    cause = String(error);
  });
  channel.on('close', () => broken(cause));
  if (parts.prefetch > 0) await channel.prefetch(parts.prefetch);
  const queues = await parts.declare(channel);
  for (const queue of queues) {
    await channel.consume(queue, (message) => {
      if (message === null) broken(`queue ${queue} was deleted`);
      else if (open) read(channel, message, queue, parts);
    });
  }
  return {
    async close(remove = []) {
      if (!open) return;
      open = false;
      for (const queue of remove) await channel.deleteQueue(queue).catch(() => {});
      await channel.close().catch(() => {});
    },
  };
}

function read(channel: Channel, message: ConsumeMessage, queue: string, parts: ConsumerParts): void {
  const { take, mostBytes, unreadable } = parts;
  channel.ack(message);
  const { content } = message;
  try {
    if (content.length > mostBytes) throw new BadMessage(`${content.length} bytes are more than ${mostBytes}`);
    take(unwrap(content.toString()));
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    unreadable(queue, error.message);
  }
}
