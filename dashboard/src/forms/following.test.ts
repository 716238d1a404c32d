import { expect, it } from 'vitest';
import { withFollowing } from './following.ts';

it.each([
  ['', '10.0.0.0/24', '', '4'],
  ['', 'fd00::/64', '', '6'],
  ['10.0.0.0/24', 'fd00::/64', '4', '6'],
  // Chosen by hand.
  ['10.0.0.0/24', '10.0.1.0/24', '6', '6'],
  ['', '10.0.0', '', ''],
  ['10.0.0.0/24', '10.0.0.0/24', '', ''],
])('%j to %j, version %j: %j', (cidr, next, ip_version, expected) => {
  expect(withFollowing({ cidr, ip_version }, { cidr: next, ip_version })).toEqual({ cidr: next, ip_version: expected });
});

it('leaves alone what has no version', () => {
  expect(withFollowing({ cidr: '' }, { cidr: '10.0.0.0/8' })).toEqual({ cidr: '10.0.0.0/8' });
});
