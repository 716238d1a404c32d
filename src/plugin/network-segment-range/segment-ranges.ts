import { randomUUID } from 'node:crypto';
import type { Db, Tx } from '../../db/database.ts';
import { idsInUse, segmentRangesOf } from '../../db/write/segment-ranges.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { segmentRangeErrors as errors } from './errors.ts';
import { checkBounds, checkOverlap, isRanged } from './rules.ts';
import { segmentRangeRows, segmentRangeSpec } from './storage.ts';
import { type Usage, usageOf } from './usage.ts';

/** A range as the API shows it. */
export interface NetworkSegmentRange extends Partial<Usage> {
  id: string;
  name: string;
  default: boolean;
  shared: boolean;
  /** Null when it is everybody's. */
  project_id: string | null;
  network_type: string;
  physical_network: string | null;
  minimum: number;
  maximum: number;
  revision_number: number;
  [extension: string]: unknown;
}

/**
 * Which segmentation ids networks may be given, for everybody or for one project (upstream:
 * services/network_segment_range/plugin.py).
 */
export class NetworkSegmentRanges implements Collection<NetworkSegmentRange> {
  readonly #machine: Machine;
  readonly #reads: StoredReads<NetworkSegmentRange>;

  constructor(machine: Machine) {
    this.#machine = machine;
    const notFound = (range_id: string) => errors.NetworkSegmentRangeNotFound({ range_id });
    this.#reads = storedReads<NetworkSegmentRange>(machine.shared, segmentRangeSpec, notFound);
  }

  async list(context: Context, query: ListQuery): Promise<Page<NetworkSegmentRange>> {
    const page = await this.#reads.list(context, { ...query, fields: null });
    const rows = page.items ?? (JSON.parse(new TextDecoder().decode(page.json)) as NetworkSegmentRange[]);
    return { items: await this.#shown(this.#machine.shared.database.db, rows, query) };
  }

  async get(context: Context, id: string, fields: readonly string[] | null = null): Promise<NetworkSegmentRange> {
    const { db } = this.#machine.shared.database;
    const range = await this.#reads.get(context, id);
    return (await this.#shown(db, [range], { fields }))[0]!;
  }

  async create(context: Context, input: Input): Promise<NetworkSegmentRange> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  async createBulk(context: Context, inputs: readonly Input[]): Promise<NetworkSegmentRange[]> {
    const { result } = await this.#machine.changes.run(context, async (change) => {
      await change.quota('network_segment_range', inputs);
      return inTurns(inputs, (input) => this.#createIn(change, input));
    });
    return result;
  }

  async update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<NetworkSegmentRange> {
    const { result } = await this.#machine.changes.run(context, async ({ tx, time }) => {
      const range = await this.#own(tx, context, id);
      checkRevision(ifRevision, range.revision_number);
      const columns = Object.fromEntries(
        (['name', 'description', 'minimum', 'maximum'] as const)
          .filter((key) => changes[key] !== undefined && changes[key] !== range[key])
          .map((key) => [key, changes[key]]),
      );
      if (Object.keys(columns).length === 0) return this.#whole(tx, id);
      const next = { ...range, ...columns } as NetworkSegmentRange;
      await this.#checkKept(tx, range, next);
      if (isRanged(range.network_type)) checkBounds(range.network_type, next);
      const others = await segmentRangesOf(tx, range.network_type);
      checkOverlap(
        next,
        others.filter((other) => other.id !== id),
      );
      const revision_number = range.revision_number + 1;
      await segmentRangeRows.update(tx, id, { ...columns, updated_at: time, revision_number });
      return this.#whole(tx, id);
    });
    return result;
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    await this.#machine.changes.run(context, async ({ tx }) => {
      const range = await this.#own(tx, context, id);
      if ((await idsInUse(tx, range.network_type, range, [range.physical_network])).length > 0)
        throw errors.NetworkSegmentRangeReferencedByProject({ range_id: id });
      checkRevision(ifRevision, range.revision_number);
      await segmentRangeRows.remove(tx, id);
    });
  }

  async #createIn({ tx, time }: Change, input: Input): Promise<NetworkSegmentRange> {
    const { network_type } = input;
    if (!isRanged(network_type) || !this.#machine.types.has(network_type)) {
      throw errors.NetworkSegmentRangeNetTypeNotSupported({ type: String(network_type ?? 'None') });
    }
    const range = { minimum: input.minimum as number, maximum: input.maximum as number };
    checkBounds(network_type, range);
    const physical_network = physicalNetworkOf(network_type, input);
    checkOverlap({ ...range, physical_network }, await segmentRangesOf(tx, network_type));
    const shared = input.shared !== false;
    const id = randomUUID();
    await segmentRangeRows.insert(tx, {
      id,
      project_id: shared ? '' : ((input.project_id as string | undefined) ?? ''),
      name: (input.name as string | undefined) ?? '',
      description: (input.description as string | undefined) ?? '',
      created_at: time,
      updated_at: time,
      revision_number: 0,
      is_default: false,
      shared,
      network_type,
      physical_network,
      ...range,
    });
    return this.#whole(tx, id);
  }

  /** One that administrators made. @throws NetworkSegmentRangeNotFound, NetworkSegmentRangeDefaultReadOnly */
  async #own(tx: Tx, context: Context, id: string): Promise<NetworkSegmentRange> {
    const range = await this.#reads.stored(tx, context, id);
    if (range.default) throw errors.NetworkSegmentRangeDefaultReadOnly({ range_id: id });
    return range;
  }

  /** Ids that networks have stay in. @throws NetworkSegmentRangeReferencedByProject */
  async #checkKept(tx: Tx, range: NetworkSegmentRange, next: NetworkSegmentRange): Promise<void> {
    const used = await idsInUse(tx, range.network_type, range, [range.physical_network]);
    const [first] = used;
    if (first === undefined || (next.minimum <= first.id && next.maximum >= used.at(-1)!.id)) return;
    throw errors.NetworkSegmentRangeReferencedByProject({ range_id: range.id });
  }

  async #whole(db: Db, id: string): Promise<NetworkSegmentRange> {
    return (await this.#shown(db, [(await this.#reads.whole(db, id))!], { fields: null }))[0]!;
  }

  /** Rows with what is used and left of them, where that is asked for. */
  async #shown(
    db: Db,
    rows: readonly NetworkSegmentRange[],
    { fields, hidden = [] }: Pick<ListQuery, 'fields' | 'hidden'>,
  ): Promise<NetworkSegmentRange[]> {
    const wants = (key: string) => !hidden.includes(key) && (fields === null || fields.includes(key));
    const usages = wants('used') || wants('available') ? await usageOf(db, rows) : [];
    return rows.map((row, at) => {
      const owner = row.project_id || null;
      const whole = { ...row, tenant_id: owner, project_id: owner, ...usages[at] };
      return Object.fromEntries(
        Object.entries(whole).filter(([key]) => key === 'id' || wants(key)),
      ) as NetworkSegmentRange;
    });
  }
}

/** @throws BadRequest when VLAN ids are of no physical network */
function physicalNetworkOf(type: string, { physical_network }: Input): string | null {
  if (type !== 'vlan') return null;
  if (physical_network !== undefined && physical_network !== null) return physical_network as string;
  throw errors.BadRequest({
    msg: "Network type vlan requires 'physical_network' to be specified while creating new range",
  });
}
