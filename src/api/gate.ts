import type { Context } from '../lib/context.ts';
import type { Way } from '../lib/query.ts';
import type { Input } from '../plugin/contract.ts';
import type { Call, Item, Target } from './call.ts';
import type { ServedResource } from './served-resource.ts';

/** Who may do and see what. The pipeline asks it twice: before the plugin is called, and of what comes back. */
export interface Gate {
  /** @throws PolicyNotAuthorized and what else says no */
  permit(call: Call): void | Promise<void>;
  look(call: Call): Look;
  /** What it would permit, for those who offer it to people; absent: everything. */
  readonly rights?: RightsOfCaller;
}

/** Whether a verb is allowed, and the attributes that may not be given with it: `shared`, `fixed_ips:ip_address`. */
export interface Verdict {
  readonly allowed: boolean;
  readonly refused: readonly string[];
}

/** What may be done with one object. */
export interface Rights {
  readonly create: Verdict;
  readonly update: Verdict;
  readonly delete: boolean;
  /** Requests that are no plain verb, by the name of their rule: `add_router_interface`. */
  readonly actions: Readonly<Record<string, boolean>>;
}

/** Answers without doing anything; nothing is promised, for what is true now need not be so in a moment. */
export interface RightsOfCaller {
  /** With an object of the caller's own project, on a network of its own. */
  own(context: Context, resource: ServedResource): Rights;
  /** Whether `stored` may say something else of some object than `own`. */
  isJudged(context: Context, resource: ServedResource): boolean;
  /** Whether one may be made with this input (`network_id` …), below that parent. */
  made(context: Context, target: Target, input: Input): Promise<Verdict>;
  /** With those of the objects that the caller sees. */
  stored(context: Context, target: Target, ids: readonly string[]): Promise<Map<string, Rights>>;
}

/** What the caller sees of a resource. */
export interface Look {
  /** Not one of them. */
  readonly nothing: boolean;
  /** Attributes it does not see, whichever object: the database need not give them. */
  readonly hidden: readonly string[];
  /** Lists hold what the caller sees when only these ways count (`ListQuery.ways`), and need not be judged; absent: no such ways. */
  readonly ways?: readonly Way[];
  /** Objects must be looked at one by one, whole: `see` decides. */
  readonly judges: boolean;
  /** @param kept objects that the caller has just made or changed are shown whatever the rules of reading say */
  see(items: readonly Item[], kept?: boolean): Promise<readonly Item[]>;
}

const whole: Look = { nothing: false, hidden: [], judges: false, see: async (items) => items };

/** Without Keystone everybody may do and see everything. */
export const openDoor: Gate = { permit: () => {}, look: () => whole };
