import { LRUCache } from 'lru-cache';
import type { Context } from '../lib/context.ts';
import type { Check } from './check.ts';
import { type Credentials, credentialsOf } from './credentials.ts';
import { reduce } from './reduce.ts';
import { makeRules, type RuleFile, type RuleOptions } from './rules.ts';

/** Callers remembered: those of one project and role count once. */
const CALLERS = 500;

/** The rules in force, and what they say of a caller. Replaced as a whole when files change. */
export class Policy {
  readonly #options: RuleOptions;
  #rules: ReadonlyMap<string, Check>;
  readonly #decided = new LRUCache<string, Map<string, Check>>({ max: CALLERS });
  #version = 0;

  /** @throws PolicyError */
  constructor(files: readonly RuleFile[], options: RuleOptions) {
    this.#options = options;
    this.#rules = makeRules(files, options);
  }

  /** Raised by every change of the rules: whatever was worked out from them before is void. */
  get version(): number {
    return this.#version;
  }

  /** Takes other files. @throws PolicyError and keeps the rules there are */
  replace(files: readonly RuleFile[]): void {
    this.#rules = makeRules(files, this.#options);
    this.#decided.clear();
    this.#version++;
  }

  has(rule: string): boolean {
    return this.#rules.has(rule);
  }

  /** All rules as they are, for people. */
  entries(): IterableIterator<[string, Check]> {
    return this.#rules.entries();
  }

  /**
   * What a rule says of a caller: that it holds, that it does not, or what of the object decides. A rule that there is not
   * is the rule `default`.
   */
  decide(context: Context, rule: string): Check {
    const caller = credentialsOf(context);
    const decided = this.#ofCaller(caller);
    let check = decided.get(rule);
    if (check === undefined) {
      // Releases before the present rules let an administrator do everything.
      check =
        !this.#options.enforce_new_defaults && context.isAdmin
          ? { kind: 'true' }
          : reduce({ kind: 'rule', name: rule }, caller, this.#rules);
      decided.set(rule, check);
    }
    return check;
  }

  /** Whether a rule that asks for nothing but the caller holds. */
  holds(context: Context, rule: string): boolean {
    return this.decide(context, rule).kind === 'true';
  }

  /** The same caller as an administrator, where the rules make him one. */
  identify(context: Context): Context {
    const isAdmin =
      reduce({ kind: 'rule', name: 'context_is_admin' }, credentialsOf(context), this.#rules).kind === 'true';
    return isAdmin === context.isAdmin ? context : { ...context, isAdmin };
  }

  #ofCaller(caller: Credentials): Map<string, Check> {
    let decided = this.#decided.get(caller.key);
    if (decided === undefined) {
      decided = new Map();
      this.#decided.set(caller.key, decided);
    }
    return decided;
  }
}
