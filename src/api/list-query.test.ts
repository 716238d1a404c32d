import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NeutronError } from '../lib/errors.ts';
import { network } from '../resources/network.ts';
import { port } from '../resources/port.ts';
import { fakeExtensions } from './fake-plugin.ts';
import { type ListRules, readListQuery } from './list-query.ts';
import { parseQueryString } from './query-string.ts';
import { serve } from './served-resource.ts';

const extensions = new Set(fakeExtensions);
const networks = serve(network, extensions);
const ports = serve(port, extensions);
const strict: ListRules = { validateFilters: true, emptyStrings: true, maxLimit: null };

function read(text: string, rules: Partial<ListRules> = {}, resource = networks) {
  return readListQuery(resource, parseQueryString(text), { ...strict, ...rules });
}

describe('filters', () => {
  it.each([
    ['', {}],
    ['name=a&name=b&status=ACTIVE', { name: ['a', 'b'], status: ['ACTIVE'] }],
    ['admin_state_up=Yes&shared=0', { admin_state_up: [true], shared: [false] }],
    ['router:external=True', { 'router:external': [true] }],
    ['provider:segmentation_id=7', { 'provider:segmentation_id': [7] }],
    ['revision_number=3&revision_number=x', { revision_number: [3] }],
    ['revision_number=x', { revision_number: [] }],
    ['name=', { name: [''] }],
    ['tenant_id=p', { project_id: ['p'] }],
    ['tenant_id=p&project_id=p', { project_id: ['p'] }],
    ['tenant_id=p&project_id=q', { project_id: [] }],
    ['tags=a,b&tags=b', { tags: ['a', 'b'] }],
    ['not-tags-any=a', { 'not-tags-any': ['a'] }],
  ])('%s', (text, filters) => expect(read(text).filters).toEqual(filters));

  it('reads pairs, with addresses in canonical form', () => {
    const { filters } = read(
      'fixed_ips=ip_address=2001:DB8::0001&fixed_ips=subnet_id=s&fixed_ips=ip_address_substr=10.',
      {},
      ports,
    );
    expect(filters.fixed_ips).toEqual([
      { key: 'ip_address', value: '2001:db8::1' },
      { key: 'subnet_id', value: 's' },
      { key: 'ip_address_substr', value: '10.' },
    ]);
    expect(read('mac_address=FA-16-3E-00-00-01', {}, ports).filters.mac_address).toEqual(['fa:16:3e:00:00:01']);
  });

  it('names every unknown key', () => {
    expect(() => read('nosuch=1&name=a&nor=2&created_at=x')).toThrow(
      "['nosuch', 'nor', 'created_at'] is invalid attribute for filtering",
    );
  });

  it('does not know attributes of extensions that are not loaded', () => {
    expect(() => read('vlan_transparent=1')).toThrow('invalid attribute');
  });

  it('ignores unknown keys where they are not validated', () => {
    expect(read('nosuch=1&name=a', { validateFilters: false }).filters).toEqual({ name: ['a'] });
  });

  it('drops empty values where empty strings are no filters', () => {
    expect(read('name=&status=&status=UP', { emptyStrings: false }).filters).toEqual({ status: ['UP'] });
  });

  it.each(['shared=maybe', 'mtu=big', 'mtu=1e3'])('refuses %s', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ type: 'InvalidInput' }));
  });
});

describe('fields', () => {
  it.each([
    ['fields=id&fields=name&fields=id', ['id', 'name']],
    ['fields=id&fields=nope&fields=', ['id']],
    ['fields=nope', []],
    ['fields=', []],
    ['', null],
  ])('%s', (text, fields) => expect(read(text).fields).toEqual(fields));
});

describe('sorts', () => {
  it('reads as many keys as directions', () => {
    expect(read('sort_key=name&sort_dir=desc&sort_key=tenant_id&sort_dir=asc').sorts).toEqual([
      { key: 'name', direction: 'desc' },
      { key: 'project_id', direction: 'asc' },
    ]);
  });

  it.each([
    ['sort_key=name', 'The number of sort_keys and sort_dirs must be same'],
    ['sort_key=nope&sort_dir=asc', "['nope'] is invalid attribute for sort_keys"],
    ['sort_key=subnets&sort_dir=asc', "['subnets'] is invalid attribute for sort_keys"],
    ['sort_key=id&sort_dir=up', "['up'] is invalid value for sort_dirs, valid value is 'asc' and 'desc'"],
  ])('refuses %s', (text, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ type: 'HTTPBadRequest', message }));
  });
});

describe('pages', () => {
  it.each([
    ['', null, null],
    ['limit=0', null, null],
    ['limit=5', null, 5],
    ['limit=5', 3, 3],
    ['limit=0', 3, 3],
    ['', 3, 3],
  ])('%s with a maximum of %s is %s', (text, maxLimit, limit) => expect(read(text, { maxLimit }).limit).toBe(limit));

  it.each(['abc', '-1', '1.5', '', '1e2', '0x10'])('refuses limit=%s', (text) => {
    expect(() => read(`limit=${text}`)).toThrow(
      expect.objectContaining({
        type: 'BadRequest',
        message: `Bad limit request: Limit must be an integer 0 or greater and not '${text}'.`,
      }),
    );
  });

  it('takes marker and direction only with a limit', () => {
    expect(read('limit=2&marker=m&page_reverse=TRUE')).toMatchObject({ marker: 'm', pageReverse: true });
    expect(read('marker=m&page_reverse=True')).toMatchObject({ marker: null, pageReverse: false });
    expect(read('limit=2&marker=&page_reverse=yes')).toMatchObject({ marker: null, pageReverse: false });
  });
});

it('reads or refuses any query, and nothing else', () => {
  const name = fc.constantFrom(
    ...ports.filterable.keys(),
    'limit',
    'marker',
    'fields',
    'sort_key',
    'sort_dir',
    '__proto__',
    'constructor',
  );
  const value = fc.oneof(fc.string(), fc.constantFrom('', '1', 'true', 'id', 'asc', 'ip_address=1', '=', '-1'));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (parameters) => {
      try {
        const query = readListQuery(ports, parameters, strict);
        for (const key of Object.keys(query.filters)) expect(ports.filterable.has(key)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(NeutronError);
        expect((error as NeutronError).kind).toBe('bad_request');
      }
    }),
  );
});
