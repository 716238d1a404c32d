import type { Context } from '../lib/context.ts';
import type { Collection } from '../plugin/contract.ts';
import type { Call, Item } from './call.ts';
import type { Answer } from './pipeline.ts';
import { visiblePart } from './render.ts';

/** Who is told of what is done (`[oslo_messaging_notifications]`). It takes it at once and never fails. */
export interface Notices {
  /** @param payload finished JSON */
  tell(context: Context, eventType: string, payload: string): void;
}

/**
 * Tells of every change twice, before and after, as upstream's hook does (neutron/pecan_wsgi/hooks/notifier.py, compared in
 * test/contract/notifications.test.ts): `port.create.start` with the request's body, `port.create.end` with the answer. Only
 * where somebody is to be told is there one of these: what it is given is made for it alone.
 */
export class Announcer {
  readonly #notices: Notices;

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  /** What is about to be tried: its input is sound, whether it may be done is still to be seen. */
  begins({ context, resource, operation }: Call, payload: object): void {
    this.#notices.tell(context, `${resource.member}.${operation}.start`, JSON.stringify(payload));
  }

  /** It was done, and this is the answer. */
  ends({ context, resource, operation }: Call, answer: Answer['body']): void {
    this.#notices.tell(context, `${resource.member}.${operation}.end`, textOf(answer));
  }

  /** What is about to be deleted: those who hear of it see all of it, whatever the caller may see. */
  async original({ context, id, resource }: Call, collection: Collection<Item>): Promise<Item> {
    // Whether it is there at all is for the deletion to say.
    const item = await collection.get(context, id!).catch(() => ({}));
    return visiblePart(resource, item, null);
  }

  deleted({ context, id, resource: { member } }: Call, original: Item): void {
    this.#notices.tell(context, `${member}.delete.end`, JSON.stringify({ [member]: original, [`${member}_id`]: id }));
  }

  /** Of requests that are no verb. */
  tell(context: Context, eventType: string, payload: object): void {
    this.#notices.tell(context, eventType, JSON.stringify(payload));
  }
}

function textOf(body: Answer['body']): string {
  if (typeof body === 'string') return body;
  return Buffer.concat(body instanceof Uint8Array ? [body] : body).toString();
}
