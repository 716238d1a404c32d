import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseRoutes } from '../../src/agent/l3/kernel/routes.ts';
import { parseRules } from '../../src/agent/l3/kernel/saved-rules.ts';
import { type Flavour, RuleTables } from '../../src/linux/iptables.ts';
import { lookInto } from '../../src/linux/look.ts';
import { isNetnsGone } from '../../src/linux/netns.ts';
import { parseState } from '../../src/linux/state.ts';
import { readSysctls } from '../../src/linux/sysctl.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { Program, writeConfig } from '../support/programs.ts';
import { openRemoteHost, type RemoteHost } from '../support/remote-host.ts';
import { until } from '../support/wait.ts';

/** What only a real host shows; what fake and real have in common is in `test/contract/host.test.ts`. */
let lab: Lab;
let host: EmulatedHost;
let linux: RemoteHost;
let count = 0;

beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());
beforeEach(async () => {
  count += 1;
  host = await lab.addHost({ name: `linux${count}`, wires: ['w1'] });
  linux = await openRemoteHost(host);
});
afterEach(async () => {
  await linux.close();
  await lab.removeHost(host);
});

it('runs a command in a namespace, and starts a daemon there that outlives the agent', async () => {
  await linux.ensureNetns('qdhcp-1');
  const { stdout } = await linux.exec.run(['ip', '-o', 'link', 'show'], { netns: 'qdhcp-1' });
  expect(stdout.trim().split('\n')).toHaveLength(1);
  await linux.exec.daemon(['sleep', '60'], { netns: 'qdhcp-1' });
  await linux.close();
  const pids = await until('the daemon', async () => (await host.read(['ip', 'netns', 'pids', 'qdhcp-1'])).trim());
  // It is another program before it is this one.
  await until(
    'its command line',
    async () => (await host.read(['cat', `/proc/${pids}/cmdline`])) === 'sleep\u000060\u0000',
  );
  linux = await openRemoteHost(host);
});

it('mends a namespace whose mount was lost', async () => {
  await linux.ensureNetns('qdhcp-1');
  await host.run(['umount', '/run/netns/qdhcp-1']);
  await linux.ensureNetns('qdhcp-1');
  expect((await linux.readNetwork('qdhcp-1')).links.get('lo')?.up).toBe(true);
});

describe('a look into a namespace by one command', () => {
  const keys = ['net/ipv4/ip_forward', 'net/ipv4/conf/lo.1/arp_ignore', 'net/ipv6/conf/all/forwarding', 'net/none'];
  const look = () => lookInto(linux.exec, 'qrouter-1', { 4: '', 6: '' }, keys);

  it('tells what the programs tell, each by itself', async () => {
    await linux.ensureNetns('qrouter-1');
    await host.ipBatch(
      [
        'link add lo.1 type veth peer name p1',
        'link set p1 up',
        'addr add 10.0.0.1/24 dev lo.1',
        'link set lo.1 up',
        'route add 10.9.0.0/16 via 10.0.0.9',
      ],
      'qrouter-1',
    );
    await linux.exec.run(['sysctl', '-q', '-w', 'net/ipv4/ip_forward=1'], { netns: 'qrouter-1' });
    for (const tool of ['iptables', 'ip6tables'])
      await linux.exec.run([tool, '-t', 'mangle', '-A', 'FORWARD', '-o', 'lo.1', '-j', 'DROP'], { netns: 'qrouter-1' });
    const seen = await look();
    const { links, routes } = await linux.readNetwork('qrouter-1');
    expect(parseState([seen.links]).links).toEqual(links);
    expect(parseRoutes(JSON.parse(seen.routes)).map(({ destination }) => destination)).toEqual(
      expect.arrayContaining(routes.map(({ destination }) => destination)),
    );
    expect(seen.sysctls).toEqual(await readSysctls(linux.exec, 'qrouter-1', keys));
    expect([...seen.sysctls.keys()]).toEqual(keys.slice(0, 3));
    for (const family of [4, 6] as const)
      expect(parseRules(seen.rules[family]).get('mangle')?.get('FORWARD')).toEqual(['-o lo.1 -j DROP']);
  });

  it('fails where one of them fails, and where there is none', async () => {
    await expect(look()).rejects.toThrow(/No such file or directory/);
    await linux.ensureNetns('qrouter-1');
    await expect(lookInto(linux.exec, 'qrouter-1', { 4: '-none' as Flavour, 6: '' }, keys)).rejects.toThrow(
      /^iptables: exit code 127.*iptables-none-save: not found/s,
    );
    await host.run(['umount', '/run/netns/qrouter-1']);
    const { stderr } = await look().catch((error) => error);
    expect(isNetnsGone(stderr)).toBe(true);
  });
});

it('works on a device that was deleted and made anew under its name', async () => {
  for (let round = 0; round < 3; round += 1) {
    await linux.apply([
      { op: 'ensure_bridge', name: 'brqx' },
      { op: 'ensure_veth', name: 'tapx', peer: 'y' },
      { op: 'set_master', name: 'tapx', master: 'brqx' },
    ]);
    expect((await linux.readNetwork()).links.get('tapx')?.master).toBe('brqx');
    await host.ipBatch(['link del tapx', 'link del brqx']);
  }
});

