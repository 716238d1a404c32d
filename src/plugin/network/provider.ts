import type { Input } from '../contract.ts';
import type { SegmentRequest } from '../ml2/contract.ts';
import { networkErrors } from './errors.ts';

const NETWORK_TYPE = 'provider:network_type';
const PHYSICAL_NETWORK = 'provider:physical_network';
const SEGMENTATION_ID = 'provider:segmentation_id';

/**
 * The segment that a request's provider attributes describe, or null when it has none and any segment will do.
 * @throws InvalidInput when the type is missing
 */
export function providerSegment(input: Input): SegmentRequest | null {
  const network_type = (input[NETWORK_TYPE] as string | null | undefined) ?? null;
  // Upstream takes the empty name and the id 0 for nothing said.
  const physical_network = (input[PHYSICAL_NETWORK] as string | null | undefined) || null;
  const segmentation_id = (input[SEGMENTATION_ID] as number | null | undefined) || null;
  if (network_type === null) {
    if (physical_network === null && segmentation_id === null) return null;
    throw networkErrors.InvalidInput({ error_message: 'network_type required' });
  }
  return { network_type, physical_network, segmentation_id };
}

/** A network stays on its segment. @throws InvalidInput */
export function refuseProviderUpdate(changes: Input): void {
  const refuse = (attributes: string): never => {
    throw networkErrors.InvalidInput({
      error_message: `Plugin does not support updating the following provider network attributes: ${attributes}`,
    });
  };
  // Upstream names both, whichever was sent.
  if (isGiven(changes[NETWORK_TYPE]) || isGiven(changes[PHYSICAL_NETWORK])) {
    refuse(`${NETWORK_TYPE}, ${PHYSICAL_NETWORK}`);
  }
  // With upstream's own full stop, beside the one every such message ends with.
  if (changes[SEGMENTATION_ID]) {
    throw networkErrors.InvalidInput({ error_message: 'Only VLAN type networks can be updated.' });
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
