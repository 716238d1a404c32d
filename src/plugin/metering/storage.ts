import { rowStore } from '../../db/write/rows.ts';
import { meteringLabel } from '../../resources/metering-label.ts';
import { meteringLabelRule } from '../../resources/metering-label-rule.ts';
import type { Shared } from '../parts.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { specOf } from '../stored/spec.ts';
import { meteringErrors as errors } from './errors.ts';

/** A label as the API shows it. */
export interface MeteringLabel {
  id: string;
  name: string;
  description: string;
  shared: boolean;
  project_id: string;
  tenant_id: string;
}

export interface MeteringLabelRule {
  id: string;
  metering_label_id: string;
  direction: 'ingress' | 'egress';
  remote_ip_prefix: string | null;
  source_ip_prefix: string | null;
  destination_ip_prefix: string | null;
  excluded: boolean;
}

const labels = specOf(meteringLabel, { table: 'meteringlabels' });
const rules = specOf(meteringLabelRule, { table: 'meteringlabelrules' });

export function meteringLabelReads(shared: Shared): StoredReads<MeteringLabel> {
  return storedReads<MeteringLabel>(shared, labels, (label_id) => errors.MeteringLabelNotFound({ label_id }));
}

export function meteringRuleReads(shared: Shared): StoredReads<MeteringLabelRule> {
  return storedReads<MeteringLabelRule>(shared, rules, (rule_id) => errors.MeteringLabelRuleNotFound({ rule_id }));
}

export const meteringLabelRows = rowStore('meteringlabels', ['id', 'project_id', 'name', 'description', 'shared']);

export const meteringRuleRows = rowStore('meteringlabelrules', [
  'id',
  'metering_label_id',
  'direction',
  'excluded',
  'remote_ip_prefix',
  'source_ip_prefix',
  'destination_ip_prefix',
]);
