import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DhcpStand, openDhcpStand } from '../support/dhcp-stand.ts';
import { type EmulatedHost, type HostProcess, type Lab, openLab } from '../support/hosts.ts';
import { byTurns } from '../support/turns.ts';
import { until } from '../support/wait.ts';

/** The agent killed at many moments of its work: the next start completes it, or takes it back. */
let lab: Lab;
let host: EmulatedHost;
let stand: DhcpStand;
let agent: HostProcess;

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'host1' });
  stand = await openDhcpStand(lab, host);
  stand.options = { enable_isolated_metadata: true };
  agent = await stand.startAgent();
});
afterAll(async () => {
  await stand?.close();
  await lab?.close();
});

/** The moment is the subject here; nothing is waited for. */
async function killAfter(ms: number): Promise<void> {
  await sleep(ms);
  await agent.kill('SIGKILL');
  await agent.finished;
}

it.each(byTurns([0, 15, 40, 80, 130], 2))('killed %d ms after it was told of a network', async (ms) => {
  const network = stand.addNetwork([{ cidr: '10.50.0.0/24', gateway_ip: '10.50.0.1' }, { cidr: 'fd50::/64' }]);
  const port = stand.addPort(network, ['10.50.0.5', 'fd50::5']);
  await stand.tellNetwork(network);
  await killAfter(ms);
  stand.ready.clear();
  agent = await stand.startAgent();
  await until('the port reported ready', () => stand.ready.has(port.id));
  // Who goes to the background is two processes for a moment, after its pid file is there.
  for (const daemon of ['dnsmasq', 'haproxy'])
    await until(`one ${daemon}`, async () => (await stand.pids(daemon, network.id)).length === 1);
  expect(stand.networks.get(network.id)!.ports.filter((one) => one.device_owner === 'network:dhcp')).toHaveLength(1);
  expect(await stand.dryRun()).toEqual([]);

  // And the way back, killed at the same moment.
  stand.networks.delete(network.id);
  await stand.tellRemoved(network);
  await killAfter(ms / 3);
  agent = await stand.startAgent();
  expect(await host.namespaces()).toEqual([]);
  expect(await stand.pids('dnsmasq', network.id)).toEqual([]);
  expect(await stand.pids('haproxy', network.id)).toEqual([]);
  expect((await host.links()).filter((name) => name.startsWith('tap'))).toEqual([]);
  expect(await readdir(join(stand.statePath, 'dhcp'))).toEqual([]);
});

it('goes on when its helper is killed, at rest and at work', async () => {
  const helpers = async () => (await host.processes()).filter(({ command }) => command.includes('neutrino-helper'));
  // The helper comes with the first command: an agent that found nothing to do has none.
  const earlier = stand.addNetwork([{ cidr: '10.53.0.0/24' }]);
  await stand.tellNetwork(earlier);
  await until('dnsmasq', async () => (await stand.pids('dnsmasq', earlier.id)).length === 1);
  const helper = await until('the helper', async () => (await helpers())[0]);
  await host.run(['kill', '-9', String(helper.pid)]);
  const first = stand.addNetwork([{ cidr: '10.51.0.0/24' }]);
  await stand.tellNetwork(first);
  await until('dnsmasq', async () => (await stand.pids('dnsmasq', first.id)).length === 1);
  const second = stand.addNetwork([{ cidr: '10.52.0.0/24' }]);
  await stand.tellNetwork(second);
  await sleep(20);
  // Among them one that is about to become a command, and ends by itself.
  for (const { pid } of await helpers()) await host.run(['kill', '-9', String(pid)], { okCodes: [0, 1] });
  // What was under way has failed; it is tried again after resync_interval.
  await until('dnsmasq', async () => (await stand.pids('dnsmasq', second.id)).length === 1, { timeoutMs: 20_000 });
});

it('serves again after the server was away, without disturbing anything', async () => {
  const [network] = stand.networks.values();
  const before = await stand.pids('dnsmasq', network!.id);
  await stand.restartServer();
  const port = stand.addPort(network!, ['10.51.0.9']);
  await until('the port reported ready by a sync nobody asked for', () => stand.ready.has(port.id), {
    timeoutMs: 20_000,
  });
  expect(await stand.pids('dnsmasq', network!.id)).toEqual(before);
});
