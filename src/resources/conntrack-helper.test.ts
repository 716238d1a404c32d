import { expect, it } from 'vitest';
import { conntrackHelper } from './conntrack-helper.ts';

const { port } = conntrackHelper.attributes;

it('a port may be written as text', () => {
  expect(port!.type.convert!(' 21')).toBe(21);
});

it.each(['x', '', '21.0', null, [], {}])(
  '%j as a port is refused as no integer, with the type that the real server has for it',
  (given) => {
    expect(() => port!.type.convert!(given)).toThrow(
      expect.objectContaining({ type: 'InvalidInput', message: expect.stringContaining('is not an integer') }),
    );
  },
);

it.each([0, 65_536])('%j is no port', (given) => {
  expect(port!.type.validate!(given)).toMatch(/too (small|large)/);
});
