import { expect, it } from 'vitest';
import { exactInteger, parseExact } from './exact-json.ts';

it('writes whole numbers of any length exactly', () => {
  const numbers = [0n, 253n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 15n, 2n ** 128n];
  expect(JSON.stringify(numbers.map(exactInteger))).toBe(`[${numbers.join()}]`);
  expect(exactInteger(253n)).toBe(253);
});

it('reads them so that they are written as they were', () => {
  const text = '{"few":253,"many":[18446744073709551601],"text":"1844674407370955160118446744073709551601","half":0.5}';
  expect(JSON.stringify(parseExact(text))).toBe(text);
  expect(parseExact('{"few":253}')).toEqual({ few: 253 });
});
