import type { ListQuery } from '../../../lib/query.ts';
import type { DatabaseOptions } from '../../database.ts';
import type { ResourceSpec } from '../spec.ts';
import type { View } from '../view.ts';

/** How the main thread opened the database, for a new reader thread to open it again. */
export type ThreadData = Omit<DatabaseOptions, 'logger'>;

/** A resource with a hand-written definition, by its name, or any other's spec. */
export type ListSource = string | ResourceSpec;

export interface ListRequest {
  readonly id: number;
  readonly source: ListSource;
  readonly query: ListQuery;
  readonly view: View;
}

export type ListAnswer =
  | {
      readonly id: number;
      readonly ok: true;
      readonly json: Uint8Array;
      readonly count: number;
      readonly firstId: string | null;
      readonly lastId: string | null;
    }
  | { readonly id: number; readonly ok: false; readonly unknownMarker: string | null; readonly message: string };
