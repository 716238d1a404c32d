import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NeutronError } from '../lib/errors.ts';
import type { AttributeType } from './contract.ts';
import { dnsDomain, dnsName, floatingDnsName } from './dns.ts';
import { portHints } from './port-hints.ts';
import { resources } from './registry.ts';
import { tagRoutes } from './tags.ts';
import * as type from './types.ts';

/** What becomes of a value: `{ value }`, `{ reason }`, or the error thrown. */
function take(of: AttributeType, value: unknown): { value: unknown } | { reason: string } | { error: string } {
  try {
    const converted = of.convert ? of.convert(value) : value;
    const reason = of.validate?.(converted) ?? null;
    if (reason !== null) return { reason };
    return { value: of.normalize ? of.normalize(converted) : converted };
  } catch (error) {
    if (!(error instanceof NeutronError)) throw error;
    return { error: `${error.type}: ${error.message}` };
  }
}

const tags = tagRoutes('network', 'networks').find(({ body }) => body)!.body!.tags!.type;
const id = '6aafaa4b-d23c-456f-80cb-80b7fe3a3cd3';

describe('values that are taken', () => {
  it.each<[string, AttributeType, unknown, unknown]>([
    ['boolean', type.boolean, 'Yes', true],
    ['boolean', type.boolean, 0, false],
    ['booleanOrNull', type.booleanOrNull, null, null],
    ['booleanOrNull', type.booleanOrNull, 'off', false],
    ['integerBetween', type.integerBetween(1, 4_294_967_295), '4294967295', 4_294_967_295],
    ['integerBetween', type.integerBetween(1, 9), 1, 1],
    ['integer', type.integer, ' 12 ', 12],
    ['integer', type.integer, -3, -3],
    ['integerOf', type.integerOf(4, 6), '6', 6],
    ['uuid', type.uuid, id.toUpperCase(), id],
    ['uuid', type.uuid, id.replaceAll('-', ''), id],
    ['uuidOrNull', type.uuidOrNull, null, null],
    ['uuidList', type.uuidList, [id], [id]],
    ['uuidList', type.uuidList, null, []],
    ['subnetPool', type.subnetPool, 'prefix_delegation', 'prefix_delegation'],
    ['mac', type.mac, 'FA-16-3E-1-2-3', 'fa:16:3e:01:02:03'],
    ['mac', type.mac, 'fa16.3e01.0203', 'fa:16:3e:01:02:03'],
    ['mac', type.mac, 'FA163E010203', 'fa:16:3e:01:02:03'],
    ['mac', type.mac, null, null],
    ['addressOrNull', type.addressOrNull, '2001:DB8:0::1', '2001:db8::1'],
    ['cidrOrNull', type.cidrOrNull, '10.0.0.5/24', '10.0.0.5/24'],
    ['cidrOrNull', type.cidrOrNull, '10.0.0.5', '10.0.0.5/32'],
    ['cidrOrNull', type.cidrOrNull, '2001:DB8::/64', '2001:db8::/64'],
    ['nameServers', type.nameServers, null, []],
    ['nameServers', type.nameServers, ['192.0.2.1', '2001:DB8::1'], ['192.0.2.1', '2001:db8::1']],
    [
      'allocationPools',
      type.allocationPools,
      [{ start: '10.0.0.2', end: '10.0.0.9' }],
      [{ start: '10.0.0.2', end: '10.0.0.9' }],
    ],
    [
      'hostRoutes',
      type.hostRoutes,
      [{ destination: '10.9.0.0/16', nexthop: '10.0.0.1' }],
      [{ destination: '10.9.0.0/16', nexthop: '10.0.0.1' }],
    ],
    [
      'fixedIps',
      type.fixedIps,
      [{ subnet_id: id, ip_address: '10.0.0.5', x: 1 }],
      [{ subnet_id: id, ip_address: '10.0.0.5' }],
    ],
    ['fixedIps', type.fixedIps, [{}], [{}]],
    ['addressPairList', type.addressPairList, null, []],
    [
      'addressPairList',
      type.addressPairList,
      [{ ip_address: '10.0.0.0/24', mac_address: 'FA:16:3E:00:00:01' }],
      [{ ip_address: '10.0.0.0/24', mac_address: 'fa:16:3e:00:00:01' }],
    ],
    ['extraDhcpOptions', type.extraDhcpOptions, null, null],
    [
      'extraDhcpOptions',
      type.extraDhcpOptions,
      [
        { opt_name: 'tftp-server', opt_value: '10.0.0.9', ip_version: '6' },
        { opt_name: 'router', opt_value: '' },
        { opt_name: '67', opt_value: null },
      ],
      [
        { opt_name: 'tftp-server', opt_value: '10.0.0.9', ip_version: 6 },
        { opt_name: 'router', opt_value: '', ip_version: 4 },
        { opt_name: '67', opt_value: null, ip_version: 4 },
      ],
    ],
    ['hostName', type.hostName, null, ''],
    ['string', type.string(255), '😀'.repeat(255), '😀'.repeat(255)],
    ['serviceTypes', type.serviceTypes, ['compute:nova', 'compute:nova'], ['compute:nova']],
    ['dnsDomain', dnsDomain, 'Example.ORG.', 'example.org.'],
    ['dnsDomain', dnsDomain, '<project_id>.example.org.', '<project_id>.example.org.'],
    ['dnsName', dnsName, 'VM-1', 'vm-1'],
    ['floatingDnsName', floatingDnsName, 'Web.Tier', 'web.tier'],
    [
      'portHints',
      portHints,
      { openvswitch: { other_config: { 'tx-steering': 'hash' } } },
      { openvswitch: { other_config: { 'tx-steering': 'hash' } } },
    ],
    ['portHints', portHints, null, null],
    ['segments', type.segments, [{ 'provider:segmentation_id': '5' }], [{ 'provider:segmentation_id': 5 }]],
  ])('%s %#', (_, of, value, result) => expect(take(of, value)).toEqual({ value: result }));
});

