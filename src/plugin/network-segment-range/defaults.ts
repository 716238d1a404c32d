import { randomUUID } from 'node:crypto';
import { defaultSegmentRanges, deleteSegmentRanges } from '../../db/write/segment-ranges.ts';
import { adminContext } from '../../lib/context.ts';
import type { Machine } from '../machine.ts';
import { configuredRanges } from '../ml2/type/configured.ts';
import { idLimits, type RangedType } from '../ml2/type/ranges.ts';
import { segmentRangeRows } from './storage.ts';

/**
 * Makes the ranges of the configuration the default ranges: those it names no more go, new ones come, the others keep their
 * ids. Done at every start; servers that start together come to the same.
 */
export async function writeDefaultRanges({ changes, shared, types }: Machine): Promise<void> {
  const wanted = (Object.keys(idLimits) as RangedType[])
    .filter((type) => types.has(type))
    .flatMap((type) =>
      configuredRanges(type, shared.options).flatMap(([physical_network, ranges]) =>
        ranges.map((range) => ({ network_type: type, physical_network, ...range })),
      ),
    );
  await changes.run(adminContext(), async ({ tx, time }) => {
    const known = new Map((await defaultSegmentRanges(tx)).map((range) => [keyOf(range), range.id]));
    const missing = new Map(wanted.map((range) => [keyOf(range), range]));
    const stale = [...known].filter(([key]) => !missing.has(key)).map(([, id]) => id);
    await deleteSegmentRanges(tx, stale);
    for (const [key, range] of missing) {
      if (known.has(key)) continue;
      await segmentRangeRows.insert(tx, {
        id: randomUUID(),
        project_id: '',
        name: '',
        description: '',
        created_at: time,
        updated_at: time,
        revision_number: 0,
        is_default: true,
        shared: true,
        ...range,
      });
    }
  });
}

function keyOf(range: { network_type: string; physical_network: string | null; minimum: number; maximum: number }) {
  return JSON.stringify([range.network_type, range.physical_network, range.minimum, range.maximum]);
}
