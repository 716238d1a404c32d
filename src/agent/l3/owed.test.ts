import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { OwedEndings } from './owed.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'owed-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('is known to the agent that comes after', async () => {
  await new OwedEndings(folder).add('r', ['203.0.113.7', '203.0.113.8']);
  const next = new OwedEndings(folder);
  expect(await next.of('r')).toEqual(['203.0.113.7', '203.0.113.8']);
  await next.settle('r');
  expect(await next.of('r')).toEqual([]);
  expect(await readdir(join(folder, 'l3-owed'))).toEqual([]);
});

it('goes with the router, whether it was asked for or not', async () => {
  await new OwedEndings(folder).add('r', ['203.0.113.7']);
  await new OwedEndings(folder).forget('r');
  expect(await readdir(join(folder, 'l3-owed'))).toEqual([]);
});

it('takes nothing from a file but addresses', async () => {
  const owed = new OwedEndings(folder);
  await owed.add('r', ['203.0.113.7']);
  await writeFile(join(folder, 'l3-owed', 'r'), '-D\n203.0.113.7\n; reboot\n');
  expect(await new OwedEndings(folder).of('r')).toEqual(['203.0.113.7']);
});

it('is kept in memory where there is no folder to write to', async () => {
  const owed = new OwedEndings('/proc/self/stat');
  await owed.add('r', ['203.0.113.7']);
  expect(await owed.of('r')).toEqual(['203.0.113.7']);
  await owed.settle('r');
  expect(await owed.of('r')).toEqual([]);
});
