import type { ApiClient, HttpAnswer, Json } from '../../support/api.ts';
import { random } from './chance.ts';
import { inputOf } from './inputs.ts';
import { Ledger } from './ledger.ts';

/** What all clients share: numbers that repeat for a seed, who else there is, and what goes wrong. */
export interface World {
  readonly projects: readonly string[];
  /** Networks of whole projects, which nobody deletes: own one first, then one that another project shares. */
  readonly common: Readonly<Record<string, readonly string[]>>;
  readonly faults: string[];
  /** A server is killed, so that answers are lost; else that is a fault as well. */
  readonly mortal: boolean;
  /** How often each kind of request was answered how. */
  readonly counts: Record<string, number>;
}

const memberOf: Readonly<Record<string, string>> = {
  networks: 'network',
  subnets: 'subnet',
  address_scopes: 'address_scope',
  subnetpools: 'subnetpool',
  ports: 'port',
  security_groups: 'security_group',
  security_group_rules: 'security_group_rule',
  address_groups: 'address_group',
  rbac_policies: 'rbac_policy',
};
export const collections = Object.keys(memberOf);
export const tagged = ['networks', 'subnets', 'subnetpools', 'ports', 'security_groups'];
const named = [...tagged, 'address_scopes', 'address_groups'];
/** What others change as well: by being used, or by what is shared. */
const revised = ['networks', 'subnets', 'subnetpools', 'ports', 'security_groups', 'address_groups'];

/** A client of one project: one request after the other, each chosen by chance, each answer checked and remembered. */
export class MixClient {
  readonly ledger = new Ledger();
  readonly #api: ApiClient;
  readonly #project: string;
  readonly #world: World;
  readonly #number: number;
  readonly #random: () => number;
  #made = 0;
  #lost: { method: string; path: string; body: Json } | null = null;

  constructor(parts: { api: ApiClient; project: string; world: World; number: number; seed: number }) {
    this.#api = parts.api;
    this.#project = parts.project;
    this.#world = parts.world;
    this.#number = parts.number;
    this.#random = random(parts.seed + parts.number);
  }

