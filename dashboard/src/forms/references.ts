import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/client.ts';
import { useResources } from '../api/described.ts';

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** As many as a list to choose from holds; an id that is not among them can be typed. */
const most = 500;

/** What can be chosen where an id of this collection is wanted: names, with the beginning of the id. */
export function useChoices(collection: string | null): readonly Choice[] {
  const { resources } = useResources();
  const resource = resources.find((one) => one.collection === collection && one.parent === null);
  const { data } = useQuery({
    queryKey: [collection, 'choices'],
    enabled: resource !== undefined,
    queryFn: async ({ signal }) => {
      const path = `${resource!.path}?fields=id&fields=name&limit=${most}`;
      const { body } = await ask<Record<string, { id: string; name?: string }[]>>('GET', path, undefined, signal);
      return body[resource!.collection]!.map(({ id, name }) => ({
        value: id,
        label: name ? `${name} (${id.slice(0, 8)})` : id,
      }));
    },
  });
  return data ?? [];
}
