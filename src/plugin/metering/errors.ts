import { defineErrors } from '../../lib/errors.ts';

export const meteringErrors = defineErrors({
  Invalid: ['bad_request', '{message}'],
  MeteringLabelNotFound: ['not_found', "Metering label '{label_id}' does not exist."],
  MeteringLabelRuleNotFound: ['not_found', "Metering label rule '{rule_id}' does not exist."],
  MeteringLabelRuleOverlaps: [
    'conflict',
    "Metering label rule with remote_ip_prefix '{remote_ip_prefix}' overlaps another.",
  ],
});
