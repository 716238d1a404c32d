import type { Logger } from '../../lib/log.ts';
import { newMessageId, type ReplyAddress } from '../envelope.ts';
import type { Link, LinkEvents, Route } from '../link.ts';
import { RpcPeer } from '../peer.ts';
import type { Transport } from '../transport.ts';
import type { Broker, Member } from './broker.ts';
import type { Body } from './frames.ts';

/** A transport for the program that runs the broker: the same messages, without a socket between. */
export function attachInProcess(broker: Broker, program: string, logger: Logger): Transport {
  return new RpcPeer((events) => new InProcessLink(broker, program, events), logger);
}

/** Deliveries come in a later turn of the event loop, never inside `publish`: as they would from a socket. */
class InProcessLink implements Link {
  readonly isUp = true;
  readonly replyQueue = `reply_${newMessageId()}`;
  readonly #broker: Broker;
  readonly #member: Member;

  constructor(broker: Broker, program: string, events: LinkEvents) {
    this.#broker = broker;
    this.#member = {
      program,
      replyQueue: this.replyQueue,
      deliver: (listenerId, body) => void setImmediate(() => events.request(listenerId, textOf(body))),
      answer: (body) => void setImmediate(() => events.reply(textOf(body))),
      undeliverable: (msgId, why) => void setImmediate(() => events.undeliverable(msgId, why)),
    };
    broker.join(this.#member);
  }

  async whenUp(): Promise<void> {}

  publish(route: Route, text: string): void {
    this.#broker.publish(this.#member, route, text);
  }

  reply({ queue, msgId }: ReplyAddress, text: Body): void {
    this.#broker.reply(this.#member, queue, msgId, text);
  }

  async listen(id: number, topic: string, server: string): Promise<void> {
    this.#broker.listen(this.#member, id, topic, server);
  }

  unlisten(id: number): void {
    this.#broker.unlisten(this.#member, id);
  }

  hears(topic: string): boolean {
    return this.#broker.hears(topic);
  }

  async close(): Promise<void> {
    this.#broker.leave(this.#member);
  }
}

function textOf(body: Body): string {
  return typeof body === 'string' ? body : body.toString();
}
