import type { Json } from '../support/api.ts';
import type { AllowedDifference } from './differences.ts';
import type { RecordedPair, Recording } from './recording.ts';

const named =
  (...names: string[]) =>
  (pair: RecordedPair) =>
    names.includes(pair.name);

const inErrors =
  (...names: string[]) =>
  (pair: RecordedPair, recording: Recording) =>
    recording.name === 'errors' && names.includes(pair.name);

/** A message without addresses and ids. */
const neutral = (message: string): string => message.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|198\.18\.210\.\d+/g, '…');

/** The second subnet of network `cap` in the recording of errors. */
const SECOND_SUBNET = '66901485-63c4-4f0a-bb55-f4246d7fdc91';

/** Aliases of drivers (device profiles, NUMA). */
const notYet = /^(port-device-profile$|port-numa-affinity)/;

const later = new Set([
  'aap-reject-multicast',
  'agent_sort_key',
  'network-ip-availability-details',
  'neutrino-agent-history',
  'neutrino-explain',
  'neutrino-trace',
  'qos-fip-network-policy',
  'quota-check-limit-default',
  'security-groups-default-rules',
  'security-groups-default-statefulness',
  'security-groups-rules-belongs-to-default-sg',
  'subnet-external-network',
  'tag-creation',
]);

/** Everything in which our answers may differ from the recorded ones, with the reason. */
export const allowed: readonly AllowedDifference[] = [
  {
    place: /^extensions?(\[\])?\.description$/,
    because: 'clients go by the alias; the description is ours',
  },
  {
    pairs: named('extensions'),
    place: /^extensions\[\]$/,
    when: (recorded, ours) => ours === undefined && notYet.test(recorded.alias),
    because: 'comes with a driver that is not configured here',
  },
  {
    pairs: named('extensions'),
    place: /^extensions\[\]$/,
    when: (recorded, ours) => recorded === undefined && later.has(ours.alias),
    because: 'extensions of later releases, and one of ours',
  },
  {
    pairs: named('rule-types'),
    place: /^rule_types\[\]\.type$/,
    when: (recorded, ours) => [recorded, ours].every((type) => ['bandwidth_limit', 'dscp_marking'].includes(type)),
    because: 'upstream keeps them in a set: their order is nobody’s promise',
  },
  {
    pairs: named('rbac-bad-action', 'rbac-wildcard-as-demo'),
    place: /^NeutronError\.message$/,
    when: (recorded, ours) =>
      recorded.endsWith(' is disallowed by policy') && ours.endsWith(' is disallowed by policy'),
    because: 'only rules that there are get named',
  },
  {
    place: /^subnets?(\[\])?\.router:external$/,
    when: (recorded, ours) => recorded === undefined && typeof ours === 'boolean',
    because: 'shown by later releases (subnet-external-network)',
  },
  {
    place: /^address_groups?(\[\])?\.(shared|created_at|updated_at|revision_number)$/,
    when: (recorded) => recorded === undefined,
    because: 'address groups have these in later releases (standard attributes, rbac-address-group)',
  },
  {
    place: /(^|\.)security_group_rules?(\[\])?\.belongs_to_default_sg$/,
    when: (recorded) => recorded === undefined,
    because: 'rules say this in later releases',
  },
  {
    place: /\.security_group_rules\[\]\.standard_attr_id$/,
    when: (recorded, ours) => typeof recorded === 'number' && typeof ours === 'number',
    because: 'a counter of the database: every number is as good',
  },
  {
    pairs: (pair, recording) => pair.name === 'list-fields' && recording.name !== 'ports',
    place: /\[\]\.tenant_id$/,
    when: (recorded, ours) => typeof recorded === 'string' && ours === undefined,
    because: 'the recorded server leaves in what it had added for its policy; only what was asked for comes back here',
  },
  {
    place: /^networks?(\[\])?\.provider:segmentation_id$/,
    when: (recorded, ours) => typeof recorded === 'number' && typeof ours === 'number' && recorded !== 150,
    because: 'which of the free VNIs a network gets is nobody’s promise',
  },
  {
    pairs: named('root', 'healthcheck', 'v3'),
    place: /^header x-openstack-request-id$/,
    because: 'every answer of ours has a request id, so that every line of the log can be found',
  },
  {
    pairs: (_, recording) => recording.name === 'quotas',
    place: /^quota\.(address_group|address_scope|segment|network_segment_range)$/,
    when: (recorded) => recorded === undefined,
    because: 'counted by ours as well, without a limit by default',
  },
  {
    pairs: named('details', 'details-noext'),
    place: /^quota\.\w+\.used$/,
    because: 'what the project had at that moment: other recordings of the same server had left more or less',
  },
  {
    pairs: (_, { name }) => name === 'routers-floatingips',
    place: /(^|\.)(floating_ip_address|ip_address)$/,
    when: (recorded, ours) => [recorded, ours].every((address) => /^198\.18\.210\.\d+$/.test(address)),
    because: 'which free address outside one gets is nobody’s promise',
  },
  {
    pairs: named('fip-create-associated-conflict'),
    place: /^NeutronError\.message$/,
    when: (recorded, ours) => neutral(recorded) === neutral(ours),
    because: 'it names an address that was picked, and the id of what was not made',
  },
  {
    place: /^floatingips?(\[\])?\.qos_network_policy_id$/,
    when: (recorded) => recorded === undefined,
    because: 'shown by later releases (qos-fip-network-policy)',
  },
  {
    pairs: named('add-interface-subnet', 'remove-interface'),
    place: /^project_id$/,
    when: (recorded) => recorded === undefined,
    because: 'later releases call the project so; both names are there for both kinds of clients',
  },
  {
    pairs: named('add-extraroutes'),
    place: /^router\.(gw_port_id|ha_vr_id)$/,
    when: (_, ours) => ours === undefined,
    because: 'shown by nothing but this answer: what the recorded server keeps for itself',
  },
  {
    pairs: named('gateway-clear'),
    place: /^router\.revision_number$/,
    when: (recorded, ours) => recorded === 12 && ours === 10,
    because: 'it grew with the change; the recorded server counts rows that it writes on the way',
  },
  {
    pairs: (pair, recording) => pair.name === 'list-fields' && recording.name === 'metering-labels',
    place: /^metering_labels\[\]\.description$/,
    when: (recorded, ours) => recorded === '' && ours === undefined,
    because: 'not asked for; the recorded server leaves everything in that it had at hand',
  },
  {
    place: /(^|\.)ip_availability_details$/,
    when: (recorded) => recorded === undefined,
    because: 'shown by later releases (network-ip-availability-details)',
  },
  {
    pairs: named('availability', 'availability-list'),
    place: /\.used_ips$/,
    when: (recorded, ours) => typeof recorded === 'number' && typeof ours === 'number',
    because: 'the ports there were at that moment: others of other recordings, and a DHCP agent’s',
  },
  {
    pairs: named('availability', 'availability-list'),
    place: /(^|\.)total_ips$/,
    when: (recorded, ours) => recorded === 253 && ours === 81,
    because: 'the subnet was made with a smaller pool here, so that addresses of the recording stay free',
  },
  {
    pairs: named('dhcp-agents-of-net'),
    place: /^agents\[\]\.configurations\.(networks|ports|subnets)$/,
    because: 'what the recorded agent had counted; its stand-in counts nothing',
  },
  {
    pairs: named('rbac-unknown-object'),
    place: /^NeutronError\.message$/,
    when: (recorded, ours) =>
      recorded.includes('failed with "Network ') &&
      /^Invalid input for operation: Network \S+ could not be found\.$/.test(ours),
    because: 'the reason alone, without the names of the functions that found it',
  },
  {
    pairs: inErrors('port-mac-as-demo-own-network', 'port-multicast-mac', 'port-device-owner-network-as-demo'),
    place: /^port\.fixed_ips\[\]\.(subnet_id|ip_address)$/,
    when: (recorded, ours) =>
      recorded === SECOND_SUBNET || (/^10\.66\.0\./.test(recorded) && /^10\.11\.0\./.test(ours)),
    because:
      'which of a network’s two subnets gives the address is nobody’s promise; the recorded server went by their random ids',
  },
];

