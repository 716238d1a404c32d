import { networkHasOtherVifType } from '../../db/write/bindings.ts';
import { type SegmentRow, updateSegmentRow } from '../../db/write/segments.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { networkErrors } from './errors.ts';

/**
 * Gives a network another segmentation id: VLAN networks of one segment, whose ports are not wired, or wired by drivers
 * that can follow (upstream: plugins/ml2/plugin.py `_update_segmentation_id`, managers.py `update_network_segment`).
 *
 * @throws InvalidInput, VlanIdInUse
 */
export async function changeSegmentationId(
  { tx, time }: Change,
  { types, mechanisms }: Pick<Machine, 'types' | 'mechanisms'>,
  segments: readonly SegmentRow[],
  segmentation_id: number,
): Promise<void> {
  const [segment, ...more] = segments;
  if (segment === undefined || more.length > 0) {
    throw networkErrors.InvalidInput({
      error_message: 'Provider network attributes can be updated only in provider networks with a single segment.',
    });
  }
  const following = mechanisms.drivers.flatMap(({ followsSegmentationId }) => followsSegmentationId ?? []);
  const vifTypes = [...new Set(['unbound', 'binding_failed', ...following])];
  if (await networkHasOtherVifType(tx, segment.network_id, vifTypes)) {
    throw networkErrors.InvalidInput({
      error_message: `Provider network attribute provider:segmentation_id cannot be updated if any port in the network has not the following binding:vif_type: ${vifTypes.join(', ')}`,
    });
  }
  // With upstream's own full stop, beside the one every such message ends with.
  if (segment.network_type !== 'vlan') {
    throw networkErrors.InvalidInput({ error_message: 'Only VLAN type networks can be updated.' });
  }
  const { network_type, physical_network } = segment;
  const wanted = { network_type, physical_network, segmentation_id };
  await types.validate(tx, [wanted]);
  await types.reserve(tx, [wanted], null);
  await types.release(tx, [segment]);
  const revision_number = segment.revision_number + 1;
  await updateSegmentRow(tx, segment.id, { segmentation_id, updated_at: time, revision_number });
}
