import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { journalPrefix } from './journal.ts';

test('lines have a level where stderr is the journal, and none where it was led elsewhere', () => {
  const folder = mkdtempSync(join(tmpdir(), 'journal-test-'));
  const fd = openSync(join(folder, 'stderr'), 'w');
  const { dev, ino } = fstatSync(fd);
  expect(journalPrefix('error', { JOURNAL_STREAM: `${dev}:${ino}` }, fd)).toBe('<3>');
  expect(journalPrefix('info', { JOURNAL_STREAM: `${dev}:${ino}` }, fd)).toBe('<6>');
  expect(journalPrefix('error', { JOURNAL_STREAM: `${dev}:${ino + 1}` }, fd)).toBe('');
  expect(journalPrefix('error', {}, fd)).toBe('');
  closeSync(fd);
  rmSync(folder, { recursive: true });
});
