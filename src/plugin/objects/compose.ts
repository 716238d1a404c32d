import type { VersionedObject } from '../../rpc/contract.ts';
import type { ObjectData } from './contract.ts';

export function versionedObject(name: string, version: string, data: ObjectData): VersionedObject {
  return {
    'versioned_object.name': name,
    'versioned_object.namespace': 'versionedobjects',
    'versioned_object.version': version,
    'versioned_object.data': data,
  };
}

/** Columns: those that are null are left out. */
export function columns(values: ObjectData): ObjectData {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));
}

/** What every resource with a revision ends with. */
export function standard(resource: {
  revision_number: number;
  description: string | null;
  created_at: string;
  updated_at: string;
}): ObjectData {
  const { revision_number, description, created_at, updated_at } = resource;
  return columns({ revision_number, description, created_at, updated_at });
}

/** What every resource with a name begins with. */
export function named({ id, project_id, name }: { id: string; project_id: string; name: string }): ObjectData {
  return { id, project_id, name };
}

/** Rows by what they belong to. */
export function grouped<T>(rows: readonly T[], key: (row: T) => string): (id: string) => readonly T[] {
  const groups = Map.groupBy(rows, key);
  return (id) => groups.get(id) ?? [];
}
