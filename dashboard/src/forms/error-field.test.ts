import { describe, expect, it } from 'vitest';
import { fieldOfError } from './error-field.ts';

const port = ['name', 'network_id', 'mac_address', 'fixed_ips', 'security_groups', 'device_id', 'qos_policy_id'];
const subnet = ['name', 'network_id', 'cidr', 'gateway_ip', 'allocation_pools', 'ip_version', 'dns_nameservers'];
const network = ['name', 'mtu', 'provider:network_type', 'provider:segmentation_id', 'shared'];

describe('the field a refusal speaks of', () => {
  it.each([
    ['HTTPBadRequest', "Invalid input for mtu. Reason: 'x' is not an integer.", network, {}, 'mtu'],
    [
      'HTTPBadRequest',
      "Invalid input for provider:segmentation_id. Reason: 'x' is not an integer.",
      network,
      {},
      'provider:segmentation_id',
    ],
    [
      'HTTPBadRequest',
      "Failed to parse request. Required attribute 'network_id' not specified",
      port,
      {},
      'network_id',
    ],
    ['HTTPBadRequest', "Attribute 'shared' not allowed in POST", network, {}, 'shared'],
    ['HTTPBadRequest', "Unrecognized attribute(s) 'mtu'", network, {}, 'mtu'],
    ['OverlappingAllocationPools', 'Found overlapping allocation pools', subnet, {}, 'allocation_pools'],
    ['MacAddressInUse', 'Unable to complete operation', port, {}, 'mac_address'],
    [
      'InvalidInput',
      "Invalid input for operation: '10.0.0/24' is not a valid CIDR.",
      subnet,
      { cidr: '10.0.0/24', name: 'a' },
      'cidr',
    ],
    ['NetworkNotFound', 'Network 11111111-1111-4111-8111-111111111111 could not be found.', port, {}, 'network_id'],
    [
      'PolicyNotFound',
      'Policy 22222222-2222-4222-8222-222222222222 gone',
      port,
      { qos_policy_id: '22222222-2222-4222-8222-222222222222' },
      'qos_policy_id',
    ],
    ['InvalidInput', 'Invalid input for operation: Gateway is not valid on subnet.', subnet, {}, 'gateway_ip'],
    [
      'InvalidInput',
      "Invalid input for operation: gateway_ip 'fe80::1' does not match the ip_version '4'.",
      subnet,
      {},
      'gateway_ip',
    ],
    [
      'InvalidInput',
      'Invalid input for operation: Subnet has a prefix length that is incompatible with DHCP service enabled.',
      subnet,
      {},
      'cidr',
    ],
    ['InvalidInput', 'Invalid input for operation: Error parsing dns address x.', subnet, {}, 'dns_nameservers'],
    ['InvalidInput', 'Invalid input for operation: Requested MTU is too big, maximum is 1450.', network, {}, 'mtu'],
    [
      'InvalidInput',
      'Invalid input for operation: segmentation_id prohibited for flat provider network.',
      network,
      {},
      'provider:segmentation_id',
    ],
    ['BadRequest', 'Gateway is not valid on subnet: gateway_ip 10.0.0.1.', subnet, {}, 'gateway_ip'],
  ])('%s: %s', (type, message, fields, body, field) => {
    expect(fieldOfError({ type, message }, fields, body)).toBe(field);
  });

  it.each([
    ['OverQuota', "Quota exceeded for resources: ['port'].", port, { name: 'port' }],
    ['HTTPBadRequest', 'Invalid input for speed. Reason: none', network, {}],
    ['Conflict', 'the name of it all', network, { name: 'it' }],
    ['Conflict', 'x 10.0.0.1 y', subnet, { gateway_ip: '10.0.0.1', dns_nameservers: ['10.0.0.1'] }],
  ])('none for %s: %s', (type, message, fields, body) => {
    expect(fieldOfError({ type, message }, fields, body)).toBeNull();
  });

  it('takes no value for a part of a longer one', () => {
    const error = { type: 'Conflict', message: 'There is 10.0.0.10 and 10.0.0.1/24' };
    expect(fieldOfError(error, subnet, { gateway_ip: '10.0.0.1' })).toBeNull();
  });

  it('never breaks on what a user typed', () => {
    expect(fieldOfError({ type: 'X', message: 'a (b' }, network, { name: '(((([' })).toBeNull();
  });
});
