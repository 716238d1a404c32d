import type { ApiClient, HttpAnswer, Json } from '../../support/api.ts';
import { Ledger } from './ledger.ts';

/** What all clients share: numbers that repeat for a seed, who else there is, and what goes wrong. */
export interface World {
  readonly projects: readonly string[];
  /** Networks of whole projects, which nobody deletes: own one first, then one that another project shares. */
  readonly common: Readonly<Record<string, readonly string[]>>;
  readonly faults: string[];
  /** How often each kind of request was answered how. */
  readonly counts: Record<string, number>;
}

/** Numbers from a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const memberOf: Readonly<Record<string, string>> = {
  networks: 'network',
  subnets: 'subnet',
  subnetpools: 'subnetpool',
  ports: 'port',
  security_groups: 'security_group',
  security_group_rules: 'security_group_rule',
  address_groups: 'address_group',
  rbac_policies: 'rbac_policy',
};
export const collections = Object.keys(memberOf);
export const tagged = ['networks', 'subnets', 'subnetpools', 'ports', 'security_groups'];
const named = ['networks', 'subnets', 'subnetpools', 'ports', 'security_groups', 'address_groups'];

/** A client of one project: one request after the other, each chosen by chance, each answer checked and remembered. */
export class MixClient {
  readonly ledger = new Ledger();
  readonly #api: ApiClient;
  readonly #project: string;
  readonly #world: World;
  readonly #number: number;
  readonly #random: () => number;
  #made = 0;

  constructor(parts: { api: ApiClient; project: string; world: World; number: number; seed: number }) {
    this.#api = parts.api;
    this.#project = parts.project;
    this.#world = parts.world;
    this.#number = parts.number;
    this.#random = random(parts.seed + parts.number);
  }

  async run(untilMs: number): Promise<void> {
    while (Date.now() < untilMs && this.#world.faults.length < 20) await this.#step();
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
    const input = this.#input(collection);
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

  /** What a new one is made of; null where it needs something that is not there yet. */
  #input(collection: string): Json | null {
    const name = `${this.#number}-${++this.#made}`;
    const own = (of: string): string | undefined => this.#one(this.ledger.ids(of));
    switch (collection) {
      case 'networks':
      case 'security_groups':
        return { name };
      case 'subnets': {
        const network_id = own('networks');
        if (network_id === undefined) return null;
        // Subnets of one network come from one pool, or none from any.
        const first = [...this.ledger.of('subnets').values()].find((subnet) => subnet.network_id === network_id);
        const pool = first ? first.subnetpool_id : this.#random() < 0.4 ? own('subnetpools') : null;
        if (pool) return { name, network_id, ip_version: 4, subnetpool_id: pool };
        const cidr = `10.${this.#made >> 8}.${this.#made & 255}.0/28`;
        return { name, network_id, ip_version: 4, cidr, dns_nameservers: ['192.0.2.1'] };
      }
      case 'subnetpools':
        return { name, prefixes: ['172.16.0.0/22'], default_prefixlen: 28, min_prefixlen: 26 };
      case 'ports': {
        const network_id = this.#one([...this.#world.common[this.#project]!, ...this.ledger.ids('networks')]);
        const group = own('security_groups');
        return { name, network_id, ...(group && this.#random() < 0.5 && { security_groups: [group] }) };
      }
      case 'security_group_rules': {
        const security_group_id = own('security_groups');
        if (security_group_id === undefined) return null;
        const port = 1 + Math.floor(this.#random() * 40);
        const match = { direction: 'ingress', protocol: 'tcp', port_range_min: port, port_range_max: port };
        const remote = this.#one([null, 'remote_group_id', 'remote_address_group_id']);
        const of = remote === 'remote_group_id' ? own('security_groups') : own('address_groups');
        return { security_group_id, ...match, ...(remote && of && { [remote]: of }) };
      }
      case 'address_groups':
        return { name, addresses: ['192.0.2.0/24'] };
      case 'rbac_policies': {
        const object_type = this.#one(['network', 'security_group', 'address_group', 'subnetpool']);
        const object_id = own(object_type === 'network' ? 'networks' : `${object_type}s`);
        const target_tenant = this.#one(this.#world.projects.filter((project) => project !== this.#project));
        return object_id ? { object_type, object_id, action: 'access_as_shared', target_tenant } : null;
      }
      default:
        throw new Error(collection);
    }
  }

  async #update(): Promise<void> {
    const collection = this.#one(named);
    const id = this.#one(this.ledger.ids(collection));
    if (id === undefined) return;
    if (collection === 'address_groups' && this.#random() < 0.6) return this.#addresses(id);
    const member = memberOf[collection]!;
    const name = `${this.#number}-again-${++this.#made}`;
    const group = this.#one(this.ledger.ids('security_groups'));
    const more = collection === 'ports' && group !== undefined ? { security_groups: [group] } : {};
    const answer = await this.#ask([200], 'PUT', `${collection}/${id}`, { [member]: { name, ...more } });
    if (answer.status !== 200) return;
    if (answer.body[member].name !== name) this.#fault(`PUT of ${collection} did not give the new name`, answer);
    this.ledger.keep(collection, answer.body[member]);
  }

  async #addresses(id: string): Promise<void> {
    const addresses = [`198.51.100.${Math.floor(this.#random() * 8)}/32`];
    const has = this.ledger.of('address_groups').get(id).addresses.includes(addresses[0]);
    const path = `address-groups/${id}/${has ? 'remove' : 'add'}_addresses`;
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

  async #ask(expected: readonly number[], method: string, path: string, body?: Json): Promise<HttpAnswer> {
    const answer = await this.#api.request(
      method,
      `/v2.0/${path.replace(/^[a-z_]+/, (collection) => collection.replaceAll('_', '-'))}`,
      body,
    );
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
