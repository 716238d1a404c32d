import type { Context } from '../lib/context.ts';
import type { ListQuery, Page } from '../lib/query.ts';
import type { Agent, Network, Port, Subnet } from '../resources/shapes.ts';
import type { News } from './news/news.ts';
import type { Usage } from './usage/usage.ts';

/**
 * What the API calls. One `Collection` per resource, all alike, so that the API's machine needs to know nothing else.
 *
 * Inputs have passed the attribute table: keys are known, values converted. On create every attribute that may be given
 * is present, with its default or `undefined` for "not specified"; on update only the keys the client sent.
 * Errors are `NeutronError`s with upstream's types; anything else that is thrown is a bug (500).
 */
export interface Collection<R> {
  list(context: Context, query: ListQuery): Promise<Page<R>>;
  /** @throws the resource's not-found error (NetworkNotFound …) */
  get(context: Context, id: string, fields?: readonly string[] | null): Promise<Partial<R>>;
  create?(context: Context, input: Input): Promise<R>;
  /** All or nothing, in one transaction; answers in the order of the inputs. */
  createBulk?(context: Context, inputs: readonly Input[]): Promise<R[]>;
  /** @throws RevisionNumberConstraintFailed when `ifRevision` is given and is not the stored one */
  update?(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<R>;
  delete?(context: Context, id: string, ifRevision?: number | null): Promise<void>;
}

export type Input = Record<string, unknown>;

/** A request that is no verb on a collection. */
export interface RouteCall {
  readonly context: Context;
  /** What stood in the path for each `{name}` of the route. */
  readonly params: Readonly<Record<string, string>>;
  /** The body, checked against the route's table; empty without one. */
  readonly input: Input;
  /** The query string, in order. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  readonly ifRevision: number | null;
}

/** A handler's answer that is JSON text already, as long lists are. */
export class FinishedJson {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** @returns what stands in the answer's envelope (or its text, as `FinishedJson`), or the whole body where the route has none */
export type RouteHandler = (call: RouteCall) => Promise<unknown>;

/** The plugin as the API sees it: collections by their name in the URL with underscores, and the loaded extensions. */
export interface CorePlugin {
  readonly collections: {
    readonly networks: Collection<Network>;
    readonly subnets: Collection<Subnet>;
    readonly ports: Collection<Port>;
    readonly agents: Collection<Agent>;
    // biome-ignore lint/suspicious/noExplicitAny: resources of extensions, whose shapes only their own tables know
    readonly [name: string]: Collection<any>;
  };
  /** Collections below one resource, by `<parent collection>/<collection>`. */
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  readonly children: Readonly<Record<string, (parentId: string) => Collection<any>>>;
  /** By `routeKey` of the resource tables. */
  readonly routes: Readonly<Record<string, RouteHandler>>;
  /** Aliases of the extensions that work in this configuration: decides which attributes exist. */
  readonly extensions: ReadonlySet<string>;
  /** What changes, for people who look on; absent: nobody can. */
  readonly news?: News;
  /** What the last hour was like; absent: nobody notes it. */
  readonly usage?: Usage;
  /**
   * Whether there is room for these inputs of a POST. The plugin decides that itself when it creates them; this is for
   * whoever refuses a request for another reason and must name this one first, as upstream does.
   *
   * @param resource the member's name: `network`
   * @throws OverQuota
   */
  checkQuota(resource: string, inputs: readonly Input[]): Promise<void>;
}

export interface Explanation {
  /** One of the four: what was asked about. */
  port_id?: string;
  network_id?: string;
  router_id?: string;
  floatingip_id?: string;
  verdict: 'works' | 'waits' | 'broken' | 'unknown';
  /** One sentence: what is wrong first, or that nothing is. */
  summary: string;
  steps: ExplanationStep[];
}

export interface ExplanationStep {
  /** `bound`, `agent`, `tap`, `bridge`, `nic`, `dhcp_agent`, `hosts_file`, `lease`, `metadata` … */
  step: string;
  state: 'ok' | 'waiting' | 'fault' | 'unknown' | 'not_applicable';
  expected: string;
  found: string;
  /** What to do about it; absent when all is well. */
  remedy?: string;
  /** What asks for it: a rule, group, address pair, policy … with its id. */
  cause?: string;
  /** The command whose answer was looked at, as one types it. */
  check?: string;
  /** Who looked; absent for the server, which knows rows. */
  agent?: 'bridge' | 'dhcp' | 'metadata' | 'l3';
  /** The agent's host. */
  host?: string;
  /** The link or namespace that it is about, where it is one. */
  device?: string;
  /** What the kernel counted, by name; see `ExplainStep` of the RPC contract. */
  counters?: Readonly<Record<string, number>>;
}
