import type { Json } from '../support/api.ts';

/**
 * Which extension brings an attribute: an attribute that the recorded server sent and ours does not is missed only when ours
 * lists its extension. This one rule replaces exceptions for single attributes.
 */
export const attributeExtension: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  network: {
    tags: 'standard-attr-tag',
    'router:external': 'external-net',
    availability_zone_hints: 'network_availability_zone',
    availability_zones: 'network_availability_zone',
    dns_domain: 'dns-integration',
    ipv4_address_scope: 'address-scope',
    ipv6_address_scope: 'address-scope',
    is_default: 'auto-allocated-topology',
    l2_adjacency: 'l2_adjacency',
    mtu: 'net-mtu',
    port_security_enabled: 'port-security',
    'provider:network_type': 'provider',
    'provider:physical_network': 'provider',
    'provider:segmentation_id': 'provider',
    qos_policy_id: 'qos',
    segments: 'multi-provider',
    vlan_transparent: 'vlan-transparent',
  },
  subnet: {
    tags: 'standard-attr-tag',
    dns_publish_fixed_ip: 'subnet-dns-publish-fixed-ip',
    'router:external': 'subnet-external-network',
    segment_id: 'segment',
    service_types: 'subnet-service-types',
    use_default_subnetpool: 'default-subnetpools',
  },
  quota: {
    floatingip: 'router',
    router: 'router',
    security_group: 'security-group',
    security_group_rule: 'security-group',
    subnetpool: 'subnet_allocation',
    trunk: 'trunk',
  },
  port: {
    tags: 'standard-attr-tag',
    allowed_address_pairs: 'allowed-address-pairs',
    'binding:host_id': 'binding',
    'binding:profile': 'binding',
    'binding:vif_details': 'binding',
    'binding:vif_type': 'binding',
    'binding:vnic_type': 'binding',
    data_plane_status: 'data-plane-status',
    device_profile: 'port-device-profile',
    dns_assignment: 'dns-integration',
    dns_domain: 'dns-domain-ports',
    dns_name: 'dns-integration',
    extra_dhcp_opts: 'extra_dhcp_opt',
    ip_allocation: 'ip_allocation',
    numa_affinity_policy: 'port-numa-affinity-policy',
    port_security_enabled: 'port-security',
    propagate_uplink_status: 'uplink-status-propagation',
    qos_network_policy_id: 'qos-port-network-policy',
    qos_policy_id: 'qos',
    resource_request: 'port-resource-request',
    security_groups: 'security-group',
    trunk_details: 'trunk-details',
  },
};

/** The extension of the attribute at a place such as `ports[].qos_policy_id`; null when the place is none. */
export function extensionAt(place: string): string | null {
  const found = /^(network|subnet|port|quota)(?:s\[\])?\.([^.[]+)$/.exec(place);
  return found ? (attributeExtension[found[1]!]?.[found[2]!] ?? null) : null;
}

/** A request without the attributes whose extension is not there: the same rule for what is sent. */
export function withoutAbsent(body: Json, extensions: ReadonlySet<string>): Json {
  const strip = (kind: string, attributes: Json): Json =>
    typeof attributes === 'object' && attributes !== null
      ? Object.fromEntries(
          Object.entries(attributes).filter(([name]) => {
            const extension = attributeExtension[kind]?.[name];
            return extension === undefined || extensions.has(extension);
          }),
        )
      : attributes;
  if (typeof body !== 'object' || body === null || Array.isArray(body) || '(raw)' in body) return body;
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => {
      if (key in attributeExtension) return [key, strip(key, value)];
      const kind = key.replace(/s$/, '');
      return [key, Array.isArray(value) && kind in attributeExtension ? value.map((item) => strip(kind, item)) : value];
    }),
  );
}
