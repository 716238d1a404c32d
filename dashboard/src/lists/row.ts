import type { ApiResource } from '../api/description.ts';

/** One item as the server shows it. */
export type Row = Readonly<Record<string, unknown>>;

export function idOf({ idName }: ApiResource, row: Row): string | null {
  const id = idName === null ? null : row[idName];
  return id === undefined || id === null ? null : String(id);
}

/** What people call it: its name, else the beginning of its id. */
export function labelOf(resource: ApiResource, row: Row): string {
  const { name } = row;
  if (typeof name === 'string' && name !== '') return name;
  return (idOf(resource, row) ?? '').slice(0, 13);
}