describe('values that are refused, and why', () => {
  it.each<[AttributeType, unknown, string]>([
    [type.string(255), null, "'None' is not a valid string"],
    [type.string(255), true, "'True' is not a valid string"],
    [type.string(255), { a: ['b'] }, "'{'a': ['b']}' is not a valid string"],
    [type.string(3), 'abcd', "'abcd' exceeds maximum length of 3"],
    [type.integerBetween(1, 4094), 0, "'0' is too small - must be at least '1'"],
    [type.integerBetween(1, 4094), '4095', "'4095' is too large - must be no larger than '4094'"],
    [type.uuid, 5, "'5' is not a valid UUID"],
    [type.uuid, `${id}\n`, `'${id}\n' is not a valid UUID`],
    [type.uuidList, [id, id], `Duplicate items in the list: '${id}'`],
    [type.mac, '00:00:00:00:00:00', "'00:00:00:00:00:00' is not a valid MAC address"],
    [type.mac, 'ff:ff:ff:ff:ff:ff', "'ff:ff:ff:ff:ff:ff' is not a valid MAC address"],
    [type.mac, 'fa:16:3e:00:00:01\n', "'fa:16:3e:00:00:01\n' is not a valid MAC address"],
    [type.addressOrNull, '010.0.0.1', "'010.0.0.1' is not an accepted IP address, '10.0.0.1' is recommended"],
    [type.addressOrNull, '0256.0.0.1', "'0256.0.0.1' is not a valid IP address"],
    [type.addressOrNull, '010.0.1', "'010.0.1' is not a valid IP address"],
    [type.addressOrNull, 'fe80::1%eth0', "'fe80::1%eth0' is not a valid IP address"],
    [
      type.allocationPools,
      [{ start: '10.0.0.2' }],
      "Validation of dictionary's keys failed. Expected keys: ['start', 'end'] Provided keys: ['start']",
    ],
    [type.allocationPools, null, "Invalid data format for IP pool: 'None'"],
    [
      type.hostRoutes,
      [{ destination: '10.0.0.0', nexthop: '10.0.0.1' }],
      "'10.0.0.0' is not a recognized CIDR, '10.0.0.0/32' is recommended",
    ],
    [
      type.hostRoutes,
      [{ destination: '10.0.0.7/16', nexthop: '10.0.0.1' }],
      "'10.0.0.7/16' is not a recognized CIDR, '10.0.0.0/16' is recommended",
    ],
    [type.hostRoutes, [{ destination: '127.0.0.0/8', nexthop: '10.0.0.1' }], "'127.0.0.0/8' is not a routable CIDR"],
    [type.hostRoutes, [{ destination: 'x', nexthop: '10.0.0.1' }], "'x' is not a valid CIDR"],
    [
      type.fixedIps,
      [{ ip_address: '2001:db8::1' }, { ip_address: '2001:DB8::01' }],
      "Duplicate IP address '2001:DB8::01'",
    ],
    [type.fixedIps, [null], "Invalid data format for fixed IP: 'None'"],
    [dnsDomain, 'example.org', "'example.org' is not a FQDN"],
    [
      dnsName,
      'a_b',
      "'a_b' not a valid PQDN or FQDN. Reason: Name 'a_b' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen",
    ],
    [floatingDnsName, 'a.example.', "'a.example.' is a FQDN. It should be a relative domain name"],
    [floatingDnsName, 'a..b', "'a..b' not a valid PQDN or FQDN. Reason: Encountered an empty component"],
    [
      floatingDnsName,
      'a.'.repeat(126) + 'b',
      `'${'a.'.repeat(126)}b' contains 253 characters. Adding a domain name will cause it to exceed the maximum length of a FQDN of '255'`,
    ],
    [dnsName, 'a..b', "'a..b' not a valid PQDN or FQDN. Reason: Encountered an empty component"],
    [dnsName, '-a', "'-a' not a valid PQDN or FQDN. Reason: Name '-a' must not start or end with a hyphen"],
    [dnsName, 'a.1', "'a.1' not a valid PQDN or FQDN. Reason: TLD '1' must not be all numeric"],
    [portHints, { ovs: {} }, 'Unexpected keys supplied: ovs'],
    [portHints, { openvswitch: { other_config: { 'tx-steering': 'x' } } }, 'x is not in valid_values'],
    [type.objectOrNull, [], "'[]' is not a dictionary"],
  ])('%#: %j', (of, value, reason) => expect(take(of, value)).toEqual({ reason }));

  it.each<[AttributeType, unknown, string]>([
    [type.boolean, null, "InvalidInput: Invalid input for operation: 'None' cannot be converted to boolean."],
    [
      type.booleanOrNull,
      'perhaps',
      "InvalidInput: Invalid input for operation: 'perhaps' cannot be converted to boolean.",
    ],
    [type.integerBetween(1, 9), null, "InvalidInput: Invalid input for operation: 'None' is not an integer."],
    [tags, 'a', "InvalidInput: Invalid input for operation: 'a' is not a list."],
    [tags, ['a', 'a'], "InvalidInput: Invalid input for operation: Duplicate items in the list: 'a'."],
    [tags, ['a', null], "InvalidInput: Invalid input for operation: 'None' is not a valid string."],
    [
      tags,
      ['x'.repeat(256)],
      `InvalidInput: Invalid input for operation: '${'x'.repeat(256)}' exceeds maximum length of 255.`,
    ],
    [type.integer, 4.5, "InvalidInput: Invalid input for operation: '4.5' is not an integer."],
    [type.integer, 1e300, "InvalidInput: Invalid input for operation: '1e+300' is not an integer."],
    [type.integer, '', "InvalidInput: Invalid input for operation: '' is not an integer."],
    [type.cidrOrNull, '10.0.0.0/', 'InvalidInput: Invalid input for operation: 10.0.0.0/ is not in a CIDR format.'],
    [
      type.cidrOrNull,
      '2001:db8::/129',
      'InvalidInput: Invalid input for operation: 2001:db8::/129 is not in a CIDR format.',
    ],
    [type.addressPairList, 'x', 'HTTPBadRequest: Allowed address pairs must be a list.'],
    [
      type.extraDhcpOptions,
      [{ opt_name: 'a\nb', opt_value: 'x' }],
      "InvalidInput: Invalid input for operation: 'a\\nb' contains control characters.",
    ],
    [
      type.extraDhcpOptions,
      [{ opt_name: 'a', opt_value: 'x\ndhcp-script=/x' }],
      "InvalidInput: Invalid input for operation: 'x\\ndhcp-script=/x' contains control characters.",
    ],
    [
      type.extraDhcpOptions,
      [{ opt_name: 'a' }],
      "InvalidInput: Invalid input for operation: No valid key specs matched for: {'opt_name': 'a'}.",
    ],
    [
      type.extraDhcpOptions,
      [{ opt_name: 'a', opt_value: 'x', ip_version: 5 }],
      "InvalidInput: Invalid input for operation: No valid key specs matched for: {'opt_name': 'a', 'opt_value': 'x', 'ip_version': 5}.",
    ],
    [
      type.extraDhcpOptions,
      [{ opt_name: ' ', opt_value: 'x' }],
      "InvalidInput: Invalid input for operation: No valid key specs matched for: {'opt_name': ' ', 'opt_value': 'x'}.",
    ],
    [type.addressPairList, [{}], 'AllowedAddressPairsMissingIP: AllowedAddressPair must contain ip_address'],
    [type.addressPairList, [{ ip_address: '10.0.0.1', x: 1 }], "HTTPBadRequest: Unrecognized attribute(s) 'x'"],
    [type.serviceTypes, [1], 'InvalidInputSubnetServiceType: Subnet service type 1 is not a string.'],
    [
      type.serviceTypes,
      ['x'],
      'InvalidSubnetServiceType: Subnet service type x does not correspond to a valid device owner.',
    ],
  ])('%#: %j throws', (of, value, error) => expect(take(of, value)).toEqual({ error }));
});

