import type { Network } from '../../resources/shapes.ts';
import type { Input } from '../contract.ts';
import type { SegmentRequest } from '../ml2/contract.ts';
import { ml2Errors } from '../ml2/errors.ts';
import { networkErrors } from './errors.ts';

const NETWORK_TYPE = 'provider:network_type';
const PHYSICAL_NETWORK = 'provider:physical_network';
const SEGMENTATION_ID = 'provider:segmentation_id';

/**
 * The segments that a request describes, by its provider attributes or as a list; null when it says nothing and any
 * segment will do.
 *
 * @throws SegmentsSetInConjunctionWithProviders; InvalidInput when the type of one is missing
 */
export function requestedSegments(input: Input): SegmentRequest[] | null {
  const listed = input.segments as readonly Input[] | null | undefined;
  // Upstream tells by what was sent, and takes the empty name and the id 0 for nothing said only afterwards.
  if (![NETWORK_TYPE, PHYSICAL_NETWORK, SEGMENTATION_ID].some((key) => isGiven(input[key]))) {
    return listed && listed.length > 0 ? listed.map(segmentOf) : null;
  }
  if (listed !== undefined && listed !== null) throw ml2Errors.SegmentsSetInConjunctionWithProviders();
  const none = [NETWORK_TYPE, PHYSICAL_NETWORK, SEGMENTATION_ID].every((key) => !input[key]);
  return none && !isGiven(input[NETWORK_TYPE]) ? null : [segmentOf(input)];
}

function segmentOf(input: Input): SegmentRequest {
  const network_type = input[NETWORK_TYPE] as string | null | undefined;
  if (network_type === undefined || network_type === null) {
    throw networkErrors.InvalidInput({ error_message: 'network_type required' });
  }
  return {
    network_type,
    physical_network: (input[PHYSICAL_NETWORK] as string | null | undefined) || null,
    segmentation_id: (input[SEGMENTATION_ID] as number | null | undefined) || null,
  };
}

/**
 * A network stays where it is, but for its segmentation id.
 *
 * @returns the new id, or null when it keeps its own
 * @throws InvalidInput
 */
export function newSegmentationId(changes: Input, network: Network): number | null {
  for (const key of [NETWORK_TYPE, PHYSICAL_NETWORK] as const) {
    if (!isGiven(changes[key]) || changes[key] === network[key]) continue;
    // Upstream names both, whichever was sent.
    throw networkErrors.InvalidInput({
      error_message: `Plugin does not support updating the following provider network attributes: ${NETWORK_TYPE}, ${PHYSICAL_NETWORK}`,
    });
  }
  const id = changes[SEGMENTATION_ID] as number | null | undefined;
  return !id || id === network[SEGMENTATION_ID] ? null : id;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
