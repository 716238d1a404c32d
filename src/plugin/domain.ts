import type { Schema } from '../db/schema.ts';
import type { ProjectRows } from '../db/write/quotas.ts';
import type { Tagged } from '../db/write/tags.ts';
import type { ServiceProvider } from '../resources/shapes.ts';
import type { Endpoint } from '../rpc/transport.ts';
import type { Change } from './changes.ts';
import type { Collection, RouteHandler } from './contract.ts';
import type { Duty } from './duty/duties.ts';
import type { Machine } from './machine.ts';
import type { PluginOptions } from './options.ts';

/**
 * What a folder of the plugin brings: a resource or a few that belong together. `domains.ts` lists them all; what is said
 * here is all that the rest of the server needs to know of them.
 */
export interface Domain {
  readonly name: string;
  /** Aliases that work because it is there. */
  aliases(options: PluginOptions): readonly string[];
  /** Whether this configuration has it; absent: always. */
  enabled?(options: PluginOptions): boolean;
  /** Resources that count towards a project's quota, by their names there. */
  readonly quotas?: Readonly<Record<string, ProjectRows>>;
  /** Collections of its that take tags: where their rows are, and what they are called in `tags`. */
  readonly tagged?: Readonly<Record<string, Tagged>>;
  /** Who serves its service, where flavors can choose. */
  providers?(options: PluginOptions): readonly Provider[];
  /** Objects of its that can be shared by RBAC entries. */
  readonly rbac?: readonly RbacObject[];
  make(machine: Machine): DomainParts;
}

/** One way to serve a service; `driver` is what service profiles name. */
export interface Provider extends ServiceProvider {
  readonly driver: string;
}

export interface DomainParts {
  // biome-ignore lint/suspicious/noExplicitAny: shapes that only its own tables know
  readonly collections?: Readonly<Record<string, Collection<any>>>;
  /** Collections below one resource, by `<parent collection>/<collection>`. */
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  readonly children?: Readonly<Record<string, (parentId: string) => Collection<any>>>;
  /** By `routeKey`. */
  readonly routes?: Readonly<Record<string, RouteHandler>>;
  /** What agents may call, by topic. */
  readonly endpoints?: readonly { readonly topic: string; readonly endpoint: Endpoint }[];
  /** Its periodic work, which one of all servers does. */
  readonly duties?: readonly Duty[];
  /** Begins what it does by itself; called once, when the server is ready. */
  start?(): void | Promise<void>;
  close?(): Promise<void>;
}

/** One kind of object that RBAC entries can open to other projects. */
export interface RbacObject {
  /** `object_type` in the API: `network`, `security_group`. */
  readonly type: string;
  /** Its entries. */
  readonly table: keyof Schema & string;
  /** Its own table, where the owner stands. */
  readonly objects: keyof Schema & string;
  readonly actions: readonly string[];
  /**
   * Refuses to let an entry go that somebody depends on. Called after it went or was given to another project, and only
   * when nothing else gives access to those it was for.
   *
   * @param others projects that keep access: the owner, and those of the object's other entries with this action
   * @throws RbacPolicyInUse
   */
  checkUnused(change: Change, entry: RbacEntry, others: readonly string[]): Promise<void>;
  /** Refuses an entry that would open too little: what the object needs besides itself. */
  checkNew?(change: Change, entry: RbacEntry): Promise<void>;
  /** An entry came, changed or went: raises the object's revision, where that shows. */
  touched?(change: Change, objectId: string): Promise<void>;
}

export interface RbacEntry {
  readonly id: string;
  readonly project_id: string;
  readonly object_id: string;
  readonly target_project: string;
  readonly action: string;
}
