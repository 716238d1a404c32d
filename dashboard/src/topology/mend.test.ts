import { expect, it } from 'vitest';
import type { ApiResource } from '../api/description.ts';
import { givenOf } from './mend.ts';

const integer = { type: ['integer', 'null'] } as const;
const rules = {
  ...{ key: 'security_group_rules', collection: 'security_group_rules', parent: null, idName: 'id' },
  create: { properties: { protocol: { type: 'string' }, port_range_min: integer, description: { type: 'string' } } },
  update: { properties: { description: { type: 'string' } } },
} as unknown as ApiResource;
const values = { protocol: 'tcp', port_range_min: 22, unheard_of: 1 };

it('gives the form what the server knows, as its inputs hold it', () => {
  expect(givenOf({ resource: 'security_group_rules', id: null, values }, rules, [rules])).toEqual({
    protocol: 'tcp',
    port_range_min: '22',
  });
  expect(givenOf({ resource: 'security_group_rules', id: 'r', values }, rules, [rules])).toEqual({});
});
