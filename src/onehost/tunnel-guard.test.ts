import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeHost } from '../linux/fake/host.ts';
import { readManifest } from './manifest.ts';
import { type StateFolder, stateFolder } from './state-folder.ts';
import { guardTunnels, tunnelChain } from './tunnel-guard.ts';

let state: StateFolder;
beforeEach(() => {
  state = stateFolder(mkdtempSync(join(tmpdir(), 'tunnel-guard-')));
});
afterEach(() => rmSync(state.path, { recursive: true }));

test('tunnels that end on loopback take nothing from outside', async () => {
  const host = new FakeHost();
  await guardTunnels(host, state, { address: '127.0.0.1', port: 14789 });
  expect(host.exec.ran.at(-1)?.stdin).toContain(
    `\n-A ${tunnelChain(state)} ! -i lo -p udp --dport 14789 -j DROP\n-I PREROUTING -j ${tunnelChain(state)}\n`,
  );
  expect(readManifest(state).chains).toEqual([{ table: 'raw', name: tunnelChain(state) }]);
});

test.each([
  ['at an address of the host', { address: '192.168.56.11', port: 14789 }],
  ['nowhere', null],
])('tunnels that end %s: nothing is dropped any more, and nothing is done where nothing was', async (_, tunnels) => {
  const host = new FakeHost();
  await guardTunnels(host, state, tunnels);
  expect(host.exec.ran).toEqual([]);
  await guardTunnels(host, state, { address: '127.0.0.1', port: 1 });
  host.exec.answer(([tool]) =>
    tool === 'iptables-save'
      ? {
          stdout: `*raw\n:PREROUTING ACCEPT [0:0]\n:${tunnelChain(state)} - [0:0]\n-A PREROUTING -j ${tunnelChain(state)}\nCOMMIT\n`,
        }
      : undefined,
  );
  await guardTunnels(host, state, tunnels);
  expect(host.exec.ran.at(-1)?.stdin).toContain(`\n-X ${tunnelChain(state)}\n`);
  expect(readManifest(state).chains).toEqual([]);
});
