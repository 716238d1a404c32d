import type { AllowedDifference } from './differences.ts';
import type { RecordedPair } from './recording.ts';

const plainUser = (pair: RecordedPair) => pair.as !== 'admin';

const named =
  (...names: string[]) =>
  (pair: RecordedPair) =>
    names.includes(pair.name);
const anything = /^/;

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
  {
    pairs: named('content-type-text-json-body', 'content-type-none', 'content-type-xml'),
    place: anything,
    because: 'without Keystone a body must be called JSON: a web page can send anything else without being asked (415)',
  },
  {
    pairs: named('options-cors'),
    place: anything,
    because: 'without Keystone a foreign Origin is refused (403)',
  },
  {
    pairs: named('emoji-name'),
    place: anything,
    when: () => true,
    because: 'the recorded server answered 500, because its database could not keep the character; ours keeps it',
  },
  {
    place: /^networks\[\]$/,
    when: (recorded, ours) => ours === undefined && ['cap-pool', 'capext', 'ct', 'ct2'].includes(recorded?.name),
    because: 'made by requests that wait (subnet pools, routers) or that ours refuses (no JSON content type)',
  },
  {
    pairs: named('root', 'healthcheck', 'v3'),
    place: /^header x-openstack-request-id$/,
    because: 'every answer of ours has a request id, so that every line of the log can be found',
  },
  {
    pairs: named('v2.0-slash'),
    place: /^resources\[\]$/,
    when: (recorded) => recorded?.name === 'subnetpool',
    because: 'subnet pools come with part 2',
  },
  {
    place: /allocation_pools\[\]\.(start|end)$/,
    pairs: (_, recording) => recording.name === 'subnets-pools-nogw',
    because:
      'the recorded server lists several pools in no order, after a random id that nobody sees; ours in that of their addresses',
  },
  {
    place: /^networks?(\[\])?\.revision_number$/,
    pairs: (_, recording) => recording.name === 'errors',
    because: 'the same network had more to do with in the recording: requests that wait raised its revision',
  },
  {
    pairs: named('network-mtu-too-big'),
    place: /^NeutronError\.message$/,
    when: (recorded, ours) => recorded.replace('1450', '1500') === ours,
    because: 'the largest MTU of a local network: no VXLAN header to leave room for',
  },
  {
    pairs: (_, recording) => recording.name === 'errors',
    place: /^port\.fixed_ips\[\]\.(subnet_id|ip_address)$/,
    because:
      'which of a network’s subnets gives the address is nobody’s promise; the recorded server went by their random ids',
  },
];
