import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ApiClient, type Json } from '../../support/api.ts';
import { reportAgents } from '../../support/stand-in-agents.ts';
import { Keystone } from '../openstack/keystone.ts';
import { makeOurs, rulesOf21, sameAsReal } from '../openstack/ours.ts';
import { addStandInAgents, type Peer, startPeer } from '../openstack/peer.ts';
import type { Server } from './side.ts';

/** What `peer-up`'s profile `typical` has, and what belongs to routers beside it. */
const plugins = [
  ...['router', 'qos', 'trunk', 'port_forwarding', 'segments', 'metering', 'network_ip_availability', 'flavors'],
  ...['auto_allocate', 'conntrack_helper', 'ndp_proxy'],
];
/** Extensions that tell whether a server which ran already has them. */
const needed = ['l3-conntrack-helper', 'l3-ndp-proxy'];

declare module 'vitest' {
  interface ProvidedContext {
    real: Server;
    ours: Server;
    extensions: string[];
  }
}

/**
 * Starts the real server (`bench/peer`: Debian's packages, Keystone, MariaDB, RabbitMQ) and ours with the same Keystone and the
 * same agents; one that runs already is used as it is. `NEUTRINO_OURS_URL` names a server of ours that runs.
 */
export default async function setUp(vitest: TestProject): Promise<() => Promise<void>> {
  await using undo = new AsyncDisposableStack();
  const peer = await startPeer(undo, 'server', { plugins });
  const token = await new Keystone(peer).token(peer.accounts.admin);
  await addStandInAgents();
  const real = { url: peer.neutronUrl, token };
  const ours = { url: process.env.NEUTRINO_OURS_URL ?? (await startOurs(undo, peer, token)), token };
  const there = await extensionsOf(real);
  if (!needed.every((alias) => there.includes(alias)))
    throw new Error('the real server that runs lacks conntrack helpers and NDP proxies: bench/peer/peer-down server');
  vitest.provide('real', real);
  vitest.provide('ours', ours);
  vitest.provide('extensions', await extensionsOf(ours));
  const ended = undo.move();
  return () => ended.disposeAsync();
}

async function extensionsOf(server: Server): Promise<string[]> {
  const { extensions } = await clientOf(server).expect('GET', '/v2.0/extensions');
  return extensions.map((extension: Json) => extension.alias);
}

const clientOf = ({ url, token }: Server) => new ApiClient({ port: Number(new URL(url).port) }, token);

async function startOurs(undo: AsyncDisposableStack, peer: Peer, token: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-differential-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const deployment = undo.use(
    await makeOurs(peer, {
      folder,
      token,
      // Stand-ins report once: nobody may think them dead while the tests run.
      server: {
        DEFAULT: {
          agent_down_time: 100_000,
          service_plugins: `${sameAsReal.DEFAULT!.service_plugins},conntrack_helper,ndp_proxy`,
        },
        ...rulesOf21,
      },
    }),
  );
  await deployment.start();
  await reportAgents(deployment, await clientOf({ url: peer.neutronUrl, token }).list('agent'));
  return `http://127.0.0.1:${deployment.port}`;
}