it('reads 200 devices while they come and go', async () => {
  const names = Array.from({ length: 100 }, (_, n) => `t${n}`);
  const churn = (async () => {
    for (let round = 0; round < 2; round += 1) {
      await host.ipBatch(names.map((name) => `link add ${name} type veth peer name p${name}`));
      await host.ipBatch(names.map((name) => `link del ${name}`));
    }
  })();
  let reads = 0;
  for (let done = false; !done; reads += 1) {
    done = await Promise.race([churn.then(() => true), linux.readNetwork().then(() => false)]);
    expect((await linux.readNetwork()).links.has('eth0')).toBe(true);
  }
  expect(reads).toBeGreaterThan(3);
});

describe('rules', () => {
  it.each(['iptables', 'ip6tables', 'ebtables'] as const)(
    '%s: puts chains of ours there and takes them away',
    async (tool) => {
      const tables = new RuleTables(linux.exec, tool);
      await host.run([tool, '-A', 'FORWARD', '-i', 'other0', '-j', 'ACCEPT']);
      const before = await host.read([`${tool}-save`]);
      const own = {
        table: 'filter' as const,
        chains: [{ name: 'neutrino-test', rules: [['-i', 'tap1', '-j', 'DROP']] }],
        jumps: [{ from: 'FORWARD', chain: 'neutrino-test' }],
      };
      await tables.ensure(own);
      await tables.ensure(own);
      const rules = (await host.read([`${tool}-save`])).split('\n').filter((line) => line.startsWith('-A'));
      expect(rules.map((line) => line.trim())).toEqual([
        '-A FORWARD -j neutrino-test',
        '-A FORWARD -i other0 -j ACCEPT',
        '-A neutrino-test -i tap1 -j DROP',
      ]);
      await tables.remove('filter', ['neutrino-test']);
      await tables.remove('filter', ['neutrino-test']);
      const bare = (text: string) => text.split('\n').filter((line) => !line.startsWith('#'));
      const counters = (line: string) => line.replace(/ \[\d+:\d+\]/, '');
      expect(bare(await host.read([`${tool}-save`])).map(counters)).toEqual(bare(before).map(counters));
    },
  );
});

describe('cleanup', () => {
  const net = (digit: string) =>
    `${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-8${digit.repeat(3)}-${digit.repeat(12)}`;

  async function runCleanup(name: string, args: readonly string[] = []): Promise<string> {
    const file = await writeConfig(host.folder, 'cleanup.conf', {
      DEFAULT: { state_path: host.folder },
      linux_bridge: { physical_interface_mappings: 'public:eth1', bridge_mappings: 'other:brq33333333-33' },
    });
    const program = new Program({ name, host, args: ['--config-file', file, ...args] });
    program.start();
    const { code, output } = await program.finished();
    expect(code, output).toBe(0);
    const isLog = (line: string) => /^\d{4}-\d\d-\d\d /.test(line);
    return output
      .split('\n')
      .filter((line) => !isLog(line))
      .join('\n');
  }

  it('neutron-linuxbridge-cleanup removes empty bridges of networks and gives cards their addresses back', async () => {
    await host.ipBatch([
      'link add brq11111111-11 type bridge',
      'link set eth1 master brq11111111-11',
      'link set brq11111111-11 up',
      'addr add 192.0.2.5/24 dev brq11111111-11',
      'route add 198.51.100.0/24 via 192.0.2.1',
      'link add brq22222222-22 type bridge',
      'link add tap22222222-22 type veth peer name other',
      'link set tap22222222-22 master brq22222222-22',
      'link add brq33333333-33 type bridge',
      'link add brq-of-mine type bridge',
      'link add docker0 type bridge',
    ]);
    expect(await runCleanup('neutron-linuxbridge-cleanup')).toBe(
      'removed brq11111111-11\nbrq22222222-22 stays: 1 taps are in it (--force)\n',
    );
    expect(await host.read(['ip', '-o', '-4', 'addr', 'show', 'dev', 'eth1'])).toContain('192.0.2.5/24');
    expect(await host.read(['ip', 'route'])).toContain('198.51.100.0/24 via 192.0.2.1 dev eth1');
    expect(await runCleanup('neutron-linuxbridge-cleanup', ['--force'])).toBe('removed brq22222222-22\n');
    const left = (await host.links()).filter((name) => name.startsWith('brq') || name === 'docker0');
    expect(left.sort()).toEqual(['brq-of-mine', 'brq33333333-33', 'docker0']);
  });

  it('neutron-netns-cleanup removes empty namespaces of agents, with --force those in use too', async () => {
    const names = [`qdhcp-${net('1')}`, `qdhcp-${net('2')}`, `qrouter-${net('3')}`, 'qdhcp-mine', 'guest'];
    for (const name of names) await host.run(['ip', 'netns', 'add', name]);
    await host.ipBatch([`link add tap2 type veth peer name ns-2 netns qdhcp-${net('2')}`]);
    const sleeper = host.spawn(['sleep', '600'], { netns: `qdhcp-${net('2')}` });
    expect(await runCleanup('neutron-netns-cleanup', ['--agent-type', 'dhcp'])).toBe(
      `removed qdhcp-${net('1')}\nqdhcp-${net('2')} stays: there are devices in it (--force)\n`,
    );
    expect(await runCleanup('neutron-netns-cleanup', ['--force'])).toBe(
      `removed qdhcp-${net('2')}\nremoved qrouter-${net('3')}\n`,
    );
    await sleeper.finished;
    expect((await host.namespaces()).sort()).toEqual(['guest', 'qdhcp-mine']);
    await until('the veth to go', async () => !(await host.links()).includes('tap2'));
  });
});
