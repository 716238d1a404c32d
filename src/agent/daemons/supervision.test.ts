import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Supervised, Supervision, type Watched } from './supervision.ts';

/** Networks whose dnsmasq is a `sleep` with a pid file. */
let folder: string;
let daemon: ChildProcess;
let found: string[];
let namespaces: string[];
let supervision: Supervision<Watched> | null;
let nowMs: number;
let isBusy: boolean;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'supervision-'));
  daemon = spawn('sleep', ['60'], { stdio: 'ignore' });
  for (const name of ['host', 'addn_hosts', 'opts', 'leases']) await writeFile(join(folder, name), '');
  await writeFile(join(folder, 'pid'), `${daemon.pid}\n`);
  found = [];
  supervision = null;
  nowMs = 0;
  isBusy = false;
  namespaces = ['qdhcp-a'];
});
afterEach(async () => {
  daemon.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function network(id: string, more: Partial<Supervised<Watched>> = {}): Supervised<Watched> {
  const spec = { argv: ['sleep', '60'], pidFile: join(folder, 'pid'), mark: '60' };
  const files = ['host', 'addn_hosts', 'opts', 'leases', 'pid'].map((name) => join(folder, name));
  return { id, state: { namespace: 'qdhcp-a', daemons: [spec], files }, isBusy: false, ...more };
}

/** Looks so many times, a second after the other by its clock. */
async function look(times: number, networks: Supervised<Watched>[], checkMs = 0, leastMs = 0): Promise<void> {
  supervision ??= new Supervision({
    host: { listNetns: async () => namespaces },
    served: () => networks,
    watched: (state) => state,
    onFound: (id) => void found.push(id),
    checkMs,
    leastMs: () => leastMs,
    isBusy: () => isBusy,
    now: () => nowMs,
  });
  for (let i = 0; i < times; i += 1) {
    nowMs += 1_000;
    await supervision.look();
  }
}

test('is quiet while all is there', async () => {
  await look(10, [network('a')]);
  expect(found).toEqual([]);
});

test.each(['host', 'leases', 'pid'])('finds that the file %s is gone, within five looks', async (name) => {
  await look(1, [network('a')]);
  await rm(join(folder, name));
  await look(5, [network('a')]);
  expect(found).toContain('a');
});

test('finds a dead process with the next look', async () => {
  await look(1, [network('a')]);
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGKILL');
  await gone;
  await look(1, [network('a')]);
  expect(found).toEqual(['a']);
});

test('finds that the namespace is gone; what cannot be mended is tried less and less often', async () => {
  namespaces = [];
  await look(1, [network('a')]);
  expect(found).toEqual(['a']);
  await look(63, [network('a')]);
  // At once, and after 1, 2, 4, 8, 16, 32 s.
  expect(found).toHaveLength(7);
  await look(600, [network('a')]);
  expect(found.length).toBeLessThanOrEqual(7 + 10);
});

test('mends at once again what was whole for a while', async () => {
  for (let i = 1; i <= 10; i += 1) {
    namespaces = [];
    await look(1, [network('a')]);
    expect(found).toHaveLength(i);
    namespaces = ['qdhcp-a'];
    await look(7, [network('a')]);
  }
});

test('leaves alone what is being worked on, and what is not served', async () => {
  namespaces = [];
  await look(10, [network('busy', { isBusy: true }), network('none', { state: null })], 2_000);
  expect(found).toEqual([]);
});

test('checks each network in turn within the time', async () => {
  await look(12, [network('a'), network('b'), network('c')], 6_000);
  expect(found).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
});

test('takes its time for many: there is a pause between two checks', async () => {
  const many = Array.from({ length: 100 }, (_, index) => network(`${index}`));
  await look(30, many, 1_000, 2_000);
  expect(found).toHaveLength(15);
});

test('checks nothing while other work waits, and does not make up for it at once', async () => {
  isBusy = true;
  await look(60, [network('a')], 6_000);
  expect(found).toEqual([]);
  isBusy = false;
  await look(13, [network('a')], 6_000);
  expect(found).toEqual(['a', 'a']);
});
