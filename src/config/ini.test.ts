import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from './errors.ts';
import { parseIni } from './ini.ts';

const assignments = (text: string) =>
  parseIni(text, 'a.conf').map(({ section, name, value, line }) => [section, name, value, line]);

test.each([
  ['a plain assignment', '[DEFAULT]\ndebug = True', [['default', 'debug', 'True', 2]]],
  ['a colon instead of the equals sign', '[x]\na: b = c', [['x', 'a', 'b = c', 2]]],
  ['the first of the two signs counts', '[x]\na = b:c', [['x', 'a', 'b:c', 2]]],
  [
    'signs inside a URL',
    '[database]\nconnection = mysql://u:p;x=1#y@h/n?charset=utf8',
    [['database', 'connection', 'mysql://u:p;x=1#y@h/n?charset=utf8', 2]],
  ],
  ['no comment behind a value', '[x]\na = b # c', [['x', 'a', 'b # c', 2]]],
  ['comments with # and ;', '# one\n; two\n[x]\n#a = 1\n;a = 2\na = 3', [['x', 'a', '3', 6]]],
  [
    'a repeated option',
    '[x]\na = 1\na = 2',
    [
      ['x', 'a', '1', 2],
      ['x', 'a', '2', 3],
    ],
  ],
  [
    'continuation lines',
    '[x]\na = 1,\n  2,\n\t3\nb = 4',
    [
      ['x', 'a', '1,\n2,\n3', 2],
      ['x', 'b', '4', 5],
    ],
  ],
  ['a value that starts on the next line', '[x]\na =\n  1', [['x', 'a', '\n1', 2]]],
  [
    'an empty value',
    '[x]\na =\nb=',
    [
      ['x', 'a', '', 2],
      ['x', 'b', '', 3],
    ],
  ],
  ['double quotes', '[x]\na = "b c "', [['x', 'a', 'b c ', 2]]],
  ['single quotes', "[x]\na = ' b'", [['x', 'a', ' b', 2]]],
  ['unequal quotes stay', `[x]\na = "b'`, [['x', 'a', `"b'`, 2]]],
  ['a lone quote stays', '[x]\na = "', [['x', 'a', '"', 2]]],
  ['per cent signs', '[x]\na = 100%d%(b)s', [['x', 'a', '100%d%(b)s', 2]]],
  [
    'section names in any case',
    '[Default]\na=1\n[ML2]\nb=2',
    [
      ['default', 'a', '1', 2],
      ['ml2', 'b', '2', 4],
    ],
  ],
  ['carriage returns and a byte order mark', '\uFEFF[x]\r\na = 1\r\n', [['x', 'a', '1', 2]]],
  ['comments of another encoding', '# caf\uFFFD\n[x]\na = 1', [['x', 'a', '1', 3]]],
  ['an empty file', '', []],
])('reads %s', (_, text, expected) => {
  expect(assignments(text)).toEqual(expected);
});

test.each([
  ['[x]\nnonsense', 'a.conf:2: "nonsense" is no assignment; write name = value, or # before a comment'],
  ['[x\na=1', 'a.conf:1: section "[x" has no closing bracket; write [name] alone on its line'],
  ['[]\n', 'a.conf:1: a section without a name; write [name]'],
  ['a = 1', 'a.conf:1: a stands before any section; write [DEFAULT] above it'],
  ['[x]\na = caf\uFFFD', 'a.conf:2: holds bytes that are no UTF-8; save the file as UTF-8'],
  ['[x]\na = 1,\n  caf\uFFFD', 'a.conf:3: holds bytes that are no UTF-8; save the file as UTF-8'],
  ['[x]\n= 1', 'a.conf:2: an assignment without a name; write name = value'],
  ['[x]\n  a = 1', 'a.conf:2: "a = 1" continues nothing; remove the blanks before it'],
  ['[x]\na = 1\n\n  b = 1', 'a.conf:4: "b = 1" continues nothing; remove the blanks before it'],
])('refuses %j in one line', (text, message) => {
  expect(() => parseIni(text, 'a.conf')).toThrow(new ConfigError(message));
});

test('whatever is written comes back', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/);
  const value = fc
    .string({ maxLength: 40 })
    .map((s) => s.replace(/[\r\n\s]+/g, ' ').trim())
    .filter((s) => !/^["'].*["']$|^["']$/.test(s));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (pairs) => {
      const text = ['[s]', ...pairs.map(([n, v]) => `${n} = ${v}`)].join('\n');
      expect(parseIni(text, 'f').map((e) => [e.name, e.value])).toEqual(pairs);
    }),
  );
});

test('any text is either read or refused with file and line', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      try {
        parseIni(text, 'f');
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        expect((error as Error).message).toMatch(/^f:\d+: .*; .*$/);
      }
    }),
  );
});
