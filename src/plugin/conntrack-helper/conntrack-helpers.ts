import { randomUUID } from 'node:crypto';
import type { Db } from '../../db/database.ts';
import {
  type ConntrackHelperRow,
  conntrackHelperColumns,
  conntrackHelpersOf,
} from '../../db/write/conntrack-helpers.ts';
import { projectOfRouter } from '../../db/write/routers.ts';
import { rowStore } from '../../db/write/rows.ts';
import { type Context, seesEverything } from '../../lib/context.ts';
import { pythonRepr } from '../../lib/python-text.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Change } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { routerErrors } from '../router/errors.ts';
import { routerRows } from '../router/storage.ts';
import { pageOf } from '../stored/small-page.ts';
import { conntrackHelperErrors as errors } from './errors.ts';

export type ConntrackHelper = Omit<ConntrackHelperRow, 'router_id'>;

const rows = rowStore('conntrack_helpers', conntrackHelperColumns);

/** The helpers of one router (upstream: services/conntrack_helper/plugin.py). */
export class ConntrackHelpers implements Collection<ConntrackHelper> {
  readonly #machine: Machine;
  readonly #routerId: string;

  constructor(machine: Machine, routerId: string) {
    this.#machine = machine;
    this.#routerId = routerId;
  }

  async list(context: Context, query: ListQuery): Promise<Page<ConntrackHelper>> {
    const { db } = this.#machine.shared.database;
    const helpers = await this.#of(db, context);
    return pageOf(helpers.map(shown), query, (id) => errors.ConntrackHelperNotFound({ id }));
  }

  async get(context: Context, id: string): Promise<ConntrackHelper> {
    return shown(among(await this.#of(this.#machine.shared.database.db, context), id));
  }

  async create(context: Context, input: Input): Promise<ConntrackHelper> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  /** @throws ConntrackHelperNotAllowed, InvalidProtocolForHelper, BadRequest */
  createBulk(context: Context, inputs: readonly Input[]): Promise<ConntrackHelper[]> {
    return this.#run(context, (change) =>
      inTurns(inputs, async ({ protocol, port, helper }) => {
        const present = await this.#of(change.tx, context);
        const asked = { protocol: protocol as string, port: port as number, helper: helper as string };
        const row: ConntrackHelperRow = { id: randomUUID(), router_id: this.#routerId, ...asked };
        this.#check(row, present);
        await rows.insert(change.tx, row);
        await this.#note(change, row, 'created');
        return shown(row);
      }),
    );
  }

  /** @throws ConntrackHelperNotFound, and as `create` */
  update(context: Context, id: string, changes: Input): Promise<ConntrackHelper> {
    return this.#run(context, async (change) => {
      const present = await this.#of(change.tx, context);
      const row = among(present, id);
      const { protocol = row.protocol, port = row.port, helper = row.helper } = changes as Partial<ConntrackHelper>;
      const next = { ...row, protocol, port, helper };
      this.#check(next, present);
      if (JSON.stringify(next) === JSON.stringify(row)) return shown(row);
      await rows.update(change.tx, id, { protocol, port, helper });
      await this.#note(change, next, 'updated');
      return shown(next);
    });
  }

  /** @throws ConntrackHelperNotFound */
  async delete(context: Context, id: string): Promise<void> {
    await this.#run(context, async (change) => {
      const row = among(await this.#of(change.tx, context), id);
      await rows.remove(change.tx, id);
      await this.#note(change, row, 'deleted');
    });
  }

  #check(row: ConntrackHelperRow, present: readonly ConntrackHelperRow[]): void {
    const { helper, protocol } = row;
    const pairs = this.#machine.shared.options.conntrackHelper.allowed_conntrack_helpers.map((pair) => pair.split(':'));
    const protocols = pairs.filter(([name]) => name === helper).map(([, allowed]) => allowed!);
    if (protocols.length === 0) throw errors.ConntrackHelperNotAllowed({ helper });
    if (!protocols.includes(protocol)) {
      throw errors.InvalidProtocolForHelper({ helper, protocol, supported_protocols: protocols.join(', ') });
    }
    const isTwin = (other: ConntrackHelperRow) =>
      other.id !== row.id && other.helper === helper && other.protocol === protocol && other.port === row.port;
    if (!present.some(isTwin)) return;
    const { id: _, ...values } = row;
    const msg = `A duplicate conntrack helper entry with same attributes already exists, conflicting values are ${pythonRepr(values)}`;
    throw errors.BadRequest({ msg });
  }

  async #note(change: Change, row: ConntrackHelperRow, action: 'created' | 'updated' | 'deleted'): Promise<void> {
    await routerRows.bump(change.tx, row.router_id, change.time);
    await change.todo('conntrack_helper', row.id, action, { router_id: row.router_id, object: row });
  }

  /** @throws RouterNotFound for one that the caller does not see */
  async #of(db: Db, context: Context): Promise<ConntrackHelperRow[]> {
    const project = await projectOfRouter(db, this.#routerId);
    if (project === null || (project !== context.projectId && !seesEverything(context))) {
      throw routerErrors.RouterNotFound({ router_id: this.#routerId });
    }
    return conntrackHelpersOf(db, [this.#routerId]);
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

function among(helpers: readonly ConntrackHelperRow[], id: string): ConntrackHelperRow {
  const row = helpers.find((one) => one.id === id);
  if (row === undefined) throw errors.ConntrackHelperNotFound({ id });
  return row;
}

function shown({ router_id: _, ...helper }: ConntrackHelperRow): ConntrackHelper {
  return helper;
}
