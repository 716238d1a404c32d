import type { ExtensionDriver } from '../contract.ts';

/**
 * Drivers that stand for attributes being there: the values are columns of the resources, written with them. By name, the
 * aliases each brings; the DNS drivers stand on each other's shoulders, as upstream's classes do.
 */
const dns = ['dns-integration'];
const dnsDomainPorts = [...dns, 'dns-domain-ports'];
const dnsPublish = [...dnsDomainPorts, 'subnet-dns-publish-fixed-ip'];

export const attributeDrivers: Readonly<Record<string, readonly string[]>> = {
  dns,
  dns_domain_ports: dnsDomainPorts,
  subnet_dns_publish_fixed_ip: dnsPublish,
  dns_domain_keywords: [...dnsPublish, 'dns-integration-domain-keywords'],
  data_plane_status: ['data-plane-status'],
  uplink_status_propagation: ['uplink-status-propagation'],
  uplink_status_propagation_updatable: ['uplink-status-propagation', 'uplink-status-propagation-updatable'],
  port_device_profile: ['port-device-profile'],
  port_numa_affinity_policy: ['port-numa-affinity-policy', 'port-numa-affinity-policy-socket'],
  port_hints: ['port-hints'],
  port_hint_ovs_tx_steering: ['port-hints', 'port-hint-ovs-tx-steering'],
  port_hardware_offload_type: ['port-hardware-offload-type'],
  port_trusted: ['port-trusted-vif'],
};

export function attributeExtensionDriver(name: string): ExtensionDriver {
  const [alias = '', ...aliases] = attributeDrivers[name] ?? [];
  return { name, alias, aliases, async initialize() {} };
}