  /** Ends with its server, too. */
  async run(isOver: () => boolean): Promise<void> {
    try {
      while (!isOver() && this.#world.faults.length < 20) await this.#step();
    } catch (error) {
      if (!this.#world.mortal || this.#lost === null) throw error;
    }
  }

  /** What may have been done, because its answer was lost: what it was about, and what it would have made. */
  doubt(): { ids: readonly string[]; collection: string; made: number } | null {
    if (this.#lost === null) return null;
    const { method, path, body } = this.#lost;
    const [collection, id] = path.split(/[/?]/) as [string, string?];
    if (method === 'GET') return null;
    if (method === 'POST') return { ids: [], collection, made: body.ports?.length ?? 1 };
    return { ids: method === 'DELETE' ? this.ledger.dropped(collection, id!) : [id!], collection, made: 0 };
  }

  async #step(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.42) await this.#create();
    else if (dice < 0.58) await this.#update();
    else if (dice < 0.7) await this.#delete();
    else if (dice < 0.78) await this.#tag();
    else if (dice < 0.84) await this.#visit();
    else if (dice < 0.96) await this.#list();
    else await this.#walk();
  }

  async #create(): Promise<void> {
    const collection = this.#one([
      'ports',
      'ports',
      'ports',
      'networks',
      'subnets',
      'security_group_rules',
      ...collections,
    ]);
    const name = `${this.#number}-${++this.#made}`;
    const input = inputOf(collection, {
      name,
      number: this.#made,
      ledger: this.ledger,
      random: this.#random,
      networks: this.#world.common[this.#project]!,
      others: this.#world.projects.filter((project) => project !== this.#project),
    });
    if (input === null) return;
    const member = memberOf[collection]!;
    if (collection === 'ports' && this.#random() < 0.2) {
      const answer = await this.#ask([201, 409], 'POST', collection, { ports: [input, input, input] });
      for (const port of answer.body.ports ?? []) this.ledger.keep(collection, port);
      return;
    }
    const answer = await this.#ask([201, 409], 'POST', collection, { [member]: input });
    if (answer.status === 201) this.ledger.keep(collection, answer.body[member]);
  }

  async #update(): Promise<void> {
    const collection = this.#one(named);
    const id = this.#one(this.ledger.ids(collection));
    if (id === undefined) return;
    if (collection === 'address_groups' && this.#random() < 0.6) return this.#addresses(id);
    const member = memberOf[collection]!;
    const name = `${this.#number}-again-${++this.#made}`;
    const group = this.#one(this.ledger.ids('security_groups'));
    const more = collection === 'ports' ? this.#portChange(id, group) : {};
    const known: number | undefined = this.ledger.of(collection).get(id).revision_number;
    const conditional = revised.includes(collection) && known !== undefined && this.#random() < 0.3;
    // Without room for another address: 409. With a condition: 412, where somebody was there in between.
    const expected = [200, ...('fixed_ips' in more ? [409] : []), ...(conditional ? [412] : [])];
    const headers: Record<string, string> = conditional ? { 'if-match': `revision_number=${known}` } : {};
    const answer = await this.#ask(expected, 'PUT', `${collection}/${id}`, { [member]: { name, ...more } }, headers);
    if (answer.status === 412) return this.#look(collection, id, known!);
    if (answer.status !== 200) return;
    if (conditional && answer.body[member].revision_number <= known!) {
      this.#fault(`PUT of ${collection} did not raise the revision ${known}`, answer);
    }
    if (answer.body[member].name !== name) this.#fault(`PUT of ${collection} did not give the new name`, answer);
    this.ledger.keep(collection, answer.body[member]);
  }

  /** Other groups, or an address of the subnet it is on, which owners of the network may choose. */
  #portChange(id: string, group: string | undefined): Json {
    const { network_id, fixed_ips } = this.ledger.of('ports').get(id);
    const ours = network_id === this.#world.common[this.#project]![0] || this.ledger.of('networks').has(network_id);
    const subnet_id = ours ? fixed_ips[0]?.subnet_id : undefined;
    if (subnet_id !== undefined && this.#random() < 0.4) return { fixed_ips: [{ subnet_id }] };
    return group === undefined ? {} : { security_groups: [group] };
  }

  /** A condition was refused: then the revision is another one, and all the rest as it was told. */
  async #look(collection: string, id: string, refused: number): Promise<void> {
    const answer = await this.#ask([200], 'GET', `${collection}/${id}`);
    if (answer.status !== 200) return;
    const item = answer.body[memberOf[collection]!];
    if (item.revision_number <= refused) this.#fault(`${collection} ${id}: refused for revision ${refused}`, answer);
    this.ledger.keep(collection, item);
  }

  async #addresses(id: string): Promise<void> {
    const addresses = [`198.51.100.${Math.floor(this.#random() * 8)}/32`];
    const has = this.ledger.of('address_groups').get(id).addresses.includes(addresses[0]);
    const path = `address_groups/${id}/${has ? 'remove' : 'add'}_addresses`;
    const answer = await this.#ask([200], 'PUT', path, { addresses });
    if (answer.status === 200) this.ledger.keep('address_groups', answer.body.address_group);
  }

  async #delete(): Promise<void> {
    const collection = this.#one(collections);
    const id = this.#one(this.ledger.ids(collection));
    if (id === undefined) return;
    // 400: a pool of which subnets were taken.
    const refused = collection === 'subnetpools' ? 400 : 409;
    const answer = await this.#ask([204, refused], 'DELETE', `${collection}/${id}`);
    if (answer.status === 204) this.ledger.drop(collection, id);
  }

  async #tag(): Promise<void> {
    const collection = this.#one(tagged);
    const id = this.#one(this.ledger.ids(collection));
    if (id === undefined) return;
    const tags = ['a', 'b', 'c', 'd'].filter(() => this.#random() < 0.5);
    const answer = await this.#ask([200], 'PUT', `${collection}/${id}/tags`, { tags });
    if (answer.status === 200) this.ledger.of(collection).get(id).tags = tags;
  }

  /** A port on a network that another project shares just now, and may stop sharing at any moment. */
  async #visit(): Promise<void> {
    const { body } = await this.#ask([200], 'GET', 'networks?shared=true&fields=id&fields=project_id');
    const network = this.#one((body.networks as Json[]).filter(({ project_id }) => project_id !== this.#project));
    if (network === undefined) return;
    const answer = await this.#ask([201, 404, 409], 'POST', 'ports', { port: { network_id: network.id } });
    if (answer.status === 201) this.ledger.keep('ports', answer.body.port);
  }

  /** Everything that was acknowledged stands in a list that is asked for afterwards, once. */
  async #list(): Promise<void> {
    const collection = this.#one(collections);
    const answer = await this.#ask([200], 'GET', collection);
    if (answer.status === 200) this.#complete(collection, answer.body[collection], answer);
  }

  /** Page by page, while others insert and delete: mine are all in it, and nothing twice. */
  async #walk(): Promise<void> {
    const collection = this.#one(collections);
    const seen: Json[] = [];
    let path = `${collection}?limit=7&sort_key=id&sort_dir=asc`;
    for (;;) {
      // 404: somebody deleted where the next page begins, and the walk ends without a word about the rest.
      const answer = await this.#ask(path.includes('marker=') ? [200, 404] : [200], 'GET', path);
      if (answer.status !== 200) return;
      seen.push(...answer.body[collection]);
      const next = answer.body[`${collection}_links`]?.find(({ rel }: Json) => rel === 'next');
      if (next === undefined) return this.#complete(collection, seen, answer);
      path = next.href.slice(next.href.indexOf('/v2.0/') + '/v2.0/'.length);
    }
  }

  #complete(collection: string, items: readonly Json[], answer: HttpAnswer): void {
    const ids = new Set(items.map(({ id }) => id));
    if (ids.size !== items.length) this.#fault(`${collection}: something twice in a list`, answer);
    const lacking = this.ledger.ids(collection).filter((id) => !ids.has(id));
    if (lacking.length > 0) this.#fault(`${collection}: not in the list: ${lacking}`, answer);
  }

  async #ask(
    expected: readonly number[],
    method: string,
    path: string,
    body?: Json,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    this.#lost = { method, path, body };
    const answer = await this.#api.request(
      method,
      `/v2.0/${path.replace(/^[a-z_]+/, (collection) => collection.replaceAll('_', '-'))}`,
      body,
      headers,
    );
    this.#lost = null;
    const kind = `${method} ${path.split(/[/?]/)[0]} ${answer.status}`;
    this.#world.counts[kind] = (this.#world.counts[kind] ?? 0) + 1;
    if (!expected.includes(answer.status)) this.#fault(`${method} ${path} ${JSON.stringify(body)}`, answer);
    return answer;
  }

  #fault(what: string, { status, text }: HttpAnswer): void {
    this.#world.faults.push(`client ${this.#number} of ${this.#project}: ${what}: ${status} ${text.slice(0, 400)}`);
  }

  #one<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }
}
