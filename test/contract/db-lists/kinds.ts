import fc from 'fast-check';
import type { Database } from '../../../src/db/database.ts';
import { findAgents } from '../../../src/db/read/agents.ts';
import { findNetworks } from '../../../src/db/read/networks.ts';
import { findPorts } from '../../../src/db/read/ports.ts';
import { findSubnets } from '../../../src/db/read/subnets.ts';
import { fullView } from '../../../src/db/read/view.ts';
import type { FilterValue, ListQuery } from '../../../src/lib/query.ts';
import type { Resource } from './model.ts';
import { TAGS } from './seed.ts';

interface Kind {
  readonly name: string;
  find(database: Database, query: ListQuery): Promise<Resource[]>;
  readonly filters: readonly string[];
  readonly sorts: readonly string[];
}

const asResources = (items: readonly object[]) => items as Resource[];
const TAG_FILTERS = ['tags', 'tags-any', 'not-tags', 'not-tags-any'];
export const NOW = { ...fullView, nowMs: 1_060_000 + 75_000 };

/** What is listed, and by what. */
export const kinds: readonly Kind[] = [
  {
    name: 'networks',
    find: async (database, query) => asResources(await findNetworks(database.db, query)),
    filters: [
      ...['id', 'name', 'admin_state_up', 'status', 'project_id', 'mtu', 'shared', 'router:external'],
      ...['provider:network_type', 'provider:physical_network', 'provider:segmentation_id'],
      ...TAG_FILTERS,
    ],
    sorts: ['id', 'name', 'admin_state_up', 'project_id', 'mtu'],
  },
  {
    name: 'subnets',
    find: async (database, query) => asResources(await findSubnets(database.db, query)),
    filters: ['id', 'name', 'network_id', 'cidr', 'gateway_ip', 'enable_dhcp', 'ipv6_ra_mode', ...TAG_FILTERS],
    sorts: ['name', 'cidr', 'gateway_ip', 'enable_dhcp', 'ipv6_ra_mode'],
  },
  {
    name: 'ports',
    find: async (database, query) => asResources(await findPorts(database.db, query)),
    filters: [
      ...['id', 'name', 'network_id', 'mac_address', 'admin_state_up', 'status', 'device_id', 'device_owner'],
      ...['tenant_id', 'binding:host_id', 'fixed_ips', ...TAG_FILTERS],
    ],
    sorts: ['name', 'network_id', 'admin_state_up', 'status', 'device_id', 'mac_address'],
  },
  {
    name: 'agents',
    find: async (database, query) => asResources(await findAgents(database.db, query, NOW)),
    filters: ['id', 'agent_type', 'host', 'alive', 'description'],
    sorts: ['agent_type', 'alive', 'description', 'heartbeat_timestamp'],
  },
];

/** Values that occur, values that do not, and for ids some of each. */
function valuesOf(all: readonly Resource[], key: string): fc.Arbitrary<FilterValue> {
  if (TAG_FILTERS.includes(key)) return fc.constantFrom(...TAGS, 'no such tag');
  if (key === 'fixed_ips') {
    const addresses = all.flatMap((resource) => resource.fixed_ips as { subnet_id: string; ip_address: string }[]);
    const pair = (name: string, value: string) => ({ key: name, value });
    return fc.oneof(
      fc.constantFrom(...addresses.map((address) => pair('subnet_id', address.subnet_id))),
      fc.constantFrom(...addresses.map((address) => pair('ip_address', address.ip_address))),
      fc.constantFrom(...['10.0.1.', '.4', '%', '_', '!'].map((text) => pair('ip_address_substr', text))),
    );
  }
  const present = [...new Set(all.map((resource) => resource[key] as FilterValue))];
  const absent = typeof present[0] === 'string' ? ['no such value'] : [];
  return fc.constantFrom(...present, ...absent);
}

/** Any question that may be asked of a kind, by chance. */
export function queries(kind: Kind, all: readonly Resource[]): fc.Arbitrary<ListQuery> {
  const filter = fc
    .constantFrom(...kind.filters)
    .chain((key) => fc.tuple(fc.constant(key), fc.array(valuesOf(all, key), { maxLength: 4 })));
  const keys = [...new Set(all.flatMap((resource) => Object.keys(resource)))];
  return fc.record({
    filters: fc.array(filter, { maxLength: 2 }).map((entries) => Object.fromEntries(entries)),
    fields: fc.option(fc.uniqueArray(fc.constantFrom(...keys), { minLength: 1, maxLength: 5 }), { freq: 3 }),
    sorts: fc.uniqueArray(
      fc.record({ key: fc.constantFrom(...kind.sorts), direction: fc.constantFrom('asc' as const, 'desc' as const) }),
      { maxLength: 3, selector: ({ key }) => key },
    ),
    limit: fc.option(fc.integer({ min: 1, max: 12 })),
    marker: fc.option(fc.constantFrom(...all.map(({ id }) => id))),
    pageReverse: fc.boolean(),
  });
}
