import { pythonRepr, pythonString } from '../lib/python-text.ts';
import type { AttributeType } from './contract.ts';
import { toCanonicalUuid } from './types.ts';
import { isObject, uuid } from './validators.ts';

/** One port to be carried by a trunk, as clients ask for it. */
export interface SubPortRequest {
  port_id: string;
  /** `vlan`, or `inherit`: as the port's network has it. */
  segmentation_type?: unknown;
  segmentation_id?: unknown;
}

/**
 * What is wrong with the form of a list of sub-ports, in upstream's words (neutron-lib `validate_subports`), or null. An entry
 * that names a port alone passes: it is what a removal needs.
 */
export function subPortsProblem(value: unknown): string | null {
  if (!Array.isArray(value)) return `Invalid data format for subports: '${pythonString(value)}' is not a list`;
  const ports = new Set<string>();
  const segmentations = new Set<string>();
  for (const entry of value) {
    if (!isObject(entry)) return `Invalid data format for subport: '${pythonString(entry)}' is not a dict`;
    if (!Object.hasOwn(entry, 'port_id')) return 'A valid port UUID must be specified';
    const { port_id, segmentation_type: type, segmentation_id: id } = entry;
    if (uuid(port_id) !== null) return `Invalid UUID for subport: '${pythonString(port_id)}'`;
    const port = toCanonicalUuid(port_id as string);
    if (ports.has(port)) return `Non unique UUID for subport: '${port_id}'`;
    ports.add(port);
    if (type === 'inherit') continue;
    const half = !type || id === undefined || id === null;
    if (half && Object.keys(entry).length > 1) return missingSegmentation(entry);
    if (id === undefined || id === null) continue;
    const segmentation = JSON.stringify([type, id]);
    if (segmentations.has(segmentation)) {
      return `Segmentation ID '${pythonString(id)}' for '${port_id}' is not unique`;
    }
    segmentations.add(segmentation);
  }
  return null;
}

export function missingSegmentation(entry: object): string {
  return `Invalid subport details '${pythonRepr(entry)}': missing segmentation information. Must specify both segmentation_id and segmentation_type`;
}

/** Of a list whose form is right: ids as the tables have them. What else clients write there is forgotten. */
export function canonicalSubPorts(entries: readonly SubPortRequest[]): SubPortRequest[] {
  return entries.map(({ port_id, segmentation_type, segmentation_id }) => ({
    port_id: toCanonicalUuid(port_id),
    ...(segmentation_type !== undefined && { segmentation_type }),
    ...(segmentation_id !== undefined && { segmentation_id }),
  }));
}

const shown = {
  port_id: { type: 'string', format: 'uuid' },
  segmentation_type: { type: 'string' },
  segmentation_id: { type: 'integer' },
} as const;

const asked = { ...shown, segmentation_type: { enum: ['vlan', 'inherit'] } } as const;

export const subPorts: AttributeType = {
  schema: { type: 'array', items: { type: 'object', required: ['port_id'], properties: asked } },
  shown: { type: 'array', items: { type: 'object', properties: shown } },
  validate: subPortsProblem,
  normalize: canonicalSubPorts,
};

/** As `subPorts`, where the plugin looks at the form: upstream's member actions refuse it as another type of error. */
export const uncheckedSubPorts: AttributeType = { schema: subPorts.schema };
