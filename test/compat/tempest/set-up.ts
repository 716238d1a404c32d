import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { reportAgents } from '../../support/stand-in-agents.ts';
import { Keystone } from '../openstack/keystone.ts';
import { makeOurs, rulesOf21 } from '../openstack/ours.ts';
import { ensureOpenStackPackages, openStackPackages } from '../openstack/packages.ts';
import { startPeer } from '../openstack/peer.ts';
import { configureTempest } from './configuration.ts';
import type { Result } from './results.ts';
import { runTempest } from './run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    tempest: Record<string, Result>;
    /** Which tests were asked for by `NEUTRINO_TEMPEST`; empty for all. */
    tempestOnly: string;
  }
}

/** They report as running agents do and wire nothing: ports stay DOWN, as they do in the baseline. */
const standIns = [
  {
    binary: 'neutron-dhcp-agent',
    host: 'tempest-host',
    topic: 'dhcp_agent',
    agent_type: 'DHCP agent',
    availability_zone: 'nova',
    configurations: { dhcp_driver: 'dnsmasq', networks: 0, subnets: 0, ports: 0 },
  },
  {
    binary: 'neutron-linuxbridge-agent',
    host: 'tempest-host',
    topic: 'N/A',
    agent_type: 'Linux bridge agent',
    availability_zone: null,
    configurations: {
      bridge_mappings: {},
      interface_mappings: { physnet1: 'eth1' },
      tunneling_ip: '198.18.99.251',
      tunnel_types: ['vxlan'],
      l2_population: true,
    },
  },
];

/**
 * Runs OpenStack's acceptance tests once, against our server with the real Keystone, in a region of its own. The tests of
 * `tempest.test.ts` look at how each ended. `NEUTRINO_TEMPEST` chooses tests by a pattern; `NEUTRINO_TEMPEST_OUT` keeps
 * results and logs in that folder.
 */
export default async function setUp(vitest: TestProject): Promise<() => Promise<void>> {
  await using undo = new AsyncDisposableStack();
  await ensureOpenStackPackages(openStackPackages.tempest);
  const peer = await startPeer(undo, 'keystone');
  const keystone = new Keystone(peer);
  const token = await keystone.token(peer.accounts.admin);
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-tempest-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const ours = undo.use(
    await makeOurs(peer, {
      folder: join(folder, 'deployment'),
      token,
      server: {
        DEFAULT: { agent_down_time: 100_000 },
        // tempest 33 is of that time.
        ...rulesOf21,
      },
    }),
  );
  await ours.start();
  await reportAgents(ours, standIns);
  const region = `tempest-${process.pid}`;
  undo.defer(await register(keystone, token, region, `http://127.0.0.1:${ours.port}`));
  const out = process.env.NEUTRINO_TEMPEST_OUT ?? join(folder, 'tempest');
  await configureTempest({ folder: out, peer, region, api: ours.api });
  const only = process.env.NEUTRINO_TEMPEST ?? '';
  const results = await runTempest(out, only ? new RegExp(only) : null);
  await writeFile(join(out, 'results.json'), JSON.stringify(results, null, 1));
  vitest.provide('tempest', results);
  vitest.provide('tempestOnly', only);
  const ended = undo.move();
  return () => ended.disposeAsync();
}

/** Our server as one more region of the network service: tempest looks into the first service of a type only. */
async function register(keystone: Keystone, token: string, region: string, url: string): Promise<() => Promise<void>> {
  const ask = (method: string, path: string, body?: unknown) => keystone.ask(token, method, path, body);
  const { services } = await ask('GET', '/services?type=network');
  await ask('POST', '/regions', { region: { id: region } });
  const ids: string[] = [];
  for (const face of ['public', 'internal', 'admin']) {
    const endpoint = { service_id: services[0].id, region_id: region, interface: face, url };
    ids.push((await ask('POST', '/endpoints', { endpoint })).endpoint.id);
  }
  return async () => {
    for (const id of ids) await ask('DELETE', `/endpoints/${id}`);
    await ask('DELETE', `/regions/${region}`);
  };
}
