/**
 * A list request after the API has checked it: what the plugin and the database need to answer it. All keys are known
 * attributes that may be filtered or sorted by, all values converted to the attribute's type.
 */
export interface ListQuery {
  /** attribute → accepted values; OR inside one attribute, AND across attributes. `[]` matches nothing. */
  readonly filters: Readonly<Record<string, readonly FilterValue[]>>;
  /**
   * Only these keys come back; null for all. Items of a page carry their id besides (links are made of it, the API drops
   * it again); the JSON of a page carries exactly these.
   */
  readonly fields: readonly string[] | null;
  /** Attributes that the caller may not see: neither in items nor in JSON. */
  readonly hidden?: readonly string[];
  /** Of the ways by which a project comes to see a row only these count; absent: all that the resource has. */
  readonly ways?: readonly Way[];
  /** The database appends the id, so that the order is total. */
  readonly sorts: readonly { readonly key: string; readonly direction: 'asc' | 'desc' }[];
  /** At most this many; null for all. */
  readonly limit: number | null;
  /** Id of the row before the first one wanted (exclusive); unknown → the resource's not-found error. */
  readonly marker: string | null;
  /** The page *before* the marker, still in forward order. */
  readonly pageReverse: boolean;
}

/** A row is the project's, or what it belongs to is. */
export type Way = 'owner' | 'parent_owner';

/**
 * A scalar, or for list-valued attributes one `key=value` pair
 * (`fixed_ips=ip_address=10.0.0.5`, keys `subnet_id`, `ip_address`, `ip_address_substr`).
 */
export type FilterValue = string | number | boolean | null | { readonly key: string; readonly value: string };

export const everything: ListQuery = {
  filters: {},
  fields: null,
  sorts: [],
  limit: null,
  marker: null,
  pageReverse: false,
};

/** One page of a list: objects, or (for long ones, made in the reader thread) the finished JSON text of the array. */
export type Page<R> =
  | { readonly items: readonly R[]; readonly json?: undefined }
  | {
      readonly items?: undefined;
      readonly json: Uint8Array;
      readonly count: number;
      readonly firstId: string | null;
      readonly lastId: string | null;
    };
