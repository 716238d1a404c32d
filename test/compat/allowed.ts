import type { AllowedDifference } from './differences.ts';
import type { RecordedPair } from './recording.ts';

const plainUser = (pair: RecordedPair) => pair.as !== 'admin';

/** Everything in which our answers may differ from the recorded ones, with the reason. */
export const allowed: readonly AllowedDifference[] = [
  {
    place: /^networks?(\[\])?\.provider:(network_type|segmentation_id)$/,
    when: (recorded, ours) =>
      (recorded === 'vxlan' && ours === 'local') || (typeof recorded === 'number' && ours === null),
    because: 'the recorded server gave tenants VXLAN; VXLAN comes with part 5, tenant networks are local until then',
  },
  {
    place: /^networks?(\[\])?\.mtu$/,
    when: (recorded, ours) => recorded === 1450 && ours === 1500,
    because: 'the same: no room is needed for a VXLAN header',
  },
  {
    pairs: plainUser,
    place:
      /^(networks?|ports?|subnets?)(\[\])?\.(provider:|binding:(host_id|vif_type|vif_details|profile)|resource_request)/,
    when: (recorded) => recorded === undefined,
    because:
      'asked by a plain user, who is not shown these; without Keystone everybody is admin (part 2 brings policy)',
  },
  {
    place: /binding:vif_details\.port_filter$/,
    when: (recorded, ours) => recorded === true && ours === false,
    because: 'nothing is filtered before security groups come (part 4), and the binding says so',
  },
];
