import type { Logger } from '../../lib/log.ts';
import type { Route } from '../link.ts';
import type { Body } from './frames.ts';

/** How long a call to a topic nobody serves yet is kept: a server opens its bus a moment before its endpoints. */
const PARK_MS = 5_000;
const MAX_PARKED = 1_000;
/** Calls remembered per program as taken but not answered; older ones are forgotten (their callers time out). */
const MAX_TAKEN = 10_000;

/** A program on the bus, seen from the broker. */
export interface Member {
  readonly program: string;
  readonly replyQueue: string;
  deliver(listenerId: number, body: Body): void;
  answer(body: Body): void;
  undeliverable(msgId: string, why: string): void;
}

interface Listening {
  member: Member;
  id: number;
  topic: string;
  server: string;
}

interface Parked {
  from: Member;
  route: Route;
  body: Body;
  timer: NodeJS.Timeout;
}

/**
 * Routes messages between the programs of one host as RabbitMQ would: a topic to its listeners in turn, a topic and server
 * to that one, fan-out to all, replies by queue. It keeps no queues: a message to nobody is gone. Unlike RabbitMQ it tells
 * the caller so, and also when the program that took a call goes away, so that nobody waits for nothing.
 */
export class Broker {
  readonly #logger: Logger;
  /** By topic, in order of arrival. */
  readonly #topics = new Map<string, Listening[]>();
  readonly #members = new Map<string, Member>();
  /** Calls given to a member and not yet answered: message id → the caller's reply queue. */
  readonly #taken = new Map<Member, Map<string, string>>();
  /** Next in turn, by topic or `topic.server`. */
  readonly #turns = new Map<string, number>();
  readonly #parked = new Set<Parked>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  join(member: Member): void {
    this.#members.set(member.replyQueue, member);
    this.#taken.set(member, new Map());
  }

  leave(member: Member): void {
    if (this.#members.get(member.replyQueue) === member) this.#members.delete(member.replyQueue);
    for (const [topic, listeners] of this.#topics) {
      this.#keep(
        topic,
        listeners.filter((listening) => listening.member !== member),
      );
    }
    for (const parked of [...this.#parked]) if (parked.from === member) this.#unpark(parked);
    const taken = this.#taken.get(member) ?? new Map<string, string>();
    this.#taken.delete(member);
    for (const [msgId, queue] of taken) {
      this.#members.get(queue)?.undeliverable(msgId, `${member.program} went away before it answered`);
    }
  }

  /** Whether there are listeners on a topic. */
  hears(topic: string): boolean {
    return (this.#topics.get(topic)?.length ?? 0) > 0;
  }

  listen(member: Member, id: number, topic: string, server: string): void {
    this.#keep(topic, [...(this.#topics.get(topic) ?? []), { member, id, topic, server }]);
    for (const parked of [...this.#parked]) {
      if (parked.route.topic !== topic) continue;
      this.#unpark(parked);
      this.publish(parked.from, parked.route, parked.body);
    }
  }

  unlisten(member: Member, id: number): void {
    for (const [topic, listeners] of this.#topics) {
      this.#keep(
        topic,
        listeners.filter((listening) => listening.member !== member || listening.id !== id),
      );
    }
  }

  publish(from: Member, route: Route, body: Body): void {
    const listeners = this.#reach(route);
    if (route.fanout) {
      for (const { member, id } of listeners) member.deliver(id, body);
      return;
    }
    const chosen = this.#inTurn(route, listeners);
    if (chosen) {
      if (route.call) this.#take(chosen.member, route.call.msgId, from.replyQueue);
      chosen.member.deliver(chosen.id, body);
    } else if (route.call) {
      this.#park(from, route, body);
    } else {
      this.#logger.debug({ topic: route.topic, server: route.server }, 'dropped a cast that nobody listens for');
    }
  }

  /** Passes a reply on to its caller; dropped when the caller is gone. */
  reply(from: Member, queue: string, msgId: string, body: Body): void {
    this.#taken.get(from)?.delete(msgId);
    this.#members.get(queue)?.answer(body);
  }

  close(): void {
    for (const parked of [...this.#parked]) this.#unpark(parked);
    this.#topics.clear();
    this.#members.clear();
    this.#taken.clear();
  }

  #reach({ topic, server }: Route): Listening[] {
    const listeners = this.#topics.get(topic) ?? [];
    return server === undefined ? listeners : listeners.filter((listening) => listening.server === server);
  }

  #inTurn({ topic, server }: Route, listeners: Listening[]): Listening | undefined {
    if (listeners.length <= 1) return listeners[0];
    const key = server === undefined ? topic : `${topic}.${server}`;
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, turn + 1);
    return listeners[turn % listeners.length];
  }

  #keep(topic: string, listeners: Listening[]): void {
    if (listeners.length > 0) this.#topics.set(topic, listeners);
    else this.#topics.delete(topic);
  }

  #take(member: Member, msgId: string, queue: string): void {
    const taken = this.#taken.get(member);
    if (!taken) return;
    taken.set(msgId, queue);
    if (taken.size <= MAX_TAKEN) return;
    for (const oldest of taken.keys()) {
      taken.delete(oldest);
      break;
    }
  }

  /** Keeps a call to any server of a topic for a moment; one to a certain server that is not there fails at once. */
  #park(from: Member, route: Route, body: Body): void {
    const { call, topic, server } = route;
    if (!call) return;
    const where = server === undefined ? topic : `${topic}.${server}`;
    const fail = () => from.undeliverable(call.msgId, `nobody listens on ${where}`);
    if (server !== undefined || this.#parked.size >= MAX_PARKED) {
      fail();
      return;
    }
    const timer = setTimeout(() => {
      this.#parked.delete(parked);
      fail();
    }, PARK_MS);
    const parked: Parked = { from, route, body, timer };
    this.#parked.add(parked);
  }

  #unpark(parked: Parked): void {
    clearTimeout(parked.timer);
    this.#parked.delete(parked);
  }
}
