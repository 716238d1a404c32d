import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withHostLock } from './lock.ts';

let lockPath: string;
beforeEach(async () => {
  lockPath = await mkdtemp(join(tmpdir(), 'neutrino-lock-'));
});
afterEach(async () => {
  await rm(lockPath, { recursive: true });
});

it('lets one in at a time and leaves nothing behind', async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withHostLock('bridge', { lockPath }, work)));
  expect(most).toBe(1);
  expect(await readdir(lockPath)).toEqual([]);
});

it('gives it to users in one process in the order in which they asked, without a pause', async () => {
  const order: string[] = [];
  const held = Promise.withResolvers<void>();
  const first = withHostLock('bridge', { lockPath }, () => held.promise);
  const use = (who: string) => withHostLock('bridge', { lockPath }, async () => void order.push(who));
  const rest = ['a', 'b', 'c'].map(use);
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  try {
    held.resolve();
    // No time passes here: who waited by looking again would wait for ever.
    await Promise.all([first, ...rest]);
  } finally {
    vi.useRealTimers();
  }
  expect(order).toEqual(['a', 'b', 'c']);
});

it('goes on with the next when one has waited for too long', async () => {
  const held = Promise.withResolvers<void>();
  const first = withHostLock('bridge', { lockPath }, () => held.promise);
  const impatient = withHostLock('bridge', { lockPath, timeoutMs: 20 }, async () => 'never');
  const patient = withHostLock('bridge', { lockPath }, async () => 'done');
  await expect(impatient).rejects.toThrow(`lock bridge is held by process ${process.pid} for more than 20 ms`);
  held.resolve();
  await first;
  expect(await patient).toBe('done');
  expect(await readdir(lockPath)).toEqual([]);
});

it('takes over what a dead process left', async () => {
  await writeFile(join(lockPath, 'neutron-bridge'), '4194305 123 some-id');
  expect(await withHostLock('bridge', { lockPath, timeoutMs: 1_000 }, async () => 'done')).toBe('done');
});

it('takes over what another process with the same id left', async () => {
  await writeFile(join(lockPath, 'neutron-bridge'), `${process.pid} 1 some-id`);
  expect(await withHostLock('bridge', { lockPath, timeoutMs: 1_000 }, async () => 'done')).toBe('done');
});

it('gives up after its time, naming the holder', async () => {
  await withHostLock('bridge', { lockPath }, async () => {
    await expect(withHostLock('bridge', { lockPath, timeoutMs: 50 }, async () => {})).rejects.toThrow(
      `lock bridge is held by process ${process.pid} for more than 50 ms`,
    );
  });
});

it('is free again after work that failed', async () => {
  const fails = withHostLock('bridge', { lockPath }, async () => {
    throw new Error('no');
  });
  await expect(fails).rejects.toThrow('no');
  expect(await readdir(lockPath)).toEqual([]);
});

it('keeps different names apart', async () => {
  const both = withHostLock('a', { lockPath }, () =>
    withHostLock('b', { lockPath, timeoutMs: 50 }, async () => 'both'),
  );
  expect(await both).toBe('both');
});
