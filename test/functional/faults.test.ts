import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
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
let network: Network;
let runs = 0;

afterAll(() => lab?.close());

async function start(
  serverEnv: Record<string, string> = {},
  agentEnv: Record<'bridge' | 'dhcp', Record<string, string>> = { bridge: {}, dhcp: {} },
): Promise<void> {
  lab ??= await openLab();
  host = await lab.addHost({ name: `faulty${++runs}` });
  deployment = await makeDeployment({ folder: `${host.folder}/state`, serverHost: host });
  await deployment.start(serverEnv);
  bridgeAgent = await deployment.agent(
    'neutron-linuxbridge-agent',
    host,
    {
      securitygroup: { enable_security_group: false },
      agent: { report_interval: 1 },
    },
    agentEnv.bridge,
  );
  dhcpAgent = await deployment.agent('neutron-dhcp-agent', host, { agent: { report_interval: 1 } }, agentEnv.dhcp);
  network = await deployment.api.create('network');
  await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.8.0.0/24' });
}

afterEach(async () => {
  await deployment?.close();
  await lab?.removeHost(host);
});

const makePort = async (): Promise<Port> =>
  await deployment.api.create('port', {
    network_id: network.id,
    device_owner: 'compute:nova',
    'binding:host_id': host.name,
  });

async function makeGuest(name: string): Promise<{ port: Port; guest: Guest }> {
  const port = await makePort();
  const guest = await plugGuest(host, port, name);
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
  beforeEach(() => start());

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
    network = await deployment.api.create('network');
    await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.18.0.0/24' });
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
    const file = /--dhcp-hostsfile=(\S+)/.exec(
      processes.find(({ command }) => command.includes('--dhcp-hostsfile'))!.command,
    )![1]!;
    await host.run(['rm', file]);
    await until('the file again', async () => (await host.read(['cat', file])).includes(a.port.mac_address), {
      timeoutMs: 60_000,
    });
  });

  it('removes what belongs to a network when the network goes', async () => {
    const a = await makeGuest('a');
    await a.guest.remove();
    await deployment.api.remove('port', a.port.id);
    await deployment.api.remove('network', network.id);
    await until('nothing left', async () => {
      const links = (await host.links()).filter((name) => /^(brq|tap)/.test(name));
      return links.length === 0 && (await host.namespaces()).length === 0 && (await dnsmasqPid()) === null;
    });
  });
});

it('agents whose clocks are an hour wrong, one ahead and one behind, live and serve, and are complained of once', async () => {
  const module = join(project, 'test/functional/programs/wrong-clock.mjs');
  const wrongBy = (seconds: number) => ({ NODE_OPTIONS: `--import=${module}`, WRONG_CLOCK_S: String(seconds) });
  await start({}, { bridge: wrongBy(3_600), dhcp: wrongBy(-3_600) });
  const { port, guest } = await makeGuest('a');
  expect(guest.lease!.address).toBe(port.fixed_ips[0]!.ip_address);
  const beats = new Set<string>();
  await until('several reports', async () => {
    for (const agent of await deployment.api.list('agent')) {
      expect(agent.alive).toBe(true);
      expect(Math.abs(Date.parse(`${agent.heartbeat_timestamp}Z`) - Date.now())).toBeLessThan(60_000);
      beats.add(`${agent.binary} ${agent.heartbeat_timestamp}`);
    }
    return beats.size >= 4;
  });
  await until('both to be complained of, once', () => {
    const complaints = deployment.server.output.matchAll(
      /the clock of this agent and the server are far apart agent_type="(.+?)".* seconds=36\d\d/g,
    );
    expect([...complaints].map(([, type]) => type).sort()).toEqual(['DHCP agent', 'Linux bridge agent']);
    return true;
  });
});

describe('the server dies between two steps', () => {
  it.each(['before_bind', 'before_tell'])(
    '%s: after the restart the port is bound and DHCP knows it',
    async (point) => {
      await start();
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
      const guest = await plugGuest(host, port!, 'late');
      expect((await guest.dhcp({ tries: 20 })).address).toBe(port!.fixed_ips[0]!.ip_address);
      await deployment.portStatus(port!.id, 'ACTIVE');
    },
  );
});
