import { type Attribute, type AttributeType, type ResourceDefinition, required, unset } from './contract.ts';
import { METERING } from './metering-label.ts';
import { givenProject } from './standard-attributes.ts';
import * as type from './types.ts';

/** The plugin looks at it: what means nothing to Python (`0`, `""`, `[]`, `{}`) is no prefix. */
const prefix: AttributeType = { schema: { type: ['string', 'null'] }, filter: (text) => text };

const ofPrefixes = (extension: string | null): Attribute => ({
  ops: 'CR',
  type: prefix,
  default: null,
  filter: true,
  sort: true,
  ...(extension !== null && { extension }),
});

const ENDS = 'metering_source_and_destination_fields';

/** Which traffic a label counts (upstream: neutron-lib `metering` and `metering_source_and_destination_filters`). */
export const meteringLabelRule: ResourceDefinition = {
  member: 'metering_label_rule',
  collection: 'metering_label_rules',
  prefix: METERING,
  extension: 'metering',
  unchanging: true,
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    metering_label_id: { ops: 'CR', type: type.uuid, default: required, filter: true, sort: true },
    direction: { ops: 'CR', type: type.stringOf('ingress', 'egress'), default: required, filter: true, sort: true },
    remote_ip_prefix: ofPrefixes(null),
    source_ip_prefix: ofPrefixes(ENDS),
    destination_ip_prefix: ofPrefixes(ENDS),
    excluded: { ops: 'CR', type: type.boolean, default: false, filter: true, sort: true },
    ...givenProject,
  },
};
