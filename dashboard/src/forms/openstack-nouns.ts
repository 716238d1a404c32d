import {
  flags,
  list,
  objects,
  onCreate,
  oneOf,
  onSet,
  orNone,
  type Said,
  type Say,
  text,
  word,
} from './openstack-options.ts';

/** What python-openstackclient (6.0 and later) calls a resource, and by which options it says the attributes. */
export interface Noun {
  readonly word: string;
  /** The attribute that stands without an option on create; null: none. Not given it is empty text, as names are. */
  readonly operand?: string | null;
  /** Options of create that are always there. */
  readonly always?: readonly string[];
  readonly options: Readonly<Record<string, Say>>;
  /** Verbs that this client does not have for it. */
  readonly without?: readonly ('create' | 'update' | 'delete')[];
  /** What must be said together; null: it cannot. */
  readonly create?: (body: Readonly<Record<string, unknown>>) => readonly string[] | null;
}

const name = onSet(text('--name'));
const description = text('--description');
const project_id = onCreate(word('--project'));
const admin_state_up = flags('--enable', '--disable');
const shared = flags('--share', '--no-share');
const port_security_enabled = flags('--enable-port-security', '--disable-port-security');
const tags = onCreate(list('--tag'));
const zones = onCreate(list('--availability-zone-hint'));
const address = { subnet_id: 'subnet', ip_address: 'ip-address' };

/** `external_gateway_info`, whose members have options of their own. */
const gateway: Say = (value, verb) => {
  if (value === null) return verb === 'set' ? { options: [], unset: ['--external-gateway'] } : null;
  const { network_id, enable_snat, external_fixed_ips, qos_policy_id, ...rest } = value as Record<string, unknown>;
  if (typeof network_id !== 'string' || Object.keys(rest).length > 0) return null;
  const parts: (Said | null)[] = [
    { options: [`--external-gateway=${network_id}`] },
    enable_snat === undefined ? { options: [] } : flags('--enable-snat', '--disable-snat')(enable_snat, verb),
    external_fixed_ips === undefined ? { options: [] } : objects('--fixed-ip', address)(external_fixed_ips, 'create'),
    qos_policy_id === undefined ? { options: [] } : onSet(word('--qos-policy', '--no-qos-policy'))(qos_policy_id, verb),
  ];
  return parts.includes(null) ? null : { options: parts.flatMap((part) => part!.options) };
};

/** What a rule lets through: the client takes ports as `first:last`, and of ICMP its type and code. */
function ruleOptions(body: Readonly<Record<string, unknown>>): readonly string[] | null {
  const { protocol, port_range_min: first, port_range_max: last } = body;
  const isGiven = (value: unknown) => value !== undefined && value !== null;
  if (/^(ip(v6)?-?icmp(v6)?|icmp(v6)?|1|58)$/.test(String(protocol)))
    return [...(isGiven(first) ? [`--icmp-type=${first}`] : []), ...(isGiven(last) ? [`--icmp-code=${last}`] : [])];
  if (!isGiven(first) && !isGiven(last)) return [];
  if (!isGiven(first) || !isGiven(last)) return null;
  return [`--dst-port=${first === last ? first : `${first}:${last}`}`];
}

const nothing: Say = () => ({ options: [] });
const orNothing =
  (say: Say): Say =>
  (value, verb) =>
    value === null ? { options: [] } : say(value, verb);
const subPort = { port_id: 'port', segmentation_type: 'segmentation-type', segmentation_id: 'segmentation-id' };
const direction = oneOf({ ingress: '--ingress', egress: '--egress', any: '--any' });
const qosRule = (type: string, options: Readonly<Record<string, Say>>): Noun => ({
  word: 'network qos rule',
  operand: null,
  always: [`--type=${type}`],
  options: { direction, ...options },
});

