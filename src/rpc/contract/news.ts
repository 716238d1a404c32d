import type { Transport } from '../transport.ts';
import { castMethod } from './method.ts';
import { topics } from './topics.ts';

/** What became of one resource, for those who look on: never the resource itself, which each of them asks for as itself. */
export interface NewsItem {
  /** Its collection in the API: `ports`. */
  resource: string;
  /** Null: more of them than are worth naming. */
  id: string | null;
  action: 'created' | 'updated' | 'deleted';
  /** Whose it is, or was; null where that is not known. */
  project_id: string | null;
}

/** Ours, not upstream's: processes of the server tell each other. A Python server does not listen there. */
export interface NewsMethods {
  news: { args: { from: string; items: NewsItem[] }; result: null };
  /** Somebody looks on at the sender: for a while it wants to hear. */
  looking_on: { args: { from: string }; result: null };
}

export const NEWS_VERSION = '1.0';

/** To all processes of all servers, the sender itself included. */
export class NewsApi {
  readonly #transport: Transport;
  readonly #from: string;

  /** @param from a name of this process that no other has */
  constructor(transport: Transport, from: string) {
    this.#transport = transport;
    this.#from = from;
  }

  tell(items: readonly NewsItem[]): Promise<void> {
    return this.#cast('news', { from: this.#from, items: [...items] });
  }

  lookingOn(): Promise<void> {
    return this.#cast('looking_on', { from: this.#from });
  }

  #cast<K extends keyof NewsMethods>(method: K, args: NewsMethods[K]['args']): Promise<void> {
    const target = { topic: topics.news, version: NEWS_VERSION, fanout: true };
    return castMethod<NewsMethods, K>(this.#transport, target, method, args);
  }
}
