import { describe, expect, it } from 'vitest';
import * as rule from './rule-types.ts';

const thrown = (work: () => unknown): string => {
  try {
    return `nothing, but ${JSON.stringify(work())}`;
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
};

describe('protocol', () => {
  it.each([
    ['tcp', 'tcp'],
    ['TCP', 'tcp'],
    [47, '47'],
    ['47', '47'],
    [0, '0'],
    [255, '255'],
    [null, null],
    ['icmpv6', 'icmpv6'],
  ])('%j is %j', (given, taken) => {
    expect(rule.protocol.convert!(given)).toBe(taken);
  });

  it.each(['nope', '300', 256, -1, 'any', '', true, 6.5, {}, []])('%j is none', (given) => {
    expect(thrown(() => rule.protocol.convert!(given))).toMatch(
      /^SecurityGroupRuleInvalidProtocol: Security group rule protocol .* not supported\. Only protocol values \[None, 'ah', 'dccp', .*'vrrp'\] and integer representations \[0 to 255\] are supported\.$/,
    );
  });
});

describe('ethertype', () => {
  it('is taken in any case', () => {
    expect(['IPv4', 'ipv4', 'IPV6'].map((one) => rule.ethertype.convert!(one))).toEqual(['IPv4', 'IPv4', 'IPv6']);
  });

  it.each([
    ['IPv5', 'IPv5'],
    [4, '4'],
    [null, 'None'],
  ])('%j is none', (given, named) => {
    expect(thrown(() => rule.ethertype.convert!(given))).toBe(
      `SecurityGroupRuleInvalidEtherType: Security group rule for ethertype '${named}' not supported. Allowed values are ['IPv4', 'IPv6'].`,
    );
  });
});

describe('port', () => {
  it.each([
    [80, 80],
    ['80', 80],
    [0, 0],
    [65535, 65535],
    [null, null],
  ])('%j is %j', (given, taken) => {
    expect(rule.portNumber.convert!(given)).toBe(taken);
  });

  it.each([65536, -1, 'http', '', 1.5, []])('%j is none', (given) => {
    expect(thrown(() => rule.portNumber.convert!(given))).toMatch(
      /^SecurityGroupInvalidPortValue: Invalid value for port /,
    );
  });
});

describe('remote prefix', () => {
  it.each([
    ['10.0.0.5/24', '10.0.0.5/24'],
    ['10.0.0.5', '10.0.0.5/32'],
    ['2001:DB8::1', '2001:db8::1/128'],
    [null, null],
    ['', null],
  ])('%j is %j', (given, taken) => {
    expect(rule.remotePrefix.convert!(given)).toBe(taken);
  });

  it.each(['10.0.0.0/99', 'x', '10.0.0.0/255.0.0.0', '10.0.0.0/8\n', 7, {}])('%j is none', (given) => {
    expect(thrown(() => rule.remotePrefix.convert!(given))).toMatch(
      /^InvalidCIDR: Invalid CIDR [\s\S]* given as IP prefix\.$/,
    );
  });
});

describe('group name', () => {
  it('is not that of the default group', () => {
    expect(rule.groupName.validate!('web')).toBeNull();
    expect(rule.groupName.validate!(7)).toBe("'7' is not a valid string");
    expect(thrown(() => rule.groupName.validate!('Default'))).toBe(
      'SecurityGroupDefaultAlreadyExists: Default security group already exists.',
    );
  });
});
