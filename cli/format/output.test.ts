import { describe, expect, test } from 'vitest';
import { CliError } from '../errors.ts';
import { chosenColumns, renderList, renderOne } from './output.ts';
import { renderTable } from './table.ts';
import { textWidth } from './text-width.ts';

describe('table', () => {
  test('columns line up with wide, combining and emoji characters', () => {
    const text = renderTable(
      ['id', 'name'],
      [
        ['1', '网络'],
        ['2', 'e\u0301te\u0301'],
        ['3', '🚀'],
        ['4', 'plain'],
      ],
    );
    expect(new Set(text.trimEnd().split('\n').map(textWidth))).toEqual(new Set([14]));
  });

  test('a cell of several lines makes the row higher', () => {
    expect(
      renderTable(['a', 'b'], [['1\n2', 'x']])
        .split('\n')
        .slice(3, 5),
    ).toEqual(['| 1 | x |', '| 2 |   |']);
  });

  test('control characters are shown, not sent to the terminal', () => {
    expect(renderTable(['a'], [['\u001b[2Jx\r\ty\u009b1m']])).toContain('| \\x1b[2Jx\\x0d\\x09y\\x9b1m |');
  });

  test('numbers of a list stand right', () => {
    expect(renderList(['mtu'], [{ mtu: 5 }, { mtu: 1500 }], { format: 'table' })).toContain('|    5 |');
  });
});

describe('csv', () => {
  const rows = [{ text: 'say "hi", you', number: 5, none: null, flag: true }];
  test.each([
    ['nonnumeric', '"say ""hi"", you",5,"",True'],
    ['all', '"say ""hi"", you","5","","True"'],
    ['minimal', '"say ""hi"", you",5,,True'],
    ['none', 'say  hi   you,5,,True'],
  ])('quote %s', (quote, line) => {
    const text = renderList(['text', 'number', 'none', 'flag'], rows, { format: 'csv', quote });
    expect(text.split('\n')[1]).toBe(line);
  });
});

describe('yaml', () => {
  test.each([
    ['plain', 'plain'],
    ['two words', 'two words'],
    ['', "''"],
    ['true', "'true'"],
    ['12', "'12'"],
    ['- x', "'- x'"],
    ['a: b', "'a: b'"],
    ["it's", "'it''s'"],
    ['a\nb', '"a\\nb"'],
    ['#x', "'#x'"],
    ['a #x', "'a #x'"],
  ])('%j', (text, expected) => {
    expect(renderOne({ a: text }, { format: 'yaml' })).toBe(`a: ${expected}\n`);
  });

  test('numbers and booleans stay what they are; a list of things is a list of mappings', () => {
    const text = renderList(
      ['a', 'b'],
      [
        { a: 1, b: true },
        { a: 2, b: 'x' },
      ],
      { format: 'yaml' },
    );
    expect(text).toBe('- a: 1\n  b: true\n- a: 2\n  b: x\n');
  });
});

test('shell: nothing in a value is expanded, names are variables', () => {
  const text = renderOne({ 'provider:x-y': '$(rm) `x` "q" \\' }, { format: 'shell', prefix: 'n_' });
  expect(text).toBe('n_provider_x_y="\\$(rm) \\`x\\` \\"q\\" \\\\"\n');
});

test('value: one line a thing, whatever its values hold', () => {
  expect(renderList(['a', 'b'], [{ a: 'x\ny', b: ['p', 'q'] }], { format: 'value' })).toBe('x y p q\n');
});

test('columns that exist are taken, others left out; none at all is an error', () => {
  expect(chosenColumns(['a', 'b'], ['b', 'z'])).toEqual(['b']);
  expect(() => chosenColumns(['a', 'b'], ['z'])).toThrow(CliError);
});
