/**
 * What a resource of the API is, as data. One definition per resource feeds everything that must know: the request
 * pipeline, list queries, `/v2.0/extensions`, and later policy defaults, the OpenAPI document, CLI commands and forms.
 */
export interface ResourceDefinition {
  /** JSON key of one (`network`), with underscores. */
  readonly member: string;
  /** JSON key of many, and the name in the plugin's `collections` (`networks`). */
  readonly collection: string;
  /** Listed by `GET /v2.0/`, as only the resources of Neutron's core are. */
  readonly core?: boolean;
  /** Alias of the extension that brings the resource; absent for the core ones. */
  readonly extension?: string;
  readonly attributes: AttributeTable;
  /** There is a PUT, which is always refused: in words of the resource's own, or because it is not there. */
  readonly unchanging?: true;
  /** Attributes that lists show whatever `fields` asks for (a few of upstream's resources have some). */
  readonly kept?: readonly string[];
  /** Served below one resource of another collection: `ports/{port_id}/bindings`. */
  readonly parent?: ParentDefinition;
  /** What stands before the collection in URLs: `qos` of `/v2.0/qos/policies`. Upstream knows each collection without it, too. */
  readonly prefix?: string;
  /** There is no list of them and none is made: each is only asked for by its id. */
  readonly single?: true;
  /** What objects belong to where that stands in no URL, and the attribute that holds its id. */
  readonly above?: { readonly collection: string; readonly key: string };
  /** What of it stands in the URL; `id` when left out. */
  readonly key?: string;
  /**
   * How a project comes to see one: together with the roles of the policy these are the alternatives by which lists are
   * narrowed in the database. Absent: who may see the collection at all sees every row.
   */
  readonly visibility?: readonly Visibility[];
  /** What is neither list, show, create, update nor delete. */
  readonly routes?: readonly RouteDefinition[];
}

export interface ParentDefinition {
  readonly collection: string;
  readonly member: string;
}

/** Its project looks; an RBAC entry opens it (to use, or as a way outside); the project of what it belongs to looks. */
export type Visibility = 'owner' | 'shared' | 'external' | 'parent_owner' | 'parent_shared' | 'parent_external';

/**
 * One request that is not a verb on a collection: an action on one resource, or a path of its own. The plugin's handler
 * goes by `routeKey`; policy, OpenAPI and the commands of the client go by what stands here.
 */
export interface RouteDefinition {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Behind `/v2.0/`: `address_groups/{id}/add_addresses`. A first segment is also known with hyphens. */
  readonly path: string;
  /** Without this alias there is no such path. */
  readonly extension: string;
  /** One line, for people. */
  readonly summary: string;
  /**
   * The policy rule that decides: `add_prefixes`, `get_agent`. Its target is the resource in the path, as stored. Null:
   * anybody may, or the plugin itself decides.
   */
  readonly rule: string | null;
  /** The rule is not asked when what stands first in the path is the caller's own project. */
  readonly free?: 'own_project';
  /** What clients write for `{project_id}` when they mean the caller's own project. */
  readonly ownProject?: string;
  /** What stands first in the path is looked for before the body is read (upstream: member actions). */
  readonly targetFirst?: true;
  /** 204 answers without a body. */
  readonly status: 200 | 201 | 204;
  /** JSON key around the answer; null: the handler's value is the whole body. */
  readonly envelope: string | null;
  /** What the request's body holds: checked like a PUT's, keys that are `required` must be there. */
  readonly body?: AttributeTable;
  /** JSON key around the request's body; absent: none. */
  readonly bodyEnvelope?: string;
}

export function routeKey({ method, path }: Pick<RouteDefinition, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

export type AttributeTable = Readonly<Record<string, Attribute>>;

export interface Attribute {
  /** Who takes part: C accepted in POST, U accepted in PUT, R returned. Empty: only a filter. */
  readonly ops: '' | 'R' | 'C' | 'CR' | 'CU' | 'UR' | 'CUR';
  readonly type: AttributeType;
  /** Filled in by POST when absent; `required` refuses the request then; `unset` leaves the choice to the plugin. */
  readonly default: unknown;
  readonly filter?: boolean;
  readonly sort?: boolean;
  /** Alias without which the attribute is unknown; absent for the resource's own. */
  readonly extension?: string;
  /** Aliases without which it is known, but not accepted in POST, not in PUT, or not sorted by. */
  readonly createExtension?: string;
  readonly updateExtension?: string;
  readonly sortExtension?: string;
  /** Who may give it on create, on update, and see it, where that is narrower than for the resource (default policy). */
  readonly create?: readonly Who[];
  readonly update?: readonly Who[];
  readonly see?: readonly Who[];
}

/** POST without this attribute is refused. */
export const required = Symbol('required');
/** The plugin decides when the client does not say; arrives there as `undefined`. */
export const unset = Symbol('unset');

/** Whom a default policy allows; of a list one is enough. */
export type Who =
  | 'admin'
  | 'service'
  | 'advsvc'
  | 'data_plane_integrator'
  | 'project_member'
  | 'project_manager'
  | 'project_reader'
  | 'network_owner_member'
  | 'network_owner_manager'
  | 'network_owner_reader'
  | 'shared_network'
  | 'external_network'
  /** Anyone, while the value does not start with `network:`. */
  | 'ordinary_device_owner';

/**
 * The values an attribute takes. A value from a client is converted, then validated, then normalized: upstream converts
 * first, so `null` name servers are an empty list and a CIDR without prefix is a host's.
 */
export interface AttributeType {
  /** JSON Schema of what is accepted, for people and forms; the functions below decide. */
  readonly schema: Schema;
  /** What comes back, where that is not what is accepted. */
  readonly shown?: Schema;
  /** @throws InvalidInput ("Invalid input for operation: …") */
  readonly convert?: (value: unknown) => unknown;
  /** What is wrong with a converted value (behind "Invalid input for X. Reason: "), or null. May throw its own error. */
  readonly validate?: (value: unknown) => string | null;
  /** Canonical form of a valid value: addresses, MACs and ids that mean the same become the same text. */
  // biome-ignore lint/suspicious/noExplicitAny: the type is what `validate` just found out
  readonly normalize?: (value: any) => unknown;
  /** One value of a query string to one of the filter; null: it can match nothing. Default: `convert`. */
  readonly filter?: (text: string) => FilterScalar | { key: string; value: string } | null;
}

export type FilterScalar = string | number | boolean;

export type Schema = Readonly<Record<string, unknown>>;
