import { afterAll, beforeAll, expect, it } from 'vitest';
import { tapName } from '../../src/lib/names.ts';
import type { Port } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import type { Program } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/** Server, bridge agent and DHCP agent as operators run them, groups in force: what tenants rely on. */
let lab: Lab;
let host: EmulatedHost;
let deployment: Deployment;
let agent: Program;
let networkId: string;
let web: string;

const groupsOn = { securitygroup: { enable_security_group: true, firewall_driver: 'iptables' } };
const guests: Record<string, { port: Port; guest: Guest; address: string }> = {};

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'host1' });
  deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    serverHost: host,
    server: { securitygroup: { enable_security_group: true, firewall_driver: 'iptables' } },
  });
  await deployment.start();
  agent = await deployment.agent('neutron-linuxbridge-agent', host, { vxlan: { enable_vxlan: false }, ...groupsOn });
  await deployment.agent('neutron-dhcp-agent', host, { DEFAULT: { interface_driver: 'linuxbridge' } });
  const { api } = deployment;
  networkId = (await api.create('network')).id;
  await api.create('subnet', { network_id: networkId, ip_version: 4, cidr: '10.1.0.0/24' });
  web = (await api.create('security_group', { name: 'web' })).id;
  for (const [name, groups] of [
    ['a', null],
    ['b', null],
    ['c', [web]],
  ] as const) {
    await addGuest(name, groups === null ? {} : { security_groups: groups });
  }
});
afterAll(async () => {
  await deployment?.close();
  await lab.close();
});

async function addGuest(name: string, attributes: object = {}): Promise<void> {
  const port = await deployment.api.create('port', {
    network_id: networkId,
    device_owner: 'compute:nova',
    'binding:host_id': host.name,
    ...attributes,
  });
  const guest = await plugGuest(host, port, name);
  await deployment.portStatus(port.id, 'ACTIVE');
  const { address } = await guest.dhcp();
  expect(address).toBe(port.fixed_ips[0]!.ip_address);
  guests[name] = { port, guest, address };
}

const reaches = (from: string, to: string) => guests[from]!.guest.ping(guests[to]!.address, 1);
const comes = (from: string, to: string, wanted: boolean) =>
  until(`${from} ${wanted ? 'reaches' : 'no longer reaches'} ${to}`, async () => (await reaches(from, to)) === wanted);

it('a group reaches its own members, and nobody else reaches them', async () => {
  expect(await reaches('a', 'b')).toBe(true);
  expect(await reaches('b', 'a')).toBe(true);
  expect(await reaches('c', 'a')).toBe(false);
  expect(await reaches('a', 'c')).toBe(false);
});

it('a rule opens what it names; when it goes, what runs by it stops', async () => {
  const rule = await deployment.api.create('security_group_rule', {
    security_group_id: web,
    direction: 'ingress',
    ethertype: 'IPv4',
    protocol: 'icmp',
  });
  await comes('a', 'c', true);
  const running = guests.a!.guest.spawn(['ping', '-n', '-i', '0.1', guests.c!.address]);
  await until('answers', () => running.output.includes('icmp_seq=3'));
  await deployment.api.remove('security_group_rule', rule.id);
  await until('no answers any more', async () => {
    const before = running.output.length;
    await reaches('a', 'c');
    return running.output.length === before;
  });
  await running.kill();
});

it('a member that joins a remote group is let in, and one that leaves is not', async () => {
  await deployment.api.update('port', guests.c!.port.id, {
    security_groups: [...(guests.a!.port.security_groups ?? []), web],
  });
  await comes('c', 'a', true);
  await deployment.api.update('port', guests.c!.port.id, { security_groups: [web] });
  await comes('c', 'a', false);
});

it('only the own addresses and those of pairs pass', async () => {
  const { guest, port } = guests.a!;
  await guest.run(['ip', 'addr', 'add', '10.1.0.250/24', 'dev', 'eth0']);
  const asOther = async () => {
    const { code } = await guest.run(['ping', '-n', '-c1', '-W1', '-I', '10.1.0.250', guests.b!.address], {
      okCodes: [0, 1],
    });
    return code === 0;
  };
  expect(await asOther()).toBe(false);
  await deployment.api.update('port', port.id, { allowed_address_pairs: [{ ip_address: '10.1.0.250' }] });
  await until('the pair passes', asOther);
  await deployment.api.update('port', port.id, { allowed_address_pairs: [] });
  await until('it no longer does', async () => !(await asOther()));
});

it('without port security everything passes', async () => {
  await deployment.api.update('port', guests.c!.port.id, { security_groups: [], port_security_enabled: false });
  await comes('a', 'c', true);
  await deployment.api.update('port', guests.c!.port.id, { port_security_enabled: true, security_groups: [web] });
  await comes('a', 'c', false);
});

it('a restart of the agent writes no rule, and a flow goes on', async () => {
  const rules = () => host.read(['iptables-save', '-c']);
  const running = guests.a!.guest.spawn(['ping', '-n', '-i', '0.05', guests.b!.address]);
  await until('answers', () => running.output.includes('icmp_seq=3'));
  const withoutCounters = (text: string) => text.replace(/^#.*$|\[\d+:\d+\]/gm, '');
  const before = await rules();
  await agent.stop();
  agent.start();
  await agent.ready('at work', () => agent.recentOutput.includes('The Linux-bridge agent works'));
  await deployment.portStatus(guests.a!.port.id, 'ACTIVE');
  const after = await rules();
  expect(withoutCounters(after)).toBe(withoutCounters(before));
  expect(agent.recentOutput).not.toMatch(/tables\S*-restore/);
  const counted = (text: string) => Number(/\[(\d+):\d+\] -A neutron-linuxbri-FORWARD/.exec(text)?.[1]);
  expect(counted(after)).toBeGreaterThanOrEqual(counted(before));
  await running.kill();
  const sequence = [...running.output.matchAll(/icmp_seq=(\d+)/g)].map(([, number]) => Number(number));
  expect(sequence).toEqual(sequence.map((_, index) => index + 1));
});

it('rules and sets of a port that goes go with its tap', async () => {
  const { port } = guests.c!;
  await host.run(['ip', 'link', 'del', tapName(port.id)]);
  await deployment.api.remove('port', port.id);
  const left = async () => `${await host.read(['iptables-save'])}${await host.read(['ebtables-save'])}`;
  await until('no rule names the tap', async () => !(await left()).includes(port.id.slice(0, 10)));
  await until(
    'the set of its group is gone',
    async () => !(await host.read(['ipset', 'save'])).includes(web.slice(0, 8)),
  );
});
