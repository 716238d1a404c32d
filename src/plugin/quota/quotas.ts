import { LRUCache } from 'lru-cache';
import type { Db, Tx } from '../../db/database.ts';
import { ask, type Question } from '../../db/question.ts';
import { ownLimit, ownLimitOf, type ProjectRows } from '../../db/write/quotas.ts';
import { holdOf, holdTogetherOf } from '../../db/write/turns.ts';
import type { Input } from '../contract.ts';
import { quotaErrors as errors } from './errors.ts';
import { defaultLimit, type QuotaOptions } from './options.ts';

/** What a transaction has inserted rows for. */
export interface CountedInputs {
  readonly resource: string;
  readonly inputs: readonly Input[];
}

/**
 * A project that may have so many more has plenty: those who add single rows need not count after each other. More than the
 * connections of all servers to the database, so more than may be adding at the same moment.
 */
const PLENTY = 1_000;

/**
 * How much of each resource a project may have. The decision is made inside the transaction that inserts the rows: it
 * counts what is there and what the transaction itself has written, so nothing has to be reserved beforehand and no race
 * can exceed a limit. (Upstream counts outside of it and keeps reservations for 120 s.)
 */
export class Quotas {
  readonly #options: QuotaOptions;
  readonly #counted: ReadonlyMap<string, ProjectRows>;
  /** Limits that were read before, by `heldName`. */
  readonly #known = new LRUCache<string, number>({ max: 10_000 });

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
        if (project !== '') held.set(heldName(resource, project), { resource, project });
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
      limit = this.#note(resource, project, await ownLimit(db, project, resource));
      if (limit >= 0) await ask(db, hold);
    } else {
      const [own, , isBeyond] = await ask(db, ownLimitOf(db, project, resource), hold, beyondUsual);
      limit = this.#note(resource, project, own);
      if (own === null) return isBeyond;
    }
    return limit >= 0 && (limit < more || (await rows.hasMoreThan(db, project, limit - more)));
  }

  /**
   * As `checkInputs`, beside others who add rows at the same time. Who adds one row to a project that has plenty of room holds
   * its count together with others like him; who counts exactly waits for all of them, and they for him.
   * @returns whether the rows must be counted again when they are in place (`recount`)
   */
  async checkBeside(tx: Tx, { resource, inputs }: CountedInputs): Promise<boolean> {
    const [first] = inputs;
    if (first !== undefined && inputs.length === 1 && (await this.#hasPlenty(tx, resource, projectOf(first))))
      return false;
    await this.checkInputs(tx, resource, inputs);
    return true;
  }

  async #hasPlenty(tx: Tx, resource: string, project: string): Promise<boolean> {
    const rows = this.#counted.get(resource);
    const name = heldName(resource, project);
    const known = this.#known.get(name) ?? this.defaultLimit(resource);
    if (rows?.moreThanOf === undefined || project === '' || (known >= 0 && known < PLENTY)) return false;
    const limitNow = ownLimitOf(tx, project, resource);
    const [own, isHeld, isNear] =
      known < 0
        ? [...(await ask(tx, limitNow)), true, false]
        : await ask(tx, limitNow, holdTogetherOf(tx, name), rows.moreThanOf(tx, project, known - PLENTY));
    return this.#note(resource, project, own) === known && isHeld && !isNear;
  }

  /** Remembers a limit, and tells it. Whoever trusts it looks whether it is another by now. */
  #note(resource: string, project: string, own: number | null): number {
    const limit = own ?? this.defaultLimit(resource);
    this.#known.set(heldName(resource, project), limit);
    return limit;
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

/** What who counts a project's rows holds. */
function heldName(resource: string, project: string): string {
  return `quota ${resource} ${project}`;
}

function projectOf(input: Input): string {
  return (input.project_id as string | undefined) ?? '';
}
