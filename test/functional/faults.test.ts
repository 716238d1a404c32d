import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bridgeName, dhcpNamespace } from '../../src/lib/names.ts';
import type { Network, Port } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type HostProcess, type Lab, openLab } from '../support/hosts.ts';
import { type Program, project } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/** What happens when something dies, or somebody takes a part of the host away: it heals, and nothing acknowledged is lost. */
let lab: Lab;
let host: EmulatedHost;
let deployment: Deployment;
let bridgeAgent: Program;
let dhcpAgent: Program;
/** Of the test that runs. */
let network: Network;
let tests = 0;

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'faulty' });
  deployment = await makeDeployment({ folder: `${host.folder}/state`, serverHost: host });
  await deployment.start();
  const agent = { report_interval: 1 };
  bridgeAgent = await deployment.agent('neutron-linuxbridge-agent', host, {
    securitygroup: { enable_security_group: false },
    agent,
  });
  dhcpAgent = await deployment.agent('neutron-dhcp-agent', host, { agent });
});
afterAll(async () => {
  await deployment?.close();
  await lab?.close();
});
beforeEach(async () => {
  tests += 1;
  await allRun();
  network = await makeNetwork();
});

/** A test that failed may have left them dead. */
async function allRun(): Promise<void> {
  if (!deployment.server.running) {
    deployment.server.start();
    await deployment.answering();
  }
  for (const agent of [bridgeAgent, dhcpAgent]) {
    if (agent.running) continue;
    agent.start();
    await agent.ready('alive', () => deployment.isAlive(agent.name, host.name));
  }
}

async function makeNetwork(): Promise<Network> {
  const made = await deployment.api.create('network');
  await deployment.api.create('subnet', { network_id: made.id, ip_version: 4, cidr: '10.8.0.0/24' });
  return made;
}

const makePort = async (): Promise<Port> =>
  await deployment.api.create('port', {
    network_id: network.id,
    device_owner: 'compute:nova',
    'binding:host_id': host.name,
  });

async function makeGuest(name: string): Promise<{ port: Port; guest: Guest }> {
  const port = await makePort();
  const guest = await plugGuest(host, port, `${name}${tests}`);
  await guest.dhcp();
  await deployment.portStatus(port.id, 'ACTIVE');
  return { port, guest };
}

/** A ping every 10 ms until stopped; tells how many were lost. */
function pingWithoutPause(from: Guest, to: Port): { lost: () => Promise<{ sent: number; lost: number }> } {
  const ping: HostProcess = from.spawn(['ping', '-n', '-i', '0.01', to.fixed_ips[0]!.ip_address]);
  return {
    lost: async () => {
      await ping.kill('SIGINT');
      const { stdout } = await ping.finished;
      const found = /(\d+) packets transmitted, (\d+) received/.exec(stdout)!;
      return { sent: Number(found[1]), lost: Number(found[1]) - Number(found[2]) };
    },
  };
}

/** Pids (on this machine) of the programs below another one: its helper. */
async function childrenOf(program: Program): Promise<number[]> {
  const pid = (await program.pid())!;
  const below: number[] = [];
  for (const task of await readdir(`/proc/${pid}/task`)) {
    below.push(
      ...(await readFile(`/proc/${pid}/task/${task}/children`, 'utf8')).split(' ').filter(Boolean).map(Number),
    );
  }
  return below;
}

async function dnsmasqPid(): Promise<number | null> {
  const found = (await host.processes()).find(({ command }) => /dnsmasq/.test(command) && command.includes(network.id));
  return found?.pid ?? null;
}

