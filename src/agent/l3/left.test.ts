import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { FakeHost } from '../../linux/fake/host.ts';
import type { L3Facts } from './contract.ts';
import { routersLeft } from './left.ts';
import { factsOf } from './testing.ts';

let folder = '';
afterEach(() => rm(folder, { recursive: true, force: true }));

const id = (digit: number) => `0000000${digit}-0000-4000-8000-000000000000`;

it('routers are known by all that an agent before may have left of them', async () => {
  folder = await mkdtemp(join(tmpdir(), 'left-'));
  const files: Record<string, string> = {
    [`ra/${id(1)}.radvd.conf`]: '',
    'ra/radvd.conf': '',
    [`ha_confs/${id(2)}/keepalived.conf`]: '',
    [`ha_confs/${id(2)}.pid.keepalived`]: '',
    [`ns-metadata-proxy/${id(3)}.conf`]: `    http-request set-header X-Neutron-Router-ID ${id(3)}\n`,
    [`ns-metadata-proxy/${id(4)}.conf`]: `    http-request set-header X-Neutron-Network-ID ${id(4)}\n`,
    [`l3-owed/${id(5)}`]: '203.0.113.7\n',
    [`pd/${id(7)}/subnet.json`]: '{}',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const host = new FakeHost();
  await host.ensureNetns(`qrouter-${id(6)}`);
  await host.ensureNetns(`qrouter-${id(1)}`);
  const { options } = factsOf();
  const facts: L3Facts = {
    ...factsOf(),
    statePath: folder,
    options: {
      ...options,
      ra_confs: join(folder, 'ra'),
      ha_confs_path: join(folder, 'ha_confs'),
      pd_confs: join(folder, 'pd'),
    },
  };
  expect((await routersLeft(host, facts)).sort()).toEqual([1, 2, 3, 5, 6, 7].map(id));
  await rm(folder, { recursive: true });
  expect((await routersLeft(host, facts)).sort()).toEqual([1, 6].map(id));
});
