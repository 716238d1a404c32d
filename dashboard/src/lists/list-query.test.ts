import { describe, expect, it } from 'vitest';
import { givenBy, listState, queryOf, searchOf, sortedBy } from './list-query.ts';

const plain = listState({});

describe('a list in the address', () => {
  it('is the same after a turn through the address', () => {
    const state = { sort: 'name', isDescending: true, limit: 100, filters: [['name', 'a&b=c'] as const] };
    expect(listState(searchOf(state))).toEqual(state);
    expect(searchOf(plain)).toEqual({});
  });

  it('takes what makes no sense for nothing', () => {
    expect(listState({ sort: 7, dir: 'up', limit: 1e9, filter: [['a'], 'b', ['c', 1]] })).toEqual(plain);
    expect(listState({ filter: 'x' })).toEqual(plain);
  });

  it('takes other keys as filters, for links from elsewhere', () => {
    expect(listState({ network_id: 'n1', admin_state_up: true }).filters).toEqual([
      ['network_id', 'n1'],
      ['admin_state_up', 'true'],
    ]);
  });
});

describe('the query of a page', () => {
  it('has filters, order, size and where it begins', () => {
    const state = {
      sort: 'name',
      isDescending: true,
      limit: 20,
      filters: [
        ['name', 'a b'],
        ['name', 'c'],
      ] as const,
    };
    expect(queryOf(state, true, 'm1')).toBe('?name=a+b&name=c&sort_key=name&sort_dir=desc&limit=20&marker=m1');
  });

  it('asks for all of what has no pages', () => {
    expect(queryOf(plain, false, null)).toBe('');
  });
});

it('a column is sorted upwards, then downwards, then not', () => {
  const up = sortedBy(plain, 'name');
  const down = sortedBy(up, 'name');
  expect([up, down, sortedBy(down, 'name')].map(({ sort, isDescending }) => [sort, isDescending])).toEqual([
    ['name', false],
    ['name', true],
    [null, false],
  ]);
  expect(sortedBy(down, 'status')).toMatchObject({ sort: 'status', isDescending: false });
});

it('a new one begins with whose list it is, and with nothing else that is filtered by', () => {
  const state = listState({ security_group_id: 'g', protocol: 'tcp', revision_id: '3' });
  const create = { properties: { security_group_id: {}, protocol: {} } };
  expect(givenBy(state, { create })).toEqual({ security_group_id: 'g' });
  expect(givenBy(state, { create: null })).toEqual({});
});
