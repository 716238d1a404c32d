import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bridgeName, tapName } from '../../src/lib/names.ts';
import { type GroupStand, openGroupStand, type PluggedGuest } from '../support/group-stand.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import { byTurns } from '../support/turns.ts';
import { until } from '../support/wait.ts';

/** What goes wrong on a host: programs that fail, locks that are held, rules that somebody changes by hand. */
let stand: GroupStand;
let a: PluggedGuest;
let b: PluggedGuest;
/** Programs in front of the host's own; each fails as long as a file of its name lies in `broken`. */
let shims: string;
const isLong = process.env.NEUTRINO_TEST_LONG !== undefined;

beforeAll(async () => {
  stand = await openGroupStand({ prepare: putShims });
  a = await stand.guest('a');
  b = await stand.guest('b');
});
afterAll(async () => {
  await stand?.close();
});
beforeEach(async () => {
  for (const name of shimmed) await mend(name);
});

const shimmed = ['iptables-restore', 'ip6tables-restore', 'ebtables-restore', 'ipset'];

async function putShims(host: EmulatedHost): Promise<void> {
  shims = join(host.folder, 'shims');
  await mkdir(join(shims, 'broken'), { recursive: true });
  for (const name of shimmed) {
    const text = `#!/bin/sh\n[ -e ${shims}/broken/${name} ] && { sleep 0.3; echo "broken for a test" >&2; exit 1; }\nexec /usr/sbin/${name} "$@"\n`;
    await writeFile(join(shims, name), text);
    await chmod(join(shims, name), 0o755);
  }
  // Only this host sees it: its mounts are its own.
  await host.run(['mount', '--bind', shims, '/usr/local/sbin']);
}

const breakIt = (name: string) => writeFile(join(shims, 'broken', name), '');
const mend = (name: string) => rm(join(shims, 'broken', name), { force: true });

/** Pings of three seconds. @returns what ping says of them */
async function knock(from: PluggedGuest, address: string): Promise<string> {
  const { stdout } = await from.guest.run(['ping', '-q', '-n', '-i', '0.02', '-w', '3', address], {
    okCodes: [0, 1, 2],
  });
  return stdout;
}

