import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tapName } from '../../src/lib/names.ts';
import type { Port } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { Program } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/** Policies of the API on a real host: how fast a guest is, what its packets say, and what the kernel has for it. */
let lab: Lab;
let host: EmulatedHost;
let deployment: Deployment;
let agent: Program;
let ports: { limited: Port; free: Port };
let guests: { limited: Guest; free: Guest };
let tap: string;
let policy: { id: string };

const KBPS = 8000;
/** Kilobits at once: a twentieth of a second. */
const BURST = 400;
const BYTES = 3_000_000;

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'qos1', wires: [] });
  deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    serverHost: host,
    server: { DEFAULT: { service_plugins: 'qos' } },
  });
  await deployment.start();
  agent = await deployment.agent('neutron-linuxbridge-agent', host, {
    agent: { extensions: 'qos' },
    securitygroup: { enable_security_group: false },
  });
  const { api } = deployment;
  const network = await api.create('network', { 'provider:network_type': 'local' });
  await api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.9.0.0/24', enable_dhcp: false });
  await api.create('subnet', { network_id: network.id, ip_version: 6, cidr: 'fd09::/64', enable_dhcp: false });
  const port = (...addresses: string[]): Promise<Port> =>
    api.create('port', {
      ...{ network_id: network.id, fixed_ips: addresses.map((ip_address) => ({ ip_address })) },
      ...{ device_owner: 'compute:nova', 'binding:host_id': 'qos1' },
    });
  ports = { limited: await port('10.9.0.11', 'fd09::11'), free: await port('10.9.0.12', 'fd09::12') };
  guests = {
    limited: await plugGuest(host, ports.limited, 'limited'),
    free: await plugGuest(host, ports.free, 'free'),
  };
  for (const [name, last] of [
    ['limited', 11],
    ['free', 12],
  ] as const) {
    const addresses = [`addr add 10.9.0.${last}/24 dev eth0`, `addr add fd09::${last}/64 dev eth0 nodad`];
    await host.ipBatch([...addresses, 'link set eth0 up'], guests[name].netns);
    await until(`${name} active`, async () => (await api.show('port', ports[name].id)).status === 'ACTIVE');
  }
  tap = tapName(ports.limited.id);
  policy = await api.expect('POST', '/v2.0/qos/policies', { policy: { name: 'slow' } }).then((body) => body.policy);
});
afterAll(async () => {
  await deployment?.close();
  await lab.close();
});

const rules = `bandwidth_limit_rules`;
const addRule = async (kind: string, rule: object): Promise<{ id: string }> => {
  const body = await deployment.api.expect('POST', `/v2.0/qos/policies/${policy.id}/${kind}s`, { [kind]: rule });
  return body[kind];
};
const setPolicy = (id: string | null) =>
  deployment.api.expect('PUT', `/v2.0/ports/${ports.limited.id}`, { port: { qos_policy_id: id } });

/** What the kernel has for the guest, without what counts or is chosen anew each time. */
async function traffic(): Promise<string> {
  const qdiscs = await host.json<{ kind: string; dev: string; options: object }[]>(['tc', '-j', 'qdisc', 'show']);
  const ofTaps = qdiscs.filter(({ dev, kind }) => /^(tap|ifb)/.test(dev) && (kind === 'tbf' || kind === 'ingress'));
  const links = (await host.links()).filter((name) => name.startsWith('ifb'));
  const marks = (await host.read(['iptables-save', '-t', 'mangle']))
    .split('\n')
    .filter((line) => line.startsWith('-A'));
  const lines = ofTaps.map(({ kind, dev, options }) => `${kind} ${dev} ${JSON.stringify(options)}`);
  return [...lines, ...links, ...marks].join('\n');
}

/** Megabits per second of one TCP transfer. */
async function speed(from: Guest, to: Guest, address: string): Promise<number> {
  const receive = [
    "const server = require('node:net').createServer((socket) => {",
    '  let bytes = 0; let first = 0;',
    "  socket.on('data', (data) => { first ||= performance.now(); bytes += data.length; });",
    "  socket.on('end', () => { console.log('rate ' + (bytes * 8) / 1000 / (performance.now() - first)); server.close(); });",
    "}).listen(7000, () => console.log('listens'));",
  ].join('\n');
  const listener = to.spawn([process.execPath, '-e', receive]);
  await until('the listener', () => listener.output.includes('listens'));
  const send = `require('node:net').connect(7000, '${address}').end(Buffer.alloc(${BYTES}))`;
  await from.run([process.execPath, '-e', send], { timeoutMs: 60_000 });
  await until('all that was sent', () => listener.output.includes('rate '), { timeoutMs: 60_000 });
  return Number(/rate (\S+)/.exec(listener.output)![1]);
}

const out = () => speed(guests.limited, guests.free, '10.9.0.12');
const back = () => speed(guests.free, guests.limited, '10.9.0.11');
/** Of the order of the limit. */
const near = (megabits: number, limit = KBPS / 1000) => {
  expect(megabits).toBeGreaterThan(limit / 4);
  expect(megabits).toBeLessThan(limit * 2);
};
const unlimited = (megabits: number) => expect(megabits).toBeGreaterThan((KBPS / 1000) * 4);

async function explained(): Promise<{ state: string; expected: string; found: string }> {
  const { explanation } = await deployment.api.expect('GET', `/v2.0/ports/${ports.limited.id}/explain`);
  return explanation.steps.find((one: { step: string }) => one.step === 'qos');
}

