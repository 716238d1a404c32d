import { HttpClient, type HttpOptions } from '../keystone/http.ts';
import type { ServiceToken } from '../keystone/service-token.ts';
import { endpointOf } from '../keystone/token.ts';
import type { Logger } from '../lib/log.ts';
import type { ServerEvent } from '../lib/server-event.ts';

export interface ServerEventsParts {
  /** Of a user whom Nova takes for a service. */
  readonly token: ServiceToken;
  readonly http: HttpOptions;
  /** Where Nova is: said outright, or as the catalog's endpoint of this kind in this region. */
  readonly endpoint: { readonly override: string | null; readonly interface: string; readonly region: string | null };
  readonly logger: Logger;
}

/** Nova did not take the events and may take them later. */
export class NovaUnavailable extends Error {
  override name = 'NovaUnavailable';
}

/** The Compute API as far as it listens to others: `POST /os-server-external-events` (upstream: notifiers/nova.py). */
export class ServerEvents {
  readonly #parts: ServerEventsParts;
  readonly #http: HttpClient;

  constructor(parts: ServerEventsParts) {
    this.#parts = parts;
    this.#http = new HttpClient(parts.http);
  }

  /**
   * Sends events in one request. Events of servers that Nova does not know are done with, and so is a request that it
   * will never take; both are logged, and so is each event that it refuses.
   *
   * @throws KeystoneUnavailable, KeystoneRefusal, NovaUnavailable, Error: nothing was taken, to be sent again
   */
  async send(events: readonly ServerEvent[], requestId: string | null): Promise<void> {
    const { logger } = this.#parts;
    const answer = await this.#post({ events }, requestId);
    if (answer.status >= 200 && answer.status < 300) return this.#judge(answer.body, events.length);
    if (answer.status === 404) {
      logger.debug({ events: events.length }, 'Nova knows none of the servers of these events');
    } else if (answer.status === 400) {
      logger.error({ events, answer: answer.body }, 'Nova refuses these events for good');
    } else {
      throw new NovaUnavailable(`Nova answered ${answer.status}${reasonIn(answer.body)}`);
    }
  }

  close(): void {
    this.#http.close();
  }

  /** With a fresh token where the one at hand is not accepted any more. */
  async #post(body: object, requestId: string | null) {
    const first = await this.#postOnce(body, requestId);
    return first.status === 401 ? this.#postOnce(body, requestId) : first;
  }

  async #postOnce(body: object, requestId: string | null) {
    const { token: service } = this.#parts;
    const { token, catalog } = await service.get();
    const url = this.#parts.endpoint.override ?? endpointOf(catalog, { type: 'compute', ...this.#parts.endpoint });
    if (url === null) {
      // Somebody may enter it meanwhile: look again with the next token.
      service.forget(token);
      const { region, interface: kind } = this.#parts.endpoint;
      throw new NovaUnavailable(`Keystone's catalog has no ${kind} compute endpoint${region ? ` in ${region}` : ''}`);
    }
    const headers = { 'X-Auth-Token': token, ...(requestId && { 'X-OpenStack-Request-ID': requestId }) };
    const answer = await this.#http.send('POST', `${url.replace(/\/+$/, '')}/os-server-external-events`, headers, body);
    if (answer.status === 401) service.forget(token);
    return answer;
  }

  /** What became of each event. */
  #judge(body: unknown, sent: number): void {
    const { logger } = this.#parts;
    const events = (body as { events?: unknown } | null)?.events;
    if (!Array.isArray(events)) {
      logger.error({ sent, answer: body }, 'Nova answered something else than events');
      return;
    }
    for (const event of events) {
      const { name, server_uuid, tag, status, code } = Object(event);
      const fields = { event: name, server: server_uuid, port: tag, status, code };
      if (code === 200) logger.debug(fields, 'Nova took an event');
      else logger.warn(fields, 'Nova did not take an event');
    }
  }
}

/** `{"forbidden": {"code": 403, "message": …}}` */
function reasonIn(body: unknown): string {
  const [first] = Object.values((body ?? {}) as Record<string, { message?: unknown }>);
  return typeof first?.message === 'string' ? `: ${first.message.slice(0, 200)}` : '';
}
