import { randomUUID } from 'node:crypto';
import type { Context } from '../lib/context.ts';
import { defineErrors } from '../lib/errors.ts';
import type { FilterValue, ListQuery, Page } from '../lib/query.ts';
import type { Collection, CorePlugin, Input, RouteHandler } from '../plugin/contract.ts';

/** A plugin over arrays, for tests of the API: the whole contract of collections, none of the meaning. */

type Row = Record<string, unknown> & { id: string; revision_number: number };

const errors = defineErrors({
  NetworkNotFound: ['not_found', 'Network {id} could not be found.'],
  SubnetNotFound: ['not_found', 'Subnet {id} could not be found.'],
  PortNotFound: ['not_found', 'Port {id} could not be found.'],
  AgentNotFound: ['not_found', 'Agent {id} could not be found.'],
  RevisionNumberConstraintFailed: [
    'precondition_failed',
    'Constrained to {wanted}, but current revision is {revision}',
  ],
});

export class FakeCollection implements Collection<Row> {
  readonly rows: Row[] = [];
  /** What came in last: what the API made of a request. */
  lastInput: Input | null = null;
  lastQuery: ListQuery | null = null;
  lastContext: Context | null = null;
  /** Thrown by the next call. */
  failure: unknown = null;
  readonly #notFound: (id: string) => Error;
  readonly #defaults: () => Record<string, unknown>;

  constructor(notFound: (id: string) => Error, defaults: () => Record<string, unknown> = () => ({})) {
    this.#notFound = notFound;
    this.#defaults = defaults;
  }

  async list(context: Context, query: ListQuery): Promise<Page<Row>> {
    this.#called(context);
    this.lastQuery = query;
    let rows = this.rows.filter((row) =>
      Object.entries(query.filters).every(([key, of]) => of.some(matches(row, key))),
    );
    const keys = [...query.sorts, { key: 'id', direction: 'asc' as const }];
    rows.sort((a, b) => {
      for (const { key, direction } of keys) {
        const order = String(a[key]).localeCompare(String(b[key]));
        if (order !== 0) return direction === 'asc' ? order : -order;
      }
      return 0;
    });
    if (query.marker !== null) {
      const at = rows.indexOf(this.#find(query.marker));
      rows = query.pageReverse ? rows.slice(0, at) : rows.slice(at + 1);
    }
    if (query.limit !== null) rows = query.pageReverse ? rows.slice(-query.limit) : rows.slice(0, query.limit);
    return { items: rows };
  }

  async get(context: Context, id: string): Promise<Row> {
    this.#called(context);
    return this.#find(id);
  }

  async create(context: Context, input: Input): Promise<Row> {
    this.#called(context);
    this.lastInput = input;
    const given = Object.entries(input).filter(([, value]) => value !== undefined);
    const row = { id: randomUUID(), ...this.#defaults(), ...Object.fromEntries(given), revision_number: 1 };
    this.rows.push(row);
    return row;
  }

  async update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<Row> {
    this.#called(context);
    this.lastInput = changes;
    const row = this.#find(id);
    this.#check(row, ifRevision);
    return Object.assign(row, changes, { revision_number: row.revision_number + 1 });
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    this.#called(context);
    const row = this.#find(id);
    this.#check(row, ifRevision);
    this.rows.splice(this.rows.indexOf(row), 1);
  }

  #called(context: Context): void {
    this.lastContext = context;
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
  }

  #find(id: string): Row {
    const row = this.rows.find((one) => one.id === id);
    if (row === undefined) throw this.#notFound(id);
    return row;
  }

  #check({ revision_number: revision }: Row, wanted: number | null | undefined): void {
    if (typeof wanted === 'number' && wanted !== revision) {
      throw errors.RevisionNumberConstraintFailed({ wanted, revision });
    }
  }
}

function matches(row: Row, key: string): (value: FilterValue) => boolean {
  return (value) => {
    if (typeof value !== 'object' || value === null) return row[key] === value;
    const items = Array.isArray(row[key]) ? row[key] : [];
    return items.some((item: Record<string, unknown>) => item[value.key] === value.value);
  };
}

/** What the plugin of one host loads, as far as the tests care. */
export const fakeExtensions = [
  'address-scope',
  'agent',
  'agent_sort_key',
  'agent-resources-synced',
  'allowed-address-pairs',
  'availability_zone',
  'binding',
  'empty-string-filtering',
  'external-net',
  'extra_dhcp_opt',
  'filter-validation',
  'ip-substring-filtering',
  'multi-provider',
  'net-mtu',
  'net-mtu-writable',
  'network_availability_zone',
  'neutrino-explain',
  'port-mac-address-regenerate',
  'port-security',
  'provider',
  'security-group',
  'standard-attr-description',
  'standard-attr-revisions',
  'standard-attr-tag',
  'standard-attr-timestamp',
  'subnet-service-types',
  'subnet_allocation',
];

export class FakePlugin implements CorePlugin {
  readonly extensions: ReadonlySet<string>;
  readonly networks = new FakeCollection(
    (id) => errors.NetworkNotFound({ id }),
    () => ({ status: 'ACTIVE' }),
  );
  readonly subnets = new FakeCollection((id) => errors.SubnetNotFound({ id }));
  readonly ports = new FakeCollection(
    (id) => errors.PortNotFound({ id }),
    () => ({ status: 'DOWN' }),
  );
  readonly agents: FakeCollection = new FakeCollection((id) => errors.AgentNotFound({ id }));
  readonly collections: CorePlugin['collections'];
  readonly children = {};
  readonly routes: Readonly<Record<string, RouteHandler>>;

  constructor(extensions: readonly string[] = fakeExtensions) {
    this.extensions = new Set(extensions);
    const agents = this.agents;
    this.routes = {
      'GET ports/{id}/explain': async ({ context, params }) => {
        await this.ports.get(context, params.id!);
        return { port_id: params.id, verdict: 'works', summary: 'Nothing is wrong.', steps: [] };
      },
    };
    const { networks, subnets, ports } = this;
    this.collections = {
      networks,
      subnets,
      ports,
      // Agents cannot be created through the API.
      agents: {
        list: (context: Context, query: ListQuery) => agents.list(context, query),
        get: (context: Context, id: string) => agents.get(context, id),
        update: (context: Context, id: string, changes: Input) => agents.update(context, id, changes),
        delete: (context: Context, id: string) => agents.delete(context, id),
      },
      // Zones are made from agents: there are none here, and none can be changed.
      availability_zones: {
        list: async () => ({ items: [] }),
        get: async (_context: Context, id: string) => {
          throw errors.AgentNotFound({ id });
        },
      },
    } as unknown as CorePlugin['collections'];
  }

  async checkQuota(): Promise<void> {}
}