async function markOf(destination: string, packet: RegExp): Promise<string> {
  const listener = guests.free.spawn(['tcpdump', '-l', '-n', '-v', '-i', 'eth0', '-c', '1', packet.source]);
  await until('tcpdump listens', () => /listening on/.test(listener.output));
  await guests.limited.ping(destination, 1);
  await until('a packet', () => !listener.running);
  return listener.output;
}

describe('a port with a policy', () => {
  it('is not limited before', async () => {
    expect(await traffic()).toBe('');
    unlimited(await out());
    unlimited(await back());
  });

  it('is limited in the direction of the rule, as soon as it has it', async () => {
    await setPolicy(policy.id);
    await addRule('bandwidth_limit_rule', { max_kbps: KBPS, max_burst_kbps: BURST, direction: 'egress' });
    await until('the limit', async () => (await traffic()) !== '');
    near(await out());
    unlimited(await back());
  });

  it('and in the other, with a rule of its own', async () => {
    await addRule('bandwidth_limit_rule', { max_kbps: KBPS, max_burst_kbps: BURST, direction: 'ingress' });
    await until('the limit', async () => (await traffic()).includes(`tbf ${tap} `));
    near(await back());
    near(await out());
  });

  it('follows a rule that changes', async () => {
    const listed = await deployment.api.expect('GET', `/v2.0/qos/policies/${policy.id}/${rules}?direction=egress`);
    const [{ id }] = listed[rules];
    const before = await traffic();
    await deployment.api.expect('PUT', `/v2.0/qos/policies/${policy.id}/${rules}/${id}`, {
      bandwidth_limit_rule: { max_kbps: KBPS * 2 },
    });
    await until('another limit', async () => (await traffic()) !== before);
    near(await out(), (KBPS * 2) / 1000);
  });

  it('sends packets with the mark of the policy, in IPv4 and IPv6', async () => {
    await addRule('dscp_marking_rule', { dscp_mark: 26 });
    await until('the chain', async () => (await traffic()).includes('--set-dscp 0x1a'));
    expect(await markOf('10.9.0.12', /icmp/)).toContain('tos 0x68');
    expect(await markOf('fd09::12', /icmp6 and ip6[40] == 128/)).toContain('class 0x68');
  });

  it('shows why in explain', async () => {
    const step = await explained();
    expect(step).toMatchObject({ state: 'ok', expected: expect.stringContaining(`policy ${policy.id}: to the guest`) });
    expect(step.expected).toContain('DSCP 26');
    expect(step.found).toContain(`tc qdisc show dev ${tap}`);
  });

  it('keeps all of it when the agent starts anew, which writes nothing', async () => {
    const before = await traffic();
    await agent.stop();
    expect(await traffic()).toBe(before);
    agent.start();
    await agent.ready('at work', () => agent.recentOutput.includes('The Linux-bridge agent works'));
    await until('that it knows the policy', async () => (await explained()).state === 'ok');
    // What it would do comes with the same turn that made the policy known.
    await until('a look at the host', () => /tc.*qdisc.*show/.test(agent.recentOutput));
    expect(await traffic()).toBe(before);
    expect(agent.recentOutput).not.toContain('Limits and marks of ports');
  });

  it('gets back what somebody took away or changed', async () => {
    const before = await traffic();
    await host.run(['tc', 'qdisc', 'del', 'dev', tap, 'root']);
    await host.run(['tc', 'qdisc', 'del', 'dev', tap, 'ingress']);
    await host.run(['iptables', '-t', 'mangle', '-F', 'neutron-linuxbri-POSTROUTING']);
    expect(await traffic()).not.toBe(before);
    await until('mended', async () => (await traffic()) === before, { timeoutMs: 45_000 });
    // As drift, or with the look that is due after the start.
    await until('the log', () =>
      /Limits and marks of ports were (changed|not as they should be)/.test(agent.recentOutput),
    );
  });

  it('that loses its policy has nothing left', async () => {
    await setPolicy(null);
    await until('nothing', async () => (await traffic()) === '');
    unlimited(await out());
    unlimited(await back());
  });

  it('has that of its network, and a tap that goes leaves nothing', async () => {
    const { network_id } = ports.limited;
    await deployment.api.expect('PUT', `/v2.0/networks/${network_id}`, { network: { qos_policy_id: policy.id } });
    await until('the limit', async () => (await traffic()).includes(`tbf ${tap} `));
    await host.run(['ip', 'link', 'del', tap]);
    await until('nothing of it', async () => !(await host.links()).some((name) => name === `ifb${tap.slice(3)}`));
    await until('no mark', async () => !(await traffic()).includes(tap));
  });

  it('keeps it when its agent is cleaned up after, unless by force', async () => {
    await agent.stop();
    const left = await traffic();
    expect(left).toContain(`tbf ${tapName(ports.free.id)} `);
    expect(await cleanUp()).not.toContain('of ports');
    expect(await traffic()).toBe(left);
    const removed = await cleanUp('--force');
    expect(removed).toContain('removed limits of ports (tc)\nremoved marks of ports (iptables)\n');
    const chains = await host.read(['ip6tables-save', '-t', 'mangle']);
    expect([await traffic(), chains.includes('qos-o')]).toEqual(['', false]);
  });
});

async function cleanUp(...args: string[]): Promise<string> {
  const file = `${deployment.folder}/qos1/neutron-linuxbridge-agent.conf`;
  const program = new Program({ name: 'neutron-linuxbridge-cleanup', host, args: ['--config-file', file, ...args] });
  program.start();
  const { code, output } = await program.finished();
  expect(code, output).toBe(0);
  return output;
}
