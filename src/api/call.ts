import type { Context } from '../lib/context.ts';
import type { Input } from '../plugin/contract.ts';
import type { ServedRoute } from './routes.ts';
import type { ServedResource } from './served-resource.ts';

/** What a request is about. */
export interface Target {
  readonly resource: ServedResource;
  /** Of a resource below another: the other's id. */
  readonly parentId: string | null;
}

/** One request after its input was read, before the plugin is called. */
export interface Call extends Target {
  readonly context: Context;
  readonly operation: 'list' | 'get' | 'create' | 'update' | 'delete' | 'route';
  /** Of a route: what stood in the path for its first parameter. */
  readonly id: string | null;
  readonly route: ServedRoute | null;
  /** What to create or change; empty for the others. */
  readonly inputs: readonly Input[];
}

export type Item = Readonly<Record<string, unknown>>;
