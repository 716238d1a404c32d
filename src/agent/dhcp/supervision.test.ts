import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DhcpState } from './derive.ts';
import { type Supervised, Supervision } from './supervision.ts';

/** Networks whose dnsmasq is a `sleep` with a pid file; looks come every few milliseconds. */
let folder: string;
let daemon: ChildProcess;
let found: string[];
let namespaces: string[];
let supervision: Supervision | null = null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'supervision-'));
  daemon = spawn('sleep', ['60'], { stdio: 'ignore' });
  for (const name of ['host', 'addn_hosts', 'opts', 'leases']) await writeFile(join(folder, name), '');
  await writeFile(join(folder, 'pid'), `${daemon.pid}\n`);
  found = [];
  namespaces = ['qdhcp-a'];
});
afterEach(async () => {
  await supervision?.close();
  daemon.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function network(id: string, more: Partial<Supervised> = {}): Supervised {
  const spec = { argv: ['sleep', '60'], pidFile: join(folder, 'pid'), mark: '60' };
  const state = { namespace: 'qdhcp-a', folder, dnsmasq: spec, proxy: { config: null, daemon: spec } };
  return { id, state: state as unknown as DhcpState, isBusy: false, ...more };
}

function watch(networks: Supervised[], checkMs = 0): void {
  supervision = new Supervision({
    host: { listNetns: async () => namespaces },
    networks: () => networks,
    onFound: (id) => void found.push(id),
    checkMs,
    lookMs: 5,
  });
  supervision.start();
}

const looks = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 5));

test('is quiet while all is there', async () => {
  watch([network('a')]);
  await looks(10);
  expect(found).toEqual([]);
});

test.each(['host', 'leases', 'pid'])('finds that the file %s is gone', async (name) => {
  watch([network('a')]);
  await rm(join(folder, name));
  await expect.poll(() => found).toContain('a');
});

test('finds a dead process', async () => {
  watch([network('a')]);
  await looks(3);
  daemon.kill('SIGKILL');
  await expect.poll(() => found).toContain('a');
});

test('finds that the namespace is gone, and tries less and less often', async () => {
  namespaces = [];
  watch([network('a')]);
  const startedMs = performance.now();
  await expect.poll(() => performance.now() - startedMs).toBeGreaterThan(400);
  // Pauses of 5, 10, 20, 40 … ms, where a look comes every 5.
  expect(found.length).toBeGreaterThan(1);
  expect(found.length).toBeLessThanOrEqual(Math.log2((performance.now() - startedMs) / 5) + 2);
});

test('leaves alone what is being worked on, and what is not served', async () => {
  namespaces = [];
  watch([network('busy', { isBusy: true }), network('none', { state: null })], 20);
  await looks(20);
  expect(found).toEqual([]);
});

test('checks each network in turn within the time', async () => {
  watch([network('a'), network('b'), network('c')], 60);
  await expect.poll(() => found.length).toBeGreaterThanOrEqual(6);
  expect(found.slice(0, 6)).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
});
