import type { Way } from '../lib/query.ts';
import type { Call, Item } from './call.ts';

/** Who may do and see what. The pipeline asks it twice: before the plugin is called, and of what comes back. */
export interface Gate {
  /** @throws PolicyNotAuthorized and what else says no */
  permit(call: Call): void | Promise<void>;
  look(call: Call): Look;
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