// Which program it is makes little difference: two of them a day.
it.each(byTurns(shimmed, 2))(
  'where %s fails a new port stays closed, the others work, and it is tried again',
  async (name) => {
    // A set is needed only where a rule refers to members that are there.
    const web = (await stand.api.create('security_group', { name })).id;
    const ingress = { security_group_id: web, direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp' };
    await stand.api.create('security_group_rule', { ...ingress, remote_group_id: web });
    await stand.api.create('security_group_rule', { ...ingress, remote_ip_prefix: `${a.address}/32` });
    await breakIt(name);
    // What the cases before this one left in the log says nothing.
    const before = stand.agent.recentOutput.length;
    const port = await stand.port({ security_groups: [web] });
    const fresh = await stand.quietGuest(`by-${name}`.slice(0, 15), port);
    // From its first moment on: what one table has opened must not pass while another one fails.
    const knocking = knock(a, fresh.address);
    await until('the reason in the log', () => stand.agent.recentOutput.slice(before).includes('broken for a test'));
    expect((await stand.api.show('port', port.id)).status).not.toBe('ACTIVE');
    expect(await stand.reaches(a, fresh)).toBe(false);
    expect(await stand.reaches(a, b)).toBe(true);
    expect(await knocking).toMatch(/ 0 received/);
    await mend(name);
    await stand.deployment.portStatus(port.id, 'ACTIVE', 30_000);
    await stand.comes(a, fresh);
  },
);

it('what somebody changes by hand in rules and sets is mended within a minute', async () => {
  const before = await stand.rules();
  const key = tapName(a.port.id).slice(3, 13);
  const set = /^create (NIPv4\S+) /m.exec(before)![1]!;
  await stand.host.run(['iptables', '-F', `neutron-linuxbri-i${key}`]);
  await stand.host.run(['ip6tables', '-F', `neutron-linuxbri-o${key}`]);
  await stand.host.run(['ebtables', '-t', 'nat', '-F', `neutronARP-${tapName(a.port.id)}`]);
  await stand.host.run(['ipset', 'add', set, '203.0.113.0/24']);
  await stand.host.run(['iptables', '-I', `neutron-linuxbri-o${key}`, '-j', 'ACCEPT']);
  expect(await stand.rules()).not.toBe(before);
  await until('all is as before', async () => (await stand.rules()) === before, { timeoutMs: 60_000, everyMs: 500 });
});

it('rules, chains and sets of others are never touched', async () => {
  const own = [
    ['iptables', '-N', 'operators-own'],
    ['iptables', '-A', 'operators-own', '-s', '198.51.100.7/32', '-j', 'DROP'],
    ['iptables', '-A', 'FORWARD', '-j', 'operators-own'],
    ['ipset', 'create', 'operators-set', 'hash:ip'],
    ['ebtables', '-A', 'FORWARD', '-s', '02:00:00:00:00:77', '-j', 'DROP'],
  ];
  for (const argv of own) await stand.host.run(argv);
  await stand.restartAgent();
  const port = await stand.port();
  const fresh = await stand.quietGuest('beside', port);
  await stand.deployment.portStatus(port.id, 'ACTIVE');
  await stand.comes(a, fresh);
  const rules = await stand.rules();
  for (const text of [
    '-A FORWARD -j operators-own',
    '-s 198.51.100.7/32 -j DROP',
    'create operators-set',
    '02:00:00:00:00:77',
  ]) {
    expect(rules).toContain(text);
  }
});

it('taps that nobody knows, and bridges of others, are left alone', async () => {
  const { host } = stand;
  for (const name of ['stranger1', 'stranger2']) {
    const tap = `tap${name.slice(0, 8)}-0${name.at(-1)}`;
    await host.run(['ip', 'netns', 'add', name]);
    await host.ipBatch([`link add ${tap} type veth peer name eth0 netns ${name}`, `link set ${tap} up`]);
    await host.ipBatch([`addr add 10.9.0.${name.at(-1)}/24 dev eth0`, 'link set eth0 up'], name);
  }
  const taps = ['tapstranger-01', 'tapstranger-02'];
  await host.ipBatch([
    'link add br-own type bridge',
    'link set br-own up',
    ...taps.map((tap) => `link set ${tap} master br-own`),
  ]);
  await stand.restartAgent();
  await host.run(['ping', '-c1', '-W2', '10.9.0.2'], { netns: 'stranger1' });
  // In a bridge of ours it is closed, and left where somebody put it.
  const bridge = bridgeName(stand.networkId);
  await host.ipBatch([`link set ${taps[0]} master ${bridge}`]);
  await host.ipBatch(['addr add 10.1.0.222/24 dev eth0'], 'stranger1');
  const { code } = await host.run(['ping', '-c1', '-W1', a.address], { netns: 'stranger1', okCodes: [0, 1] });
  expect(code).toBe(1);
  const [link] = await host.json<{ master?: string; flags: string[] }[]>(['ip', '-j', 'link', 'show', 'dev', taps[0]!]);
  expect([link?.master, link?.flags.includes('UP')]).toEqual([bridge, true]);
});

it('many taps that go at once take their rules with them', async () => {
  const count = isLong ? 500 : 60;
  // Room for all of them.
  const { id: network_id } = await stand.api.create('network');
  await stand.api.create('subnet', { network_id, ip_version: 4, cidr: '10.7.0.0/22' });
  const ports = await stand.api.createMany(
    'port',
    Array.from({ length: count }, () => ({
      network_id,
      device_owner: 'compute:nova',
      'binding:host_id': stand.host.name,
    })),
  );
  const taps = ports.map(({ id }) => tapName(id));
  const bridge = bridgeName(network_id);
  await stand.host.ipBatch([`link add name ${bridge} type bridge forward_delay 0`, `link set ${bridge} up`]);
  await stand.host.ipBatch(taps.flatMap((tap) => [`tuntap add ${tap} mode tap`, `link set ${tap} master ${bridge}`]));
  const active = async () =>
    (await stand.api.list('port', `network_id=${network_id}&status=ACTIVE`)).filter(({ id }) =>
      taps.includes(tapName(id)),
    ).length;
  await until('all are ACTIVE', async () => (await active()) === count, { timeoutMs: 120_000, everyMs: 200 });
  await stand.host.ipBatch(taps.map((tap) => `link del ${tap}`));
  const keys = ports.map(({ id }) => id.slice(0, 10));
  await until(
    'no rule of theirs is left',
    async () => {
      const rules = await stand.rules();
      return keys.every((key) => !rules.includes(key));
    },
    { timeoutMs: 60_000, everyMs: 200 },
  );
  await until('none is ACTIVE', async () => (await active()) === 0, { timeoutMs: 30_000 });
  expect(await stand.reaches(a, b)).toBe(true);
}, 240_000);