describe('with everything running', () => {
  it.each(['bridge', 'dhcp'] as const)(
    'loses no packet while the %s agent is killed and started again',
    async (kind) => {
      const [a, b] = [await makeGuest('a'), await makeGuest('b')];
      const agent = kind === 'bridge' ? bridgeAgent : dhcpAgent;
      const pinging = pingWithoutPause(a.guest, b.port);
      await agent.kill9();
      agent.start();
      const c = await makeGuest('c'); // it works again
      await sleep(500); // which may have taken no longer than a few packets
      const { sent, lost } = await pinging.lost();
      expect(lost).toBe(0);
      expect(sent).toBeGreaterThan(10);
      expect(await c.guest.ping(a.port.fixed_ips[0]!.ip_address)).toBe(true);
    },
  );

  it('heals when the helper of an agent is killed', async () => {
    const a = await makeGuest('a');
    for (const agent of [bridgeAgent, dhcpAgent]) {
      const helpers = await childrenOf(agent);
      expect(helpers.length).toBeGreaterThan(0);
      for (const pid of helpers) process.kill(pid, 'SIGKILL');
    }
    const b = await makeGuest('b');
    expect(await b.guest.ping(a.port.fixed_ips[0]!.ip_address)).toBe(true);
    // A new network gives both agents commands to run: bridge, namespace, dnsmasq.
    network = await makeNetwork();
    await makeGuest('c');
    expect(bridgeAgent.running && dhcpAgent.running).toBe(true);
    for (const agent of [bridgeAgent, dhcpAgent]) expect((await childrenOf(agent)).length).toBeGreaterThan(0);
  });

  it('loses nothing that was acknowledged when the server is killed in the middle of work', async () => {
    const made: string[] = [];
    let stopped = false;
    const client = async (): Promise<void> => {
      while (!stopped) {
        const port = await deployment.api.create('port', { network_id: network.id }).catch(() => null);
        if (port === null) return; // the server is gone
        made.push(port.id);
      }
    };
    const clients = Array.from({ length: 4 }, client);
    await until('some ports', () => made.length >= 20);
    await deployment.server.kill9();
    stopped = true;
    await Promise.all(clients);
    deployment.server.start();
    await deployment.answering();
    const ids = new Set((await deployment.api.list('port')).map((port) => port.id));
    expect(made.filter((id) => !ids.has(id))).toEqual([]);
    await until('the agents are alive', async () => (await deployment.api.list('agent')).every((agent) => agent.alive));
    const { guest, port } = await makeGuest('after');
    expect(guest.lease!.address).toBe(port.fixed_ips[0]!.ip_address);
  });

  it('starts a dead dnsmasq again, with its leases', async () => {
    const a = await makeGuest('a');
    const old = await until('a dnsmasq', dnsmasqPid);
    await host.run(['kill', '-9', String(old)]);
    await until('another dnsmasq', async () => ![null, old].includes(await dnsmasqPid()), { timeoutMs: 60_000 });
    expect((await a.guest.dhcp()).address).toBe(a.port.fixed_ips[0]!.ip_address);
  });

  it('mends a bridge that somebody deleted', async () => {
    const [a, b] = [await makeGuest('a'), await makeGuest('b')];
    await host.run(['ip', 'link', 'del', bridgeName(network.id)]);
    await until('ping over the new bridge', () => a.guest.ping(b.port.fixed_ips[0]!.ip_address, 1), {
      timeoutMs: 60_000,
    });
    expect(bridgeAgent.output).toContain(bridgeName(network.id));
  });

  it('mends a namespace that somebody deleted', async () => {
    const a = await makeGuest('a');
    await host.run(['ip', 'netns', 'del', dhcpNamespace(network.id)]);
    await until(
      'a lease from the new one',
      async () => (await a.guest.dhcp({ tries: 2 })).address === a.port.fixed_ips[0]!.ip_address,
      { timeoutMs: 60_000 },
    );
  });

  it('mends a hosts file that somebody deleted', async () => {
    const a = await makeGuest('a');
    const processes = await host.processes();
    const { command } = processes.find((one) => one.command.includes(`${network.id}/host`))!;
    const file = /--dhcp-hostsfile=(\S+)/.exec(command)![1]!;
    await host.run(['rm', file]);
    await until('the file again', async () => (await host.read(['cat', file])).includes(a.port.mac_address), {
      timeoutMs: 60_000,
    });
  });
});

