import { type AttributeTable, unset } from './contract.ts';
import * as shown from './shown-types.ts';
import * as type from './types.ts';

/**
 * What every resource with a row in `standardattributes` carries (upstream: neutron-lib `api/definitions` standard_attr_*).
 * Spread at the end of a resource's own table.
 */
export const standardAttributes = {
  description: {
    ops: 'CUR',
    type: type.string(255),
    default: '',
    filter: true,
    extension: 'standard-attr-description',
  },
  tags: { ops: 'R', type: type.uniqueStrings(255), default: unset, filter: true, extension: 'standard-attr-tag' },
  created_at: { ops: 'R', type: shown.time, default: unset, extension: 'standard-attr-timestamp' },
  updated_at: { ops: 'R', type: shown.time, default: unset, extension: 'standard-attr-timestamp' },
  revision_number: {
    ops: 'R',
    type: type.counter,
    default: unset,
    filter: true,
    extension: 'standard-attr-revisions',
  },
} as const satisfies AttributeTable;

const owner = { ops: 'CR', type: type.string(255), default: unset, filter: true, sort: true } as const;

/** Owner, under both names; the API fills in the caller's project and keeps the two equal. */
export const projectAttributes = { tenant_id: owner, project_id: owner } as const satisfies AttributeTable;

const given = { ops: 'C', type: type.string(255), default: unset } as const;

/** Of resources that belong to nobody: what clients send is taken and forgotten. */
export const givenProject = { tenant_id: given, project_id: given } as const satisfies AttributeTable;
