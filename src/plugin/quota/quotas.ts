import type { Db, Tx } from '../../db/database.ts';
import { ask, type Question } from '../../db/question.ts';
import { ownLimit, ownLimitOf, type ProjectRows } from '../../db/write/quotas.ts';
import { holdOf } from '../../db/write/turns.ts';
import type { Input } from '../contract.ts';
import { quotaErrors as errors } from './errors.ts';
import { defaultLimit, type QuotaOptions } from './options.ts';

/** What a transaction has inserted rows for. */
export interface CountedInputs {
  readonly resource: string;
  readonly inputs: readonly Input[];
}

/**
 * How much of each resource a project may have. The decision is made inside the transaction that inserts the rows: it
 * counts what is there and what the transaction itself has written, so nothing has to be reserved beforehand and no race
 * can exceed a limit. (Upstream counts outside of it and keeps reservations for 120 s.)
 */
export class Quotas {
  readonly #options: QuotaOptions;
  readonly #counted: ReadonlyMap<string, ProjectRows>;

  /** @param counted rows of each resource that has a quota, by the resource's name there (`network`, `rbac_policy`) */
  constructor(options: QuotaOptions, counted: ReadonlyMap<string, ProjectRows>) {
    this.#options = options;
    this.#counted = counted;
  }

  /** Names of all resources with a quota. */
  get resources(): string[] {
    return [...this.#counted.keys()];
  }

  defaultLimit(resource: string): number {
    return defaultLimit(this.#options, resource);
  }

  rows(resource: string): ProjectRows {
    return this.#counted.get(resource)!;
  }

  /**
   * After rows were inserted beside others who do the same: that the limits still hold. Each project's count is held to the
   * end of the transaction, so that of those who add its last ones somebody is last.
   * @throws OverQuota
   */
  async recount(tx: Tx, counted: readonly CountedInputs[]): Promise<void> {
    const held = new Map<string, { resource: string; project: string }>();
    for (const { resource, inputs } of counted) {
      if (!this.#counted.has(resource)) continue;
      for (const project of new Set(inputs.map(projectOf))) {
        if (project !== '') held.set(`quota ${resource} ${project}`, { resource, project });
      }
    }
    for (const [name, { resource, project }] of [...held].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const isOver = await this.#exceeds(tx, { resource, project, more: 0 }, holdOf(tx, name));
      if (isOver) throw errors.OverQuota({ overs: `['${resource}']` });
    }
  }

  /**
   * Before rows are inserted: that so many more do not exceed the project's limit.
   * @throws OverQuota
   */
  async check(db: Db, resource: string, projectId: string, more: number): Promise<void> {
    // What belongs to no project (ports of the infrastructure) is nobody's share.
    if (projectId === '' || more === 0) return;
    if (await this.#exceeds(db, { resource, project: projectId, more })) {
      throw errors.OverQuota({ overs: `['${resource}']` });
    }
  }

  /**
   * Whether so many more rows are beyond a project's limit. Most projects have no limit of their own: it is asked for together
   * with what the usual one is compared with.
   * @param hold asked before the rows are counted
   */
  async #exceeds(
    db: Db,
    { resource, project, more }: { resource: string; project: string; more: number },
    hold: Question<void> = { statements: [], answer: () => {} },
  ): Promise<boolean> {
    const rows = this.rows(resource);
    const usual = this.defaultLimit(resource);
    const beyondUsual = usual < more ? undefined : rows.moreThanOf?.(db, project, usual - more);
    let limit = usual;
    if (beyondUsual === undefined) {
      limit = (await ownLimit(db, project, resource)) ?? usual;
      if (limit >= 0) await ask(db, hold);
    } else {
      const [own, , isBeyond] = await ask(db, ownLimitOf(db, project, resource), hold, beyondUsual);
      if (own === null) return isBeyond;
      limit = own;
    }
    return limit >= 0 && (limit < more || (await rows.hasMoreThan(db, project, limit - more)));
  }

  /** As `check`, for the inputs of one request, each with its project. */
  async checkInputs(db: Db, resource: string, inputs: readonly Input[]): Promise<void> {
    if (!this.#counted.has(resource)) return;
    const [first, ...others] = inputs;
    if (first !== undefined && others.length === 0) return this.check(db, resource, projectOf(first), 1);
    const more = new Map<string, number>();
    for (const input of inputs) more.set(projectOf(input), (more.get(projectOf(input)) ?? 0) + 1);
    for (const [project, count] of more) await this.check(db, resource, project, count);
  }
}

function projectOf(input: Input): string {
  return (input.project_id as string | undefined) ?? '';
}