it('agents whose clocks are an hour wrong, one ahead and one behind, live and serve, and are complained of once', async () => {
  const module = join(project, 'test/functional/programs/wrong-clock.mjs');
  const wrongBy = (seconds: number) => ({ NODE_OPTIONS: `--import=${module}`, WRONG_CLOCK_S: String(seconds) });
  const beats = new Map<string, Set<string>>();
  for (const [agent, seconds] of [
    [bridgeAgent, 3_600],
    [dhcpAgent, -3_600],
  ] as const) {
    await agent.stop();
    agent.start(wrongBy(seconds));
    beats.set(agent.name, new Set());
  }
  const { port, guest } = await makeGuest('a');
  expect(guest.lease!.address).toBe(port.fixed_ips[0]!.ip_address);
  // One may be of before.
  await until('several reports', async () => {
    for (const agent of await deployment.api.list('agent')) {
      expect(agent.alive).toBe(true);
      expect(Math.abs(Date.parse(`${agent.heartbeat_timestamp}Z`) - Date.now())).toBeLessThan(60_000);
      beats.get(agent.binary)!.add(agent.heartbeat_timestamp);
    }
    return [...beats.values()].every(({ size }) => size >= 3);
  });
  await until('both to be complained of, once', () => {
    const complaints = deployment.server.output.matchAll(
      /the clock of this agent and the server are far apart agent_type="(.+?)".* seconds=36\d\d/g,
    );
    expect([...complaints].map(([, type]) => type).sort()).toEqual(['DHCP agent', 'Linux bridge agent']);
    return true;
  });
  for (const agent of [bridgeAgent, dhcpAgent]) await agent.stop();
});

describe('the server dies between two steps', () => {
  it.each(['before_bind', 'before_tell'])(
    '%s: after the restart the port is bound and DHCP knows it',
    async (point) => {
      // The DHCP agent's own port is bound first: the server must die over the port below, not over that one.
      await until('the DHCP port', async () => {
        const ports = await deployment.api.list('port', `network_id=${network.id}`);
        return ports.length === 1 && ports[0]!.status === 'ACTIVE';
      });
      await deployment.server.stop();
      await deployment.start({ NEUTRINO_TEST_STOP_AT: point });
      await until('the agents are alive', async () =>
        (await deployment.api.list('agent')).every((agent) => agent.alive),
      );
      const name = `stopped-${point}`;
      await deployment.api
        .create('port', { network_id: network.id, name, device_owner: 'compute:nova', 'binding:host_id': host.name })
        .catch(() => null); // it dies before it answers, or right after
      await until('the end of the server', () => !deployment.server.running);
      deployment.server.start();
      await deployment.answering();
      const [port] = await deployment.api.list('port', `name=${name}`);
      expect(port).toBeDefined(); // it was committed
      await until('bound', async () => (await deployment.api.show('port', port!.id))['binding:vif_type'] === 'bridge');
      const guest = await plugGuest(host, port!, `late${tests}`);
      expect((await guest.dhcp({ tries: 20 })).address).toBe(port!.fixed_ips[0]!.ip_address);
      await deployment.portStatus(port!.id, 'ACTIVE');
    },
  );
});

it('removes what belongs to networks when they go', async () => {
  await makeGuest('a');
  for (const port of await deployment.api.list('port')) {
    if (!port.device_owner.startsWith('network:')) await deployment.api.remove('port', port.id);
  }
  for (const { id } of await deployment.api.list('network')) await deployment.api.remove('network', id);
  const isOfAgents = (name: string) => name.startsWith('qdhcp-');
  for (const netns of await host.namespaces()) if (!isOfAgents(netns)) await host.run(['ip', 'netns', 'del', netns]);
  await until('nothing left', async () => {
    const links = (await host.links()).filter((name) => /^(brq|tap)/.test(name));
    const served = (await host.processes()).filter(({ command }) => command.startsWith('dnsmasq'));
    return links.length + served.length + (await host.namespaces()).length === 0;
  });
});
