import type { Db } from '../../db/database.ts';
import type { ListQuery } from '../../lib/query.ts';
import type { ResourceType } from '../outbox/outbox.ts';

/** The fields of an object by upstream's names. */
export type ObjectData = Record<string, unknown>;

/** A type of versioned objects that others are told of (upstream: ml2/ovo_rpc.py). */
export interface ObjectKind {
  readonly name: string;
  /** The newest version, which is also the one that is built. */
  readonly version: string;
  /** As tasks name the resource. */
  readonly resource: ResourceType;
  /** The objects of rows, whoever's they are. Lists of objects in it are complete. */
  read(db: Db, filters: ListQuery['filters'], extensions: ReadonlySet<string>): Promise<ObjectData[]>;
  /** Fields beside `id`, `network_id` and `project_id` that `read` takes as filters. */
  readonly filters?: readonly string[];
  /** Ids of these rows, oldest first, where there may be many: they are read in pieces. */
  ids?(db: Db, filters: ListQuery['filters']): Promise<readonly string[]>;
  /** Agents may ask for one (`pull`): the field by which they name it, and the alias without which there are none. */
  readonly single?: { readonly by: string; readonly extension: string };
  /** What one that is gone has beside its id: upstream's defaults. */
  readonly bare: ObjectData;
  /** Turns the newest into an older one, in place (upstream: `obj_make_compatible`). @param minor of version 1 */
  downgrade(data: ObjectData, minor: number): void;
}
