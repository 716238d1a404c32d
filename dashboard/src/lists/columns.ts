import { oldClient } from '../../../src/resources/old-client.ts';
import type { ApiResource } from '../api/description.ts';

/** What a list shows until somebody chooses: what the client's lists show, and whether it works. */
export function usualColumns({ collection, shown }: ApiResource): string[] {
  const all = Object.keys(shown.properties ?? {});
  const wanted = ['name', ...(oldClient[collection]?.columns ?? []), 'status', 'admin_state_up', 'tags'];
  const known = [...new Set(wanted)].filter((name) => all.includes(name) && name !== 'id');
  const plain = all.filter((name) => !known.includes(name) && !/^(tenant|project)_id$|^id$|description/.test(name));
  return known.length >= 3 ? known : [...known, ...plain].slice(0, 6);
}

const stored = (key: string) => `neutrino-columns-${key}`;

export function storedColumns(resource: ApiResource): string[] {
  const all = Object.keys(resource.shown.properties ?? {});
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(stored(resource.key)) ?? 'null');
    if (Array.isArray(kept)) return kept.filter((name): name is string => all.includes(name as string));
  } catch {
    // What is no list of names is as good as nothing.
  }
  return usualColumns(resource);
}

export function keepColumns(key: string, columns: readonly string[]): void {
  localStorage.setItem(stored(key), JSON.stringify(columns));
}
