import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ListRules, readListQuery } from '../../src/api/list-query.ts';
import { serve } from '../../src/api/served-resource.ts';
import type { Database } from '../../src/db/database.ts';
import { agents, listAgents } from '../../src/db/read/agents.ts';
import type { Definition } from '../../src/db/read/definition.ts';
import { listNetworks, networks } from '../../src/db/read/networks.ts';
import { listPorts, ports } from '../../src/db/read/ports.ts';
import { listSubnets, subnets } from '../../src/db/read/subnets.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { NeutronError } from '../../src/lib/errors.ts';
import { resources } from '../../src/resources/registry.ts';

/** What the API lets through, the database can answer: the attribute tables and the read definitions must agree. */

const sides: Record<
  string,
  { definition: Definition; list: (...of: Parameters<typeof listPorts>) => Promise<{ items?: readonly unknown[] }> }
> = {
  networks: { definition: networks, list: listNetworks },
  subnets: { definition: subnets, list: listSubnets },
  ports: { definition: ports, list: listPorts },
  agents: { definition: agents, list: listAgents },
};
/** Extensions whose attributes have columns; those of the others come with their plugin. */
const stored = new Set(
  Object.values(sides).flatMap(({ definition }) => definition.attributes.flatMap((a) => a.alias ?? [])),
);
const extensions = new Set([...stored, 'agent', 'agent_sort_key']);
for (const later of ['qos', 'dns-integration', 'pvlan', 'qinq', 'l2_adjacency']) extensions.delete(later);

let database: Database;
beforeAll(async () => {
  database = await temporaryDatabase();
});
afterAll(() => database.close());

/** The resources that are read from tables of their own. */
const kept = resources.filter(({ collection }) => Object.hasOwn(sides, collection));

describe.each(kept.map((definition) => [definition.collection, serve(definition, extensions)] as const))(
  '%s',
  (collection, resource) => {
    const { definition, list } = sides[collection]!;

    it('has a filter and a sort for everything the API filters and sorts by', () => {
      expect([...resource.filterable.keys()].filter((name) => !Object.hasOwn(definition.filters, name))).toEqual([]);
      expect([...resource.sortable].filter((name) => !Object.hasOwn(definition.sorts, name))).toEqual([]);
    });

    it('reads every attribute the API shows, under the same extension', () => {
      const shown = [...resource.attributes].filter(([, { ops }]) => ops.includes('R'));
      const expected = shown.map(([name, { extension }]) => [name, extension ?? null]).sort();
      const read = definition.attributes
        .filter(({ alias }) => alias === null || extensions.has(alias))
        .map(({ key, alias }) => [key, alias])
        .sort();
      expect(read).toEqual(expected);
    });

    it('answers any query', async () => {
      const rules: ListRules = { validateFilters: true, emptyStrings: true, maxLimit: null };
      const text = fc.oneof(
        fc.string(),
        fc.constantFrom('', 'true', '4', "'", '%', '_', 'ip_address=10.0.0.1', 'ip_address_substr=%', 'x=y'),
      );
      const filter = fc.tuple(fc.constantFrom(...resource.filterable.keys()), text);
      const sort = fc.tuple(fc.constantFrom(...resource.sortable), fc.constantFrom('asc', 'desc'));
      await fc.assert(
        fc.asyncProperty(
          fc.array(filter, { maxLength: 4 }),
          fc.array(sort, { maxLength: 2 }),
          async (filters, sorts) => {
            const parameters = [
              ...filters,
              ...sorts.flatMap(
                ([key, direction]) =>
                  [
                    ['sort_key', key],
                    ['sort_dir', direction],
                  ] as const,
              ),
            ];
            let query: ReturnType<typeof readListQuery>;
            try {
              query = readListQuery(resource, parameters, rules);
            } catch (error) {
              expect(error).toBeInstanceOf(NeutronError);
              return;
            }
            const page = await list(database, query, { all: true, extensions, projectId: 'p' });
            expect(page.items).toEqual([]);
          },
        ),
        { numRuns: 60 },
      );
    });
  },
);
