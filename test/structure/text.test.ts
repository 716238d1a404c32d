import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { filesBelow, top } from './source-files.ts';

const textFile = /\.(tsx?|css|js|mjs|json|md|sh|py|ini|conf|yaml|yml|txt)$|^bin\/[^.]+$|^\.ci\/|^\.npmrc$/;

/** What must not be named in any file, and why. The patterns are put together here so that this file does not match itself. */
const forbidden: readonly { what: string; pattern: RegExp; because: string }[] = [
  {
    what: 'a folder outside of the project',
    pattern: new RegExp(`\\.\\./${'shared'}\\b`),
    because: 'the project stands alone',
  },
  { what: 'a path of one machine', pattern: /(^|[^A-Za-z0-9._-])\/(work|farm)\//, because: 'a clone lives anywhere' },
  {
    what: 'a host of a package registry',
    pattern: /https?:\/\/(registry|deb|security|files)\.[a-z0-9.-]+\.(org|com)\//,
    because: 'npm and apt know where to look; a mirror must work too',
  },
];

const names: readonly { pattern: RegExp; because: string }[] = [
  { pattern: /(^|\/)(utils?|helpers?|managers?|base)\.tsx?$/, because: 'says nothing about its subject' },
  { pattern: /[A-Z_].*\.tsx?$/, because: 'files are named in kebab-case' },
];

const files = filesBelow('.', (path) => textFile.test(path) && path !== 'package-lock.json');

it.each(forbidden)('no file names $what ($because)', ({ pattern }) => {
  const found = files.flatMap((path) =>
    readFileSync(join(top, path), 'utf8')
      .split('\n')
      .flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
  expect(found).toEqual([]);
});

it('finds what it looks for', () => {
  const bad = [`see ../${'shared'}/x`, `cd /${'work'}/x`, `https://${'registry'}.example.org/x`];
  const hits = forbidden.map(({ pattern }) => bad.filter((line) => pattern.test(line)).length);
  expect(hits).toEqual([1, 1, 1]);
});

it('source files are named after their subject, in kebab-case', () => {
  const sources = files.filter((path) => /\.tsx?$/.test(path));
  expect(sources.filter((path) => names.some(({ pattern }) => pattern.test(path.split('/').at(-1)!)))).toEqual([]);
});

it('no test is skipped, left to do, or run alone', () => {
  const tests = files.filter((path) => path.endsWith('.test.ts') && !path.endsWith('structure/text.test.ts'));
  const found = tests.filter((path) =>
    /\b(it|test|describe)\.(skip|todo|only)\b/.test(readFileSync(join(top, path), 'utf8')),
  );
  expect(found).toEqual([]);
});

it('no test gives up after the second that vitest waits by itself', () => {
  const tests = files.filter((path) => path.endsWith('.ts') && path !== 'test/support/eventually.ts');
  const found = tests.filter((path) => readFileSync(join(top, path), 'utf8').includes(`vi.${'waitFor'}(`));
  expect(found).toEqual([]);
});
