import { type ResourceDefinition, required, unset, type Who } from './contract.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import { tagRoutes } from './tags.ts';
import * as type from './types.ts';

const admin: readonly Who[] = ['admin'];
const ipv6Mode = type.stringOf('dhcpv6-stateful', 'dhcpv6-stateless', 'slaac');

/** Subnets (upstream: neutron-lib `api/definitions/subnet` and the extensions named by each attribute). */
export const subnet: ResourceDefinition = {
  member: 'subnet',
  collection: 'subnets',
  core: true,
  visibility: ['owner', 'parent_owner', 'parent_shared'],
  routes: tagRoutes('subnet', 'subnets'),
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.string(255), default: '', filter: true, sort: true },
    ...projectAttributes,
    // In upstream's order, by which the first that is missing is named.
    ip_version: { ops: 'CR', type: type.integerOf(4, 6), default: required, filter: true, sort: true },
    network_id: { ops: 'CR', type: type.uuid, default: required, filter: true, sort: true },
    subnetpool_id: { ops: 'CR', type: type.subnetPool, default: unset, filter: true, sort: true },
    prefixlen: { ops: 'C', type: type.nonNegative, default: unset },
    cidr: { ops: 'CR', type: type.cidrOrNull, default: unset, filter: true, sort: true },
    gateway_ip: { ops: 'CUR', type: type.addressOrNull, default: unset, filter: true, sort: true },
    allocation_pools: { ops: 'CUR', type: type.allocationPools, default: unset },
    dns_nameservers: { ops: 'CUR', type: type.nameServers, default: unset },
    host_routes: { ops: 'CUR', type: type.hostRoutes, default: unset },
    enable_dhcp: { ops: 'CUR', type: type.boolean, default: true, filter: true, sort: true },
    ipv6_ra_mode: { ops: 'CR', type: ipv6Mode, default: unset, filter: true, sort: true },
    ipv6_address_mode: { ops: 'CR', type: ipv6Mode, default: unset, filter: true, sort: true },
    shared: { ops: '', type: type.boolean, default: unset, filter: true },
    use_default_subnetpool: { ops: 'C', type: type.boolean, default: false, extension: 'default-subnetpools' },
    service_types: {
      ops: 'CUR',
      type: type.serviceTypes,
      default: unset,
      extension: 'subnet-service-types',
      create: admin,
      update: admin,
    },
    segment_id: {
      ops: 'CUR',
      type: type.uuidOrNull,
      default: null,
      filter: true,
      sort: true,
      extension: 'segment',
      updateExtension: 'subnet-segmentid-writable',
      create: admin,
      update: admin,
      see: admin,
    },
    'router:external': {
      ops: 'R',
      type: type.boolean,
      default: unset,
      filter: true,
      extension: 'subnet-external-network',
    },
    dns_publish_fixed_ip: {
      ops: 'CUR',
      type: type.boolean,
      default: false,
      extension: 'subnet-dns-publish-fixed-ip',
    },
    ...standardAttributes,
  },
};
