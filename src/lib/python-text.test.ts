import { expect, it } from 'vitest';
import { pythonRepr, pythonString } from './python-text.ts';

it.each([
  [null, 'None', 'None'],
  [true, 'True', 'True'],
  [1.5, '1.5', '1.5'],
  ['a', 'a', "'a'"],
  ["it's", "it's", '"it\'s"'],
  [`'"`, `'"`, `'\\'"'`],
  ['a\nb\\', 'a\nb\\', "'a\\nb\\\\'"],
  ['\u0001', '\u0001', "'\\x01'"],
  [[1, 'a', null], "[1, 'a', None]", "[1, 'a', None]"],
  [{ start: 'x', n: {} }, "{'start': 'x', 'n': {}}", "{'start': 'x', 'n': {}}"],
])('prints %j as Python does', (value, text, repr) => {
  expect(pythonString(value)).toBe(text);
  expect(pythonRepr(value)).toBe(repr);
});
