import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { ApiClient, type Json } from '../../support/api.ts';
import { makeDeployment } from '../../support/deployment.ts';
import { project } from '../../support/programs.ts';
import { reportAgents } from '../../support/stand-in-agents.ts';

const run = promisify(execFile);

declare module 'vitest' {
  interface ProvidedContext {
    real: string;
    ours: string;
    extensions: string[];
  }
}

/**
 * Starts the real server (`bench/peer`: Debian's packages, MariaDB, RabbitMQ) and ours, both without Keystone and with the
 * same two agents. `NEUTRINO_REAL_URL` and `NEUTRINO_OURS_URL` name servers that run already; they are left running.
 */
export default async function setUp(vitest: TestProject): Promise<() => Promise<void>> {
  await using undo = new AsyncDisposableStack();
  const real = process.env.NEUTRINO_REAL_URL ?? (await startReal(undo));
  const ours = process.env.NEUTRINO_OURS_URL ?? (await startOurs(undo, await agentsOf(real)));
  const listed = await new ApiClient({ port: Number(new URL(ours).port) }).expect('GET', '/v2.0/extensions');
  vitest.provide('real', real);
  vitest.provide('ours', ours);
  vitest.provide(
    'extensions',
    listed.extensions.map((extension: Json) => extension.alias),
  );
  const ended = undo.move();
  return () => ended.disposeAsync();
}

async function startReal(undo: AsyncDisposableStack): Promise<string> {
  const script = (name: string, ...args: string[]) =>
    run(join(project, 'bench/peer', name), args, { timeout: 900_000, maxBuffer: 64 * 1024 * 1024 });
  // Somebody's own real server (a benchmark's, say) must not be used up and taken down by this suite.
  if (await answers('http://127.0.0.1:39696/')) {
    throw new Error('a server answers on 127.0.0.1:39696 already: end it, or name it in NEUTRINO_REAL_URL');
  }
  undo.defer(async () => void (await script('peer-down')));
  await script('peer-up', 'server', '--profile', 'typical', '--auth', 'noauth');
  await script('fake-agents.sh', 'add');
  return 'http://127.0.0.1:39696';
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

async function agentsOf(real: string): Promise<Json[]> {
  return new ApiClient({ port: Number(new URL(real).port) }).list('agent');
}

async function startOurs(undo: AsyncDisposableStack, agents: readonly Json[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-differential-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const deployment = undo.use(
    await makeDeployment({
      folder,
      // Stand-ins report once: nobody may think them dead while the tests run.
      server: {
        DEFAULT: { dns_domain: 'peer.example.', agent_down_time: 100_000, service_plugins: 'segments' },
        ml2: { type_drivers: 'local,flat,vlan,vxlan', tenant_network_types: 'vxlan' },
        ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:199' },
        ml2_type_vxlan: { vni_ranges: '1:20000' },
        ml2_type_flat: { flat_networks: '*' },
      },
    }),
  );
  await deployment.start();
  await reportAgents(deployment, agents);
  return `http://127.0.0.1:${deployment.port}`;
}
