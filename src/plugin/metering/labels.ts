import { randomUUID } from 'node:crypto';
import type { Context } from '../../lib/context.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Change } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import type { StoredReads } from '../stored/reads.ts';
import {
  type MeteringLabel,
  type MeteringLabelRule,
  meteringLabelReads,
  meteringLabelRows,
  meteringRuleReads,
} from './storage.ts';

/** Labels that traffic is counted under (upstream: services/metering/metering_plugin.py). */
export class MeteringLabels implements Collection<MeteringLabel> {
  readonly list: Collection<MeteringLabel>['list'];
  readonly get: StoredReads<MeteringLabel>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<MeteringLabel>;
  readonly #rules: StoredReads<MeteringLabelRule>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = meteringLabelReads(machine.shared);
    this.#rules = meteringRuleReads(machine.shared);
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<MeteringLabel> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  createBulk(context: Context, inputs: readonly Input[]): Promise<MeteringLabel[]> {
    return this.#run(context, (change) =>
      inTurns(inputs, async (input) => {
        const id = randomUUID();
        await meteringLabelRows.insert(change.tx, {
          id,
          project_id: input.project_id ?? '',
          name: input.name ?? '',
          description: input.description ?? '',
          shared: input.shared ?? false,
        });
        await change.todo('metering_label', id, 'created');
        return (await this.#reads.whole(change.tx, id))!;
      }),
    );
  }

  /** @throws MeteringLabelNotFound */
  async delete(context: Context, id: string): Promise<void> {
    await this.#run(context, async (change) => {
      const { name, project_id, shared } = await this.#reads.stored(change.tx, context, id);
      const rules = await this.#rules.find(change.tx, { filters: { metering_label_id: [id] } });
      await meteringLabelRows.remove(change.tx, id);
      await change.todo('metering_label', id, 'deleted', { object: { id, name, project_id, shared, rules } });
    });
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}
