import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const bin = fileURLToPath(new URL('..', import.meta.url));
let folder = '';
let config = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipes-test-'));
  config = join(folder, 'neutron.conf');
  writeFileSync(config, `[DEFAULT]\nstate_path = ${folder}\n[database]\nconnection = sqlite:///${folder}/db\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program whose output nobody reads from the start. */
async function runUnread(program: string, args: string[]): Promise<{ code: number; stderr: string }> {
  const child = spawn(join(bin, program), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

test.each([
  ['neutron', ['help'], 0],
  ['neutron', ['--version'], 0],
  ['neutrino', ['--help'], 0],
  ['neutron-server', ['--help'], 0],
  ['neutron-server', ['--config-file', 'CONFIG', '--show-config'], 0],
  ['neutron-db-manage', ['--config-file', 'CONFIG', 'history'], 0],
])('%s %j ends quietly when its reader has gone', async (program, args, code) => {
  const given = args.map((word) => (word === 'CONFIG' ? config : word));
  expect(await runUnread(program, given)).toEqual({ code, stderr: '' });
});

test('what it changes is done to the end, and how that went is told', async () => {
  const upgraded = await runUnread('neutron-db-manage', ['--config-file', config, 'upgrade', 'head']);
  expect(upgraded.code).toBe(0);
  const current = spawn(join(bin, 'neutron-db-manage'), ['--config-file', config, 'current']);
  let said = '';
  current.stdout.on('data', (piece) => {
    said += piece;
  });
  await once(current, 'close');
  expect(said).toMatch(/\(head\)/);
  expect((await runUnread('neutron', ['no-such-command'])).code).not.toBe(0);
});
