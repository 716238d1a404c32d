import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineOf, quoted } from './shell-words.ts';

/** What bash makes of the words of a line. */
function read(line: string): string[] {
  const output = execFileSync('bash', ['--norc', '-c', `printf '%s\\0' ${line}`], {
    env: { LC_ALL: 'C.UTF-8', PATH: process.env.PATH },
  });
  return output.toString().split('\0').slice(0, -1);
}

describe('a word for a shell', () => {
  it.each([
    ['lan-1', 'lan-1'],
    ['', "''"],
    ["it's", "'it'\\''s'"],
    ['=ls', "'=ls'"],
    ['a\nb', "$'a\\nb'"],
    ["x\u001b[201~'7", "$'x\\033[201~\\'7'"],
    ['\u00007', "$'\\0007'"],
    ['a\u202eb\u{e0001}', "$'a\\u202eb\\U000e0001'"],
    ['网络', "'网络'"],
  ])('%j is %s', (word, text) => {
    expect(quoted(word)).toBe(text);
  });

  it('is read back as it was meant, whatever it is, on one line', () => {
    const nasty = fc.constantFrom(...'\'"\\$`!*?[]{}()<>|&;#~=- \n\t\r\u0001\u001b\u007f\u0085\u200b\u202e\u2028é网7');
    const words = fc.array(fc.oneof(fc.string({ unit: nasty }), fc.string({ unit: 'grapheme' })), { minLength: 1 });
    const lines = fc.sample(
      words.map((some) => some.map((word) => word.toWellFormed().replaceAll('\0', ''))),
      40,
    );
    for (const some of lines) {
      const line = lineOf(some);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(read(line)).toEqual(some);
    }
  });
});