/** A request that ours answers otherwise on purpose: both answers exactly, and the reason. */
export interface OtherAnswer {
  recording: string;
  pair: string;
  recorded: { status: number; type?: string };
  /** `body` are parts of it. */
  ours: { status: number; body: Json };
  because: string;
}

export const otherAnswers: readonly OtherAnswer[] = [
  {
    recording: 'agents',
    pair: 'service-providers',
    recorded: { status: 200 },
    ours: {
      status: 200,
      body: {
        service_providers: [
          { service_type: 'L3_ROUTER_NAT', name: 'ha', default: false },
          { service_type: 'L3_ROUTER_NAT', name: 'single_node', default: false },
        ],
      },
    },
    because: 'the recorded server offers distributed routers as well (dvr, dvrha)',
  },
  {
    recording: 'routers-floatingips',
    pair: 'distributed-as-admin',
    recorded: { status: 201 },
    ours: { status: 400, body: { NeutronError: { type: 'InvalidInput' } } },
    because: 'there are no distributed routers here, and whoever asks for one is told so',
  },
  {
    recording: 'routers-floatingips',
    pair: 'dvr-delete',
    recorded: { status: 204 },
    ours: { status: 404, body: { NeutronError: { type: 'RouterNotFound' } } },
    because: 'the distributed router was not made',
  },
  {
    recording: 'port-bindings',
    pair: 'as-demo',
    recorded: { status: 500, type: 'PolicyCheckError' },
    ours: { status: 200, body: { bindings: [] } },
    because: 'the recorded server failed over its own rule; bindings are for administrators, and others see none',
  },
  {
    recording: 'errors',
    pair: 'emoji-name',
    recorded: { status: 500, type: 'HTTPInternalServerError' },
    ours: { status: 200, body: { network: { name: '😀' } } },
    because: 'the recorded server’s database could not keep the character; ours keeps it',
  },
];
