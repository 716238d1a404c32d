import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolders } from './folders.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folders-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('makes what is missing, and leaves what is there', () => {
  const path = join(folder, 'a/b/c');
  makeFolders(path, 0o700);
  makeFolders(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test.each(['/proc/neutrino-test/x', '/proc/self/neutrino-test'])('gives up on %s', (path) => {
  expect(() => makeFolders(path)).toThrow();
});

test('a file in the way is an error', () => {
  writeFileSync(join(folder, 'f'), '');
  expect(() => makeFolders(join(folder, 'f'))).toThrow();
  expect(() => makeFolders(join(folder, 'f/x'))).toThrow();
});
