import { beforeAll, describe, expect, it } from 'vitest';
import { servedDocument } from '../../../test/support/served-document.ts';
import { type ApiDocument, type ApiResource, resourcesOf } from '../api/description.ts';
import { bodyOf, type Field, type FormValues, fieldsOf, missingIn, referredBy, valuesOf } from './form-model.ts';
import { presetsOf } from './presets.ts';

let resources: ApiResource[];
beforeAll(async () => {
  resources = resourcesOf((await servedDocument()) as ApiDocument);
});

const fields = (key: string, verb: 'create' | 'update' = 'create'): Field[] =>
  fieldsOf(resources.find((one) => one.key === key)![verb]!, resources);
const kinds = (of: readonly Field[]) => Object.fromEntries(of.map(({ name, kind }) => [name, kind]));

/** The body after these inputs were changed. */
function sent(of: readonly Field[], changes: FormValues, existing: Record<string, unknown> | null = null) {
  const first = valuesOf(of, existing);
  return bodyOf(of, { ...first, ...changes }, first);
}

describe('fields from the schema', () => {
  it('have the input that fits', () => {
    expect(kinds(fields('ports'))).toMatchObject({
      name: 'text',
      network_id: 'reference',
      admin_state_up: 'boolean',
      fixed_ips: 'objects',
      security_groups: 'references',
      'binding:vnic_type': 'choice',
      'binding:profile': 'json',
    });
    expect(kinds(fields('subnets'))).toMatchObject({ dns_nameservers: 'texts', prefixlen: 'number' });
    expect(kinds(fields('routers'))).toMatchObject({ external_gateway_info: 'group', ha: 'boolean' });
  });

  it('name the project once', () => {
    expect(fields('networks').filter(({ name }) => /^(tenant|project)_id$/.test(name))).toHaveLength(1);
  });

  it('have members of their own inside of objects', () => {
    const gateway = fields('routers').find(({ name }) => name === 'external_gateway_info')!;
    expect(kinds(gateway.members)).toMatchObject({
      network_id: 'reference',
      enable_snat: 'boolean',
      external_fixed_ips: 'objects',
    });
  });

  it.each([
    ['network_id', 'networks'],
    ['floating_network_id', 'networks'],
    ['qos_policy_id', 'policies'],
    ['remote_group_id', 'security_groups'],
    ['remote_address_group_id', 'address_groups'],
    ['internal_port_id', 'ports'],
    ['security_groups', 'security_groups'],
    ['device_id', null],
    ['project_id', null],
  ])('%s refers to %s', (name, collection) => {
    expect(referredBy(name, resources)).toBe(collection);
  });
});

describe('the body of a new one', () => {
  it('holds what was filled in, and leaves the rest to the server', () => {
    expect(sent(fields('networks'), { name: 'lan', mtu: '1400', shared: 'true' })).toEqual({
      name: 'lan',
      mtu: 1400,
      shared: true,
    });
    expect(sent(fields('networks'), {})).toEqual({});
  });

  it('reads choices, lists, objects and groups back into their types', () => {
    expect(
      sent(fields('subnets'), {
        ip_version: '6',
        dns_nameservers: ['192.0.2.1'],
        allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.9' }],
      }),
    ).toEqual({
      ip_version: 6,
      dns_nameservers: ['192.0.2.1'],
      allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.9' }],
    });
    const gateway = { network_id: 'n1', enable_snat: 'false', external_fixed_ips: [], qos_policy_id: '' };
    expect(sent(fields('routers'), { external_gateway_info: gateway })).toEqual({
      external_gateway_info: { network_id: 'n1', enable_snat: false },
    });
  });

  it('leaves out members nobody filled in', () => {
    expect(sent(fields('ports'), { fixed_ips: [{ subnet_id: 's1', ip_address: '' }] })).toEqual({
      fixed_ips: [{ subnet_id: 's1' }],
    });
  });

  it('sends what is no number as it is: the server says what is wrong', () => {
    expect(sent(fields('networks'), { mtu: 'large' })).toEqual({ mtu: 'large' });
  });

  it('refuses what is no JSON, naming the field', () => {
    expect(() => sent(fields('ports'), { 'binding:profile': '{' })).toThrow(new SyntaxError('binding:profile'));
  });

  it.each(presetsOf('security_group_rules'))('$label fills in inputs that the form has', ({ values }) => {
    const of = fields('security_group_rules');
    expect(Object.keys(values).filter((name) => !of.some((field) => field.name === name))).toEqual([]);
    expect(sent(of, values)).toMatchObject({ direction: 'ingress' });
  });

  it('knows what is missing', () => {
    const of = fields('subnets');
    expect(missingIn(of, valuesOf(of, null))).toEqual(['ip_version', 'network_id']);
  });
});

describe('the body of a change', () => {
  const subnet = { name: 'four', gateway_ip: '10.0.0.1', dns_nameservers: ['192.0.2.1'], enable_dhcp: true };

  it('holds only what differs', () => {
    expect(sent(fields('subnets', 'update'), { name: 'five' }, subnet)).toEqual({ name: 'five' });
    expect(sent(fields('subnets', 'update'), {}, subnet)).toEqual({});
  });

  it('says null for what was emptied and may be, and empty for what may not', () => {
    expect(sent(fields('subnets', 'update'), { gateway_ip: '', name: '', dns_nameservers: [] }, subnet)).toEqual({
      gateway_ip: null,
      name: '',
      dns_nameservers: [],
    });
  });

  it('takes a gateway away from a router as null', () => {
    const of = fields('routers', 'update');
    const router = { external_gateway_info: { network_id: 'n1', enable_snat: true, external_fixed_ips: [] } };
    const none = valuesOf(of.find(({ name }) => name === 'external_gateway_info')!.members, {});
    expect(sent(of, { external_gateway_info: none }, router)).toEqual({ external_gateway_info: null });
  });
});
