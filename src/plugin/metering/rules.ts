import { randomUUID } from 'node:crypto';
import type { Context } from '../../lib/context.ts';
import { cidrsOverlap, parseCidr } from '../../lib/ip/cidr.ts';
import { pythonString } from '../../lib/python-text.ts';
import { inTurns } from '../../lib/turns.ts';
import { toCidr } from '../../resources/converters.ts';
import type { Change } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import type { StoredReads } from '../stored/reads.ts';
import { meteringErrors as errors } from './errors.ts';
import {
  type MeteringLabel,
  type MeteringLabelRule,
  meteringLabelReads,
  meteringRuleReads,
  meteringRuleRows,
} from './storage.ts';

/** What labels count (upstream: services/metering/metering_plugin.py). */
export class MeteringLabelRules implements Collection<MeteringLabelRule> {
  readonly list: Collection<MeteringLabelRule>['list'];
  readonly get: StoredReads<MeteringLabelRule>['get'];
  readonly #machine: Machine;
  readonly #labels: StoredReads<MeteringLabel>;
  readonly #reads: StoredReads<MeteringLabelRule>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#labels = meteringLabelReads(machine.shared);
    this.#reads = meteringRuleReads(machine.shared);
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<MeteringLabelRule> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  /** @throws Invalid, MeteringLabelNotFound, MeteringLabelRuleOverlaps */
  createBulk(context: Context, inputs: readonly Input[]): Promise<MeteringLabelRule[]> {
    return this.#run(context, (change) =>
      inTurns(inputs, async (input) => {
        const { tx } = change;
        const prefixes = prefixesOf(input);
        const label = await this.#labels.stored(tx, context, input.metering_label_id as string);
        const rule: MeteringLabelRule = {
          id: randomUUID(),
          metering_label_id: label.id,
          direction: input.direction as MeteringLabelRule['direction'],
          ...prefixes,
          excluded: input.excluded === true,
        };
        checkApart(rule, await this.#reads.find(tx, { filters: { metering_label_id: [label.id] } }));
        await meteringRuleRows.insert(tx, rule);
        await change.todo('metering_label', label.id, 'rule_added', { rule });
        return rule;
      }),
    );
  }

  /** @throws MeteringLabelRuleNotFound */
  async delete(context: Context, id: string): Promise<void> {
    await this.#run(context, async (change) => {
      const rule = await this.#reads.stored(change.tx, context, id);
      await meteringRuleRows.remove(change.tx, id);
      await change.todo('metering_label', rule.metering_label_id, 'rule_removed', { rule });
    });
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

const prefixKeys = ['remote_ip_prefix', 'source_ip_prefix', 'destination_ip_prefix'] as const;
type Prefixes = Pick<MeteringLabelRule, (typeof prefixKeys)[number]>;

/** @throws Invalid */
function prefixesOf(input: Input): Prefixes {
  const entries = prefixKeys.map((key) => [key, prefixOf(key, input[key])] as const);
  const prefixes = Object.fromEntries(entries) as unknown as Prefixes;
  const { remote_ip_prefix: remote, source_ip_prefix: source, destination_ip_prefix: destination } = prefixes;
  if (remote !== null && (source !== null || destination !== null)) {
    throw invalid("Cannot use 'remote-ip-prefix' in conjunction with 'source-ip-prefix' or 'destination-ip-prefix'.");
  }
  if (remote === null && source === null && destination === null) {
    throw invalid(
      "You must define at least one of the following parameters 'remote_ip_prefix', or 'source_ip_prefix' or 'destination_ip_prefix'.",
    );
  }
  return prefixes;
}

function prefixOf(key: string, value: unknown): string | null {
  if (isNothing(value)) return null;
  try {
    return toCidr(value) as string;
  } catch {
    throw invalid(`${key}: ${pythonString(value)} is invalid [it is no network].`);
  }
}

/** What Python takes for false. */
function isNothing(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    value === 0 ||
    value === false ||
    (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

/** That no rule of the label counts, or leaves out, the same remote addresses. @throws MeteringLabelRuleOverlaps */
function checkApart(rule: MeteringLabelRule, others: readonly MeteringLabelRule[]): void {
  const { remote_ip_prefix, direction, excluded } = rule;
  if (remote_ip_prefix === null) return;
  const own = parseCidr(remote_ip_prefix)!;
  const overlaps = others.some(
    (other) =>
      other.direction === direction &&
      other.excluded === excluded &&
      other.remote_ip_prefix !== null &&
      cidrsOverlap(own, parseCidr(other.remote_ip_prefix)!),
  );
  if (overlaps) throw errors.MeteringLabelRuleOverlaps({ remote_ip_prefix });
}

function invalid(message: string): Error {
  return errors.Invalid({ message });
}
