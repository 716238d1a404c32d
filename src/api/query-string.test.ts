import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NeutronError } from '../lib/errors.ts';
import { formatQueryString, lastValueOf, parseQueryString, valuesOf } from './query-string.ts';

describe('parseQueryString', () => {
  it.each([
    ['', []],
    ['a=1', [['a', '1']]],
    [
      'a=1&a=2&b',
      [
        ['a', '1'],
        ['a', '2'],
        ['b', ''],
      ],
    ],
    [
      'a=&=b&&',
      [
        ['a', ''],
        ['', 'b'],
      ],
    ],
    ['fixed_ips=ip_address%3D10.0.0.5', [['fixed_ips', 'ip_address=10.0.0.5']]],
    ['fixed_ips=ip_address=10.0.0.5', [['fixed_ips', 'ip_address=10.0.0.5']]],
    ['name=a+b%2Bc%20d', [['name', 'a b+c d']]],
    ['name=%E7%B6%B2', [['name', '網']]],
    ['__proto__=1', [['__proto__', '1']]],
  ])('%j', (text, parameters) => expect(parseQueryString(text)).toEqual(parameters));

  it.each(['a=%', 'a=%4', 'a=%zz', 'a=%ff', '%c3=1', 'a=%00'])('refuses %j', (text) => {
    expect(() => parseQueryString(text)).toThrow(expect.objectContaining({ type: 'HTTPBadRequest' }));
  });

  it('reads back what it writes', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (parameters) => {
        const written = formatQueryString(parameters);
        expect(written).toMatch(/^[\w.~%+=&-]*$/);
        const named = parameters.filter(([name, value]) => name !== '' || value !== '' || parameters.length > 0);
        expect(parseQueryString(written)).toEqual(named);
      }),
    );
  });

  it('reads or refuses any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('%', '&', '=', '+', 'a', 'f', '0', 'é', '\0') }), (text) => {
        try {
          for (const [name, value] of parseQueryString(text)) expect([name, value].join('')).toBeTypeOf('string');
        } catch (error) {
          expect(error).toBeInstanceOf(NeutronError);
        }
      }),
    );
  });
});

it('finds values by name', () => {
  const parameters = parseQueryString('limit=1&fields=a&fields=&fields=b&limit=2');
  expect(valuesOf(parameters, 'fields')).toEqual(['a', 'b']);
  expect(lastValueOf(parameters, 'limit')).toBe('2');
  expect(lastValueOf(parameters, 'marker')).toBeNull();
});