/** Everything JSON can say, biased towards what comes near the truth. */
const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.ipV4(),
  fc.ipV6(),
  fc.uuid(),
  fc.constantFrom('10.0.0.0/8', '::/0', 'fa:16:3e:00:00:01', '__proto__', 4, 6, -1, 1e308, null, [], {}, [[]], [null]),
  fc.array(
    fc.dictionary(
      fc.constantFrom(
        'start',
        'end',
        'ip_address',
        'subnet_id',
        'destination',
        'nexthop',
        'opt_name',
        'opt_value',
        'mac_address',
        'ip_version',
      ),
      fc.oneof(fc.ipV4(), fc.uuid(), fc.jsonValue({ maxDepth: 1 })),
    ),
    { maxLength: 3 },
  ),
);

const every = resources.flatMap(({ collection, attributes, routes = [] }) =>
  [attributes, ...routes.map(({ body }) => body ?? {})].flatMap((table) =>
    Object.entries(table).map(([name, attribute]) => [`${collection} ${name}`, attribute] as const),
  ),
);

describe('whatever JSON has', () => {
  it.each(every)('%s takes it or refuses it with a client error', (_, { type: of }) => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const before = JSON.stringify(value);
        const result = take(of, value);
        expect(JSON.stringify(value)).toBe(before);
        // Taken twice it stays the same: what was stored may be sent back.
        if ('value' in result) expect(take(of, result.value)).toEqual(result);
      }),
      { numRuns: 60 },
    );
  });

  it.each(every)('%s reads any filter text', (_, { type: of }) => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          (of.filter ?? of.convert)?.(text);
        } catch (error) {
          expect(error).toBeInstanceOf(NeutronError);
        }
      }),
      { numRuns: 30 },
    );
  });
});
