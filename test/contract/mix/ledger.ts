import type { Json } from '../../support/api.ts';

/** What one client was told is there: the last acknowledged answer of each of its resources, and its tags. */
export class Ledger {
  readonly #kept = new Map<string, Map<string, Json>>();

  /** Ids and answers of one collection. */
  of(collection: string): Map<string, Json> {
    const kept = this.#kept.get(collection) ?? new Map<string, Json>();
    this.#kept.set(collection, kept);
    return kept;
  }

  /** A create or an update was acknowledged. */
  keep(collection: string, item: Json): void {
    this.of(collection).set(item.id, { ...this.of(collection).get(item.id), ...item });
    if (collection === 'security_groups') {
      for (const rule of item.security_group_rules) this.of('security_group_rules').set(rule.id, rule);
    }
  }

  /** A delete was acknowledged: what goes with it went as well. */
  drop(collection: string, id: string): void {
    const gone = new Set(this.dropped(collection, id));
    for (const kept of this.#kept.values()) for (const one of gone) kept.delete(one);
  }

  /** What goes when one thing is deleted. */
  dropped(collection: string, id: string): string[] {
    const gone = [id];
    const goes = (of: string, ...keys: string[]) => {
      for (const [other, item] of this.of(of)) if (keys.some((key) => item[key] === id)) gone.push(other);
    };
    if (collection === 'networks') goes('subnets', 'network_id');
    if (collection === 'security_groups') goes('security_group_rules', 'security_group_id', 'remote_group_id');
    goes('rbac_policies', 'object_id');
    return gone;
  }

  ids(collection: string): string[] {
    return [...this.of(collection).keys()];
  }
}