/** By collection. What is not here this client does not know, or not by these names. */
export const openstackNouns: Readonly<Record<string, Noun>> = {
  networks: {
    word: 'network',
    options: {
      ...{ name, description: word('--description'), project_id, admin_state_up, shared, port_security_enabled, tags },
      mtu: word('--mtu'),
      availability_zone_hints: zones,
      'router:external': flags('--external', '--internal'),
      is_default: flags('--default', '--no-default'),
      qos_policy_id: word('--qos-policy', '--no-qos-policy'),
      vlan_transparent: onCreate(flags('--transparent-vlan', '--no-transparent-vlan')),
      'provider:network_type': word('--provider-network-type'),
      'provider:physical_network': word('--provider-physical-network'),
      'provider:segmentation_id': word('--provider-segment'),
      dns_domain: word('--dns-domain'),
    },
  },
  subnets: {
    word: 'subnet',
    options: {
      ...{ name, description, project_id, tags },
      network_id: onCreate(word('--network')),
      subnetpool_id: onCreate(word('--subnet-pool')),
      use_default_subnetpool: onCreate(flags('--use-default-subnet-pool', null)),
      prefixlen: onCreate(word('--prefix-length')),
      cidr: onCreate(word('--subnet-range')),
      ip_version: onCreate(word('--ip-version')),
      ipv6_ra_mode: onCreate(word('--ipv6-ra-mode')),
      ipv6_address_mode: onCreate(word('--ipv6-address-mode')),
      segment_id: word('--network-segment'),
      gateway_ip: (value) => (value === null ? { options: ['--gateway=none'] } : word('--gateway')(value, 'create')),
      enable_dhcp: flags('--dhcp', '--no-dhcp'),
      dns_publish_fixed_ip: flags('--dns-publish-fixed-ip', '--no-dns-publish-fixed-ip'),
      allocation_pools: objects('--allocation-pool', { start: 'start', end: 'end' }, '--no-allocation-pool'),
      dns_nameservers: list('--dns-nameserver', '--no-dns-nameservers'),
      host_routes: objects('--host-route', { destination: 'destination', nexthop: 'gateway' }, '--no-host-route'),
      service_types: onCreate(list('--service-type')),
    },
  },
  ports: {
    word: 'port',
    options: {
      ...{ name, description, project_id, admin_state_up, port_security_enabled, tags },
      network_id: onCreate(word('--network')),
      device_id: word('--device'),
      device_owner: text('--device-owner'),
      mac_address: word('--mac-address'),
      'binding:vnic_type': word('--vnic-type'),
      'binding:host_id': word('--host', 'unset --host'),
      'binding:profile': (value, verb) => ({
        options: [...(verb === 'set' ? ['--no-binding-profile'] : []), `--binding-profile=${JSON.stringify(value)}`],
      }),
      dns_domain: text('--dns-domain'),
      dns_name: text('--dns-name'),
      fixed_ips: orNone('--no-fixed-ip', objects('--fixed-ip', address, '--no-fixed-ip')),
      security_groups: orNone('--no-security-group', list('--security-group', '--no-security-group')),
      qos_policy_id: word('--qos-policy', 'unset --qos-policy'),
      allowed_address_pairs: objects(
        '--allowed-address',
        { ip_address: 'ip-address', mac_address: 'mac-address' },
        '--no-allowed-address',
      ),
      extra_dhcp_opts: onCreate(
        objects('--extra-dhcp-option', { opt_name: 'name', opt_value: 'value', ip_version: 'ip-version' }),
      ),
      propagate_uplink_status: onCreate(
        flags('--enable-uplink-status-propagation', '--disable-uplink-status-propagation'),
      ),
      numa_affinity_policy: oneOf({
        required: '--numa-policy-required',
        preferred: '--numa-policy-preferred',
        legacy: '--numa-policy-legacy',
      }),
      data_plane_status: onSet(word('--data-plane-status', 'unset --data-plane-status')),
    },
  },
  routers: {
    word: 'router',
    options: {
      ...{ name, description, project_id, admin_state_up, tags },
      availability_zone_hints: zones,
      distributed: flags('--distributed', '--centralized'),
      ha: flags('--ha', '--no-ha'),
      external_gateway_info: gateway,
      routes: onSet(objects('--route', { destination: 'destination', nexthop: 'gateway' }, '--no-route')),
    },
  },
  floatingips: {
    word: 'floating ip',
    operand: 'floating_network_id',
    options: {
      ...{ description, project_id, tags },
      subnet_id: onCreate(word('--subnet')),
      port_id: word('--port', 'unset --port'),
      floating_ip_address: onCreate(word('--floating-ip-address')),
      fixed_ip_address: word('--fixed-ip-address'),
      qos_policy_id: word('--qos-policy', '--no-qos-policy'),
      dns_domain: onCreate(word('--dns-domain')),
      dns_name: onCreate(word('--dns-name')),
    },
  },
  security_groups: {
    word: 'security group',
    options: { ...{ name, description, project_id, tags }, stateful: flags('--stateful', '--stateless') },
  },
  security_group_rules: {
    word: 'security group rule',
    operand: 'security_group_id',
    without: ['update'],
    create: ruleOptions,
    options: {
      ...{ description, project_id, direction },
      ethertype: word('--ethertype'),
      protocol: orNothing(word('--protocol')),
      port_range_min: nothing,
      port_range_max: nothing,
      remote_ip_prefix: orNothing(word('--remote-ip')),
      remote_group_id: orNothing(word('--remote-group')),
      remote_address_group_id: orNothing(word('--remote-address-group')),
    },
  },
  subnetpools: {
    word: 'subnet pool',
    options: {
      ...{ name, description, project_id, tags, shared: onCreate(shared) },
      prefixes: onCreate(list('--pool-prefix')),
      default_prefixlen: word('--default-prefix-length'),
      min_prefixlen: word('--min-prefix-length'),
      max_prefixlen: word('--max-prefix-length'),
      default_quota: word('--default-quota'),
      address_scope_id: word('--address-scope', '--no-address-scope'),
      is_default: flags('--default', '--no-default'),
    },
  },
  address_scopes: {
    word: 'address scope',
    options: { ...{ name, project_id, shared }, ip_version: onCreate(word('--ip-version')) },
  },
  address_groups: {
    word: 'address group',
    options: { ...{ name, description, project_id }, addresses: onCreate(list('--address')) },
  },
  policies: {
    word: 'network qos policy',
    options: { ...{ name, description, project_id, shared }, is_default: flags('--default', '--no-default') },
  },
  bandwidth_limit_rules: qosRule('bandwidth-limit', {
    max_kbps: word('--max-kbps'),
    max_burst_kbps: word('--max-burst-kbits'),
  }),
  dscp_marking_rules: qosRule('dscp-marking', { dscp_mark: text('--dscp-mark') }),
  minimum_bandwidth_rules: qosRule('minimum-bandwidth', { min_kbps: word('--min-kbps') }),
  minimum_packet_rate_rules: qosRule('minimum-packet-rate', { min_kpps: word('--min-kpps') }),
  rbac_policies: {
    word: 'network rbac',
    operand: 'object_id',
    options: {
      project_id,
      object_type: onCreate(word('--type')),
      action: onCreate(word('--action')),
      target_tenant: (value, verb) =>
        value === '*' && verb === 'create'
          ? { options: ['--target-all-projects'] }
          : word('--target-project')(value, verb),
    },
  },
  segments: {
    word: 'network segment',
    options: {
      ...{ name, description },
      network_id: onCreate(word('--network')),
      network_type: onCreate(word('--network-type')),
      physical_network: onCreate(word('--physical-network')),
      segmentation_id: onCreate(word('--segment')),
    },
  },
  network_segment_ranges: {
    word: 'network segment range',
    options: {
      ...{ name, project_id, shared: onCreate(flags('--shared', '--private')) },
      network_type: onCreate(word('--network-type')),
      physical_network: onCreate(word('--physical-network')),
      minimum: word('--minimum'),
      maximum: word('--maximum'),
    },
  },
  trunks: {
    word: 'network trunk',
    options: {
      ...{ name, description, project_id, admin_state_up },
      port_id: onCreate(word('--parent-port')),
      sub_ports: onCreate(objects('--subport', subPort)),
    },
  },
  port_forwardings: {
    word: 'floating ip port forwarding',
    operand: null,
    options: {
      description,
      internal_ip_address: word('--internal-ip-address'),
      internal_port_id: word('--port'),
      internal_port: word('--internal-protocol-port'),
      external_port: word('--external-protocol-port'),
      protocol: word('--protocol'),
    },
  },
  conntrack_helpers: {
    word: 'network l3 conntrack helper',
    operand: null,
    options: { helper: word('--helper'), protocol: word('--protocol'), port: word('--port') },
  },
  agents: {
    word: 'network agent',
    without: ['create'],
    options: { description, admin_state_up },
  },
  metering_labels: {
    word: 'network meter',
    without: ['update'],
    options: { description, project_id, shared },
  },
  metering_label_rules: {
    word: 'network meter rule',
    operand: 'metering_label_id',
    without: ['update'],
    options: {
      ...{ project_id, direction },
      excluded: flags('--exclude', '--include'),
      remote_ip_prefix: word('--remote-ip-prefix'),
      source_ip_prefix: word('--source-ip-prefix'),
      destination_ip_prefix: word('--destination-ip-prefix'),
    },
  },
  flavors: {
    word: 'network flavor',
    options: {
      ...{ name, description },
      service_type: onCreate(word('--service-type')),
      enabled: flags('--enable', '--disable'),
    },
  },
  service_profiles: {
    word: 'network flavor profile',
    operand: null,
    options: {
      description,
      enabled: flags('--enable', '--disable'),
      driver: word('--driver'),
      metainfo: text('--metainfo'),
    },
  },
};
