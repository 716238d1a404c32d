import type { ApiResource, Schema } from './description.ts';

/** `/dashboard/permissions`, of one resource: what may be done with objects of the caller's own project. */
export interface Permitted {
  readonly list: boolean;
  /** Attributes that never come back. */
  readonly hidden: readonly string[];
  readonly create: boolean;
  readonly update: boolean;
  readonly delete: boolean;
  /** `shared`, `external_gateway_info:enable_snat` */
  readonly not_in_create: readonly string[];
  readonly not_in_update: readonly string[];
  /** By the name of the rule: `add_router_interface`. */
  readonly actions: Readonly<Record<string, boolean>>;
  /** Whether objects of others may have other answers. */
  readonly judged: boolean;
}

export interface Permissions {
  readonly resources: Readonly<Record<string, Permitted>>;
}

/** What may be done with one object. */
export type ObjectRights = Pick<Permitted, 'update' | 'delete' | 'not_in_update' | 'actions'>;

/** Whether one may be made with some input, and without what. */
export type CreateRights = Pick<Permitted, 'create' | 'not_in_create'>;

export const allRights: ObjectRights = { update: true, delete: true, not_in_update: [], actions: {} };
export const noRights: ObjectRights = { update: false, delete: false, not_in_update: [], actions: {} };

/** The description without what this caller may not do, so that nothing that is made from it offers that. */
export function permittedOf(resources: readonly ApiResource[], permissions: Permissions): ApiResource[] {
  return resources.flatMap((resource) => {
    const permitted = permissions.resources[resource.key];
    if (permitted === undefined) return [resource];
    if (!permitted.list) return [];
    const { hidden, judged } = permitted;
    const { create, update, shown, sortable, filterable } = resource;
    return [
      {
        ...resource,
        permitted,
        shown: without(shown, hidden),
        sortable: sortable.filter((name) => !hidden.includes(name)),
        filterable: filterable.filter((name) => !hidden.includes(name)),
        create: create && permitted.create ? without(create, permitted.not_in_create) : null,
        // Of whose objects it holds is asked for each.
        update: permitted.update || judged ? update : null,
        canDelete: resource.canDelete && (permitted.delete || judged),
      },
    ];
  });
}

/** Whether a request that is no plain verb is permitted on objects of one's own: `add_router_interface`. */
export function mayDo(resource: ApiResource | undefined, rule: string): boolean {
  return resource !== undefined && (resource.permitted?.actions[rule] ?? true);
}

/** A schema without some attributes, or (`fixed_ips:ip_address`) members of their values. */
export function without(schema: Schema, names: readonly string[]): Schema {
  if (names.length === 0) return schema;
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, one]) => {
    if (names.includes(name)) return [];
    const below = names.filter((each) => each.startsWith(`${name}:`)).map((each) => each.slice(name.length + 1));
    return [[name, withoutMembers(one, below)] as const];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function withoutMembers(schema: Schema, names: readonly string[]): Schema {
  if (names.length === 0) return schema;
  return schema.items ? { ...schema, items: without(schema.items, names) } : without(schema, names);
}
