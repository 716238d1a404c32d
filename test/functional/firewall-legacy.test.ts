import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GroupStand, openGroupStand, type PluggedGuest } from '../support/group-stand.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import { until } from '../support/wait.ts';

/** A host whose iptables is the legacy flavour, which has one lock for all. */
let stand: GroupStand;
let a: PluggedGuest;
let b: PluggedGuest;
/** iptables waits for 10 s by itself. */
const heldSeconds = process.env.NEUTRINO_TEST_LONG ? 30 : 18;

beforeAll(async () => {
  stand = await openGroupStand({ prepare: useLegacy });
  a = await stand.guest('a');
  b = await stand.guest('b');
});
afterAll(async () => {
  await stand?.close();
});

async function useLegacy(host: EmulatedHost): Promise<void> {
  const folder = join(host.folder, 'legacy');
  await mkdir(folder, { recursive: true });
  for (const family of ['iptables', 'ip6tables']) {
    for (const end of ['', '-save', '-restore']) {
      const file = join(folder, `${family}${end}`);
      await writeFile(file, `#!/bin/sh\nexec /usr/sbin/${family}-legacy${end} "$@"\n`);
      await chmod(file, 0o755);
    }
  }
  await host.run(['mount', '--bind', folder, '/usr/local/sbin']);
}

it('groups are in force there, too', async () => {
  expect(await stand.reaches(a, b)).toBe(true);
  const rules = await stand.host.read(['iptables-legacy-save']);
  expect(rules).toContain(`neutron-linuxbri-i${a.port.id.slice(0, 10)}`);
  expect(await stand.host.read(['iptables-nft-save'])).not.toContain('neutron-linuxbri');
  const web = (await stand.api.create('security_group', { name: 'web' })).id;
  const c = await stand.guest('c', { security_groups: [web] });
  expect(await stand.reaches(a, c)).toBe(false);
});

it('while somebody holds the lock a new port stays closed, with the reason; then it works', async () => {
  const holder = stand.host.spawn(['flock', '/run/xtables.lock', 'sleep', String(heldSeconds)]);
  await until('the lock is held', async () => {
    const { code } = await stand.host.run(['flock', '-n', '/run/xtables.lock', 'true'], { okCodes: [0, 1] });
    return code === 1;
  });
  const port = await stand.port();
  const fresh = await stand.quietGuest('late', port);
  await stand.agent.ready('the reason', () => /xtables\.lock/.test(stand.agent.recentOutput), 30_000);
  expect((await stand.api.show('port', port.id)).status).not.toBe('ACTIVE');
  expect(await stand.reaches(a, fresh)).toBe(false);
  expect(await stand.reaches(a, b)).toBe(true);
  await holder.finished;
  await stand.deployment.portStatus(port.id, 'ACTIVE', 60_000);
  await stand.comes(a, fresh);
});
