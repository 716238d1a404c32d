import { rbacRows } from '../../db/write/rbac.ts';
import { rowStore } from '../../db/write/rows.ts';
import { qosPolicy } from '../../resources/qos-policy.ts';
import type { QosPolicy } from '../../resources/shapes.ts';
import type { Shared } from '../parts.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { specOf } from '../stored/spec.ts';
import { qosErrors } from './errors.ts';

const TABLE = 'qos_policies';

/** How `tags` calls them. */
export const qosPolicyTags = { table: TABLE, type: 'policy' } as const;

/** Where policies are stored, and how they are read; their rules are in tables of their own. */
export const qosPolicySpec = specOf(qosPolicy, {
  table: TABLE,
  rbac: 'qospolicyrbacs',
  tags: qosPolicyTags.type,
  children: {
    isDefault: { table: 'qos_policies_default', parent: 'qos_policy_id', columns: ['project_id'] },
  },
  sources: { is_default: { child: 'isDefault', as: 'exists' }, rules: null },
});

/** A policy as it is stored. */
export type StoredPolicy = Omit<QosPolicy, 'rules'>;

export function qosPolicyReads(shared: Shared): StoredReads<StoredPolicy> {
  return storedReads<StoredPolicy>(shared, qosPolicySpec, (policy_id) => qosErrors.QosPolicyNotFound({ policy_id }));
}

export const qosPolicyRows = rowStore(
  TABLE,
  ['id', 'project_id', 'name', 'description', 'created_at', 'updated_at', 'revision_number'],
  { tags: qosPolicyTags.type },
);

/** Whom policies are opened to. */
export const qosPolicyEntries = rbacRows('qospolicyrbacs');
