import type { ResourceSpec, SpecAttribute, SpecChild, SpecScope, SpecSource } from '../../db/read/spec.ts';
import type { Schema } from '../../db/schema.ts';
import type { Attribute, ResourceDefinition, Visibility } from '../../resources/contract.ts';

/** Where the parts of a resource are stored, as far as its attribute table does not say it already. */
export interface Storage {
  readonly table: keyof Schema & string;
  /** Tables with the same columns that hold its rows together; `table` is then only a name. */
  readonly union?: ResourceSpec['union'];
  /** Child tables, by a name of their own. */
  readonly children?: Readonly<Record<string, SpecChild>>;
  /** Where attributes come from that are not the column of their name; null: not stored. */
  readonly sources?: Readonly<Record<string, SpecSource | null>>;
  /** Its RBAC entries, when it can be shared. */
  readonly rbac?: keyof Schema & string;
  /** What it belongs to, for the visibilities that go by the parent. */
  readonly parent?: { readonly column: string; readonly table: string; readonly rbac?: string };
  /** `resource_type` in `tags`. */
  readonly tags?: string;
  readonly revised?: ResourceSpec['revised'];
}

/**
 * What the database must know to read a resource: its attribute table, and where things are stored. Attributes that clients
 * see come from the column of their name, by the type they have in the table; `tenant_id`, `shared` and `tags` from where
 * those always are.
 */
export function specOf(definition: ResourceDefinition, storage: Storage): ResourceSpec {
  const { table, union, rbac, tags, revised } = storage;
  const children: Record<string, SpecChild> = { ...storage.children };
  if (rbac !== undefined) {
    children.sharing = {
      table: rbac,
      parent: 'object_id',
      columns: ['target_project'],
      where: { action: 'access_as_shared' },
    };
  }
  if (tags !== undefined) {
    children.tags = { table: 'tags', parent: 'resource_id', columns: ['tag'], where: { resource_type: tags } };
  }
  const scope = scopeOf(definition.visibility, storage);
  return {
    table,
    ...(union && { union }),
    children,
    attributes: Object.entries(definition.attributes).flatMap(([key, attribute]) =>
      attributeOf(key, attribute, storage),
    ),
    ...(scope && { scope }),
    tags: tags ?? null,
    ...(revised && { revised }),
  };
}

function attributeOf(key: string, attribute: Attribute, storage: Storage): SpecAttribute[] {
  const readable = attribute.ops.includes('R');
  if (!readable && !attribute.filter) return [];
  const from = sourceOf(key, attribute, storage);
  if (from === null) return [];
  const { filter = false, sort = false, extension } = attribute;
  return [{ key, alias: extension ?? null, from, filter, sort }];
}

function sourceOf(key: string, { type }: Attribute, { sources = {}, rbac, tags }: Storage): SpecSource | null {
  if (Object.hasOwn(sources, key)) return sources[key]!;
  if (key === 'tenant_id') return { column: 'project_id', as: 'text' };
  if (key === 'shared' && rbac !== undefined) return { sharedBy: 'sharing' };
  if (key === 'tags') return tags === undefined ? null : { child: 'tags', as: 'list' };
  return { column: key, as: kindOf(type.schema.type) };
}

/** What a column of an attribute with this JSON type holds; revision numbers and the like have their own. */
function kindOf(type: unknown): 'text' | 'number' | 'flag' | 'json' {
  const types = Array.isArray(type) ? type : [type];
  if (types.includes('boolean')) return 'flag';
  if (types.includes('integer')) return 'number';
  return types.includes('array') || types.includes('object') ? 'json' : 'text';
}

function scopeOf(visibility: readonly Visibility[] | undefined, { rbac, parent }: Storage): SpecScope[] | null {
  if (visibility === undefined) return null;
  const ways: SpecScope[] = [];
  if (visibility.includes('owner')) ways.push({ by: 'owner' });
  if (visibility.includes('shared') && rbac !== undefined) ways.push({ by: 'rbac', table: rbac });
  const byParent = visibility.some((way) => way.startsWith('parent_'));
  if (byParent) {
    if (parent === undefined) throw new Error('a visibility by the parent, but no parent is named');
    const { column, table } = parent;
    ways.push({ by: 'parent', column, table, ...(parent.rbac && { rbac: parent.rbac }) });
  }
  return ways;
}
