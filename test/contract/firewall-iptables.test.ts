import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setName } from '../../src/agent/firewall/iptables/names.ts';
import { NoopFirewall } from '../../src/agent/firewall/noop.ts';
import type { WireRule } from '../../src/rpc/contract.ts';
import { everyRule } from '../support/firewall/every-rule.ts';
import { pythonRules } from '../support/firewall/python-rules.ts';
import { egressAll, FirewallStand, guestOf, port, stateOf } from '../support/firewall/stand.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { until } from '../support/wait.ts';

let lab: Lab;
let host: EmulatedHost;
let stand: FirewallStand;
let count = 0;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(async () => {
  await lab.close();
});
beforeEach(async () => {
  count += 1;
  host = await lab.addHost({ name: `fw${count}`, wires: [] });
  stand = await FirewallStand.open(host);
});
afterEach(async () => {
  await stand.close();
  await lab.removeHost(host);
});

const GROUP = '11111111-2222-4333-8444-555555555555';
const OTHER = '22222222-2222-4333-8444-555555555555';
const ping: WireRule = { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp' };
const ping6: WireRule = { direction: 'ingress', ethertype: 'IPv6', protocol: 'ipv6-icmp' };

describe.each(['-nft', '-legacy'] as const)('rules by iptables%s', (flavour) => {
  it('are found as they were rendered: a second look changes nothing', async () => {
    const ports = [
      port({ groups: [GROUP], addressPairs: [{ ip_address: '10.9.0.0/16', mac_address: 'FA:16:3E:AA:AA:AA' }] }),
      port({ groups: [GROUP, OTHER], fixedIps: [] }),
      port({ filter: 'open' }),
      port({ filter: 'closed' }),
      port({ groups: [OTHER], bridge: 'br-ex' }),
    ];
    const state = stateOf(
      ports,
      {
        [GROUP]: [...everyRule(GROUP), ...egressAll],
        [OTHER]: [{ direction: 'ingress', ethertype: 'IPv4', remote_group_id: GROUP, stateful: true }],
      },
      {
        [GROUP]: {
          IPv4: [
            ['10.0.0.5', null],
            ['10.1.0.0/16', null],
            ['0.0.0.0/0', null],
          ],
          IPv6: [
            ['fd00::5', null],
            ['::/0', null],
            ['::ffff:1.2.3.4', null],
            ['fe80::/64', null],
          ],
        },
      },
    );
    const driver = stand.driver({ flavour });
    await driver.start();
    expect(await driver.apply(state, () => true)).toEqual({ closed: new Map(), late: new Map() });
    expect(stand.takeWrites().sort()).toEqual([`ip6tables${flavour}-restore`, 'ipset', `iptables${flavour}-restore`]);
    driver.distrust();
    expect(await driver.apply(state, () => true)).toEqual({ closed: new Map(), late: new Map() });
    expect(stand.takeWrites()).toEqual([]);
    await driver.apply(state, () => true);
    expect(stand.ran).toEqual([]);
    expect(await stand.driver({ flavour }).plan(state, () => true)).toEqual([]);
  });

  it('let through what groups say, and nothing else', async () => {
    const [a, b, open] = [port({ groups: [GROUP] }), port({ groups: [OTHER] }), port({ filter: 'open' })];
    await guests(a, b, open);
    const driver = await started({ flavour });
    await driver.apply(
      stateOf([a, b, open], { [GROUP]: [ping, ping6, ...egressAll], [OTHER]: egressAll }),
      stand.isThere,
    );
    for (const version of [0, 1]) {
      await stand.reaches(b, a.fixedIps[version]!);
      await stand.isKeptFrom(a, b.fixedIps[version]!);
      await stand.isKeptFrom(open, b.fixedIps[version]!);
      await stand.reaches(open, a.fixedIps[version]!);
      await stand.reaches(b, open.fixedIps[version]!);
      await stand.reaches(b, HOST[version]!);
    }
  });

  it('keep guests to their own addresses, also towards the host and through it', async () => {
    const [a, b] = [port({ groups: [GROUP] }), port({ groups: [GROUP] })];
    const paired = {
      ...a,
      addressPairs: [
        { ip_address: '10.0.0.200', mac_address: a.mac },
        { ip_address: 'fd00::200', mac_address: a.mac },
      ],
    };
    await guests(a, b);
    await host.ipBatch(['addr add 10.0.0.200/24 dev eth0', 'addr add fd00::200/64 dev eth0 nodad'], guestOf(a.tap));
    await addNetworkBehind();
    await host.ipBatch(['route add default via 10.0.0.1'], guestOf(a.tap));
    const driver = await started({ flavour });
    const groups = { [GROUP]: [ping, ping6, ...egressAll] };
    const others = [b.fixedIps[0]!, b.fixedIps[1]!, HOST[0]!, HOST[1]!, BEHIND];
    const source = (address: string) => (address.includes(':') ? 'fd00::200' : '10.0.0.200');
    await driver.apply(stateOf([a, b], groups), stand.isThere);
    for (const address of others) await stand.isKeptFrom(a, address, { source: source(address) });
    for (const address of others) {
      await stand.reaches(a, address, { source: a.fixedIps[address.includes(':') ? 1 : 0]! });
    }
    await driver.apply(stateOf([paired, b], groups), stand.isThere);
    for (const address of others) await stand.reaches(a, address, { source: source(address) });
    // The same address from another card.
    await host.ipBatch(['link set eth0 address fa:16:3e:ff:ff:ff'], guestOf(a.tap));
    await stand.isKeptFrom(a, b.fixedIps[0]!);
    await stand.isKeptFrom(a, HOST[0]!);
    await stand.isKeptFrom(a, BEHIND);
  });

  it('let nothing out that the groups do not, also towards the host and through it', async () => {
    const a = port({ groups: [GROUP] });
    await guests(a);
    await addNetworkBehind();
    await host.ipBatch(['route add default via 10.0.0.1'], guestOf(a.tap));
    const driver = await started({ flavour });
    await driver.apply(stateOf([a], { [GROUP]: [ping] }), stand.isThere);
    for (const address of [HOST[0]!, BEHIND]) await stand.isKeptFrom(a, address);
    // What the host begins is answered all the same.
    await host.run(['ping', '-n', '-c', '1', '-w', '10', a.fixedIps[0]!]);
  });

  it('close a tap that nobody knows yet, in bridges of networks only', async () => {
    const [known, unknown] = [port({ groups: [GROUP] }), port()];
    const [x, y] = [port({ bridge: 'br-other' }), port({ bridge: 'br-other' })];
    await guests(known, unknown);
    await stand.addBridge('br-other', ['10.0.0.1/24']);
    for (const one of [x, y]) await stand.addGuest(one);
    const driver = await started({ flavour });
    const groups = { [GROUP]: [ping, ping6, ...egressAll] };
    await driver.apply(stateOf([known], groups), stand.isThere);
    for (const version of [0, 1]) {
      await stand.isKeptFrom(unknown, known.fixedIps[version]!);
      await stand.isKeptFrom(known, unknown.fixedIps[version]!);
      await stand.isKeptFrom(unknown, HOST[version]!);
      await stand.reaches(x, y.fixedIps[version]!);
    }
    await stand.reaches(known, HOST[0]!);
    await driver.apply(stateOf([known, { ...unknown, filter: 'closed' }], groups), stand.isThere);
    await stand.isKeptFrom(unknown, known.fixedIps[0]!);
    await stand.isKeptFrom(unknown, HOST[0]!);
    await driver.apply(stateOf([known, { ...unknown, groups: [GROUP] }], groups), stand.isThere);
    await stand.reaches(unknown, known.fixedIps[0]!);
    await stand.reaches(known, unknown.fixedIps[1]!);
  });

  it('mean the members of a remote group by a set; who leaves is cut off', async () => {
    const [a, b, c] = [port({ groups: [GROUP] }), port({ groups: [OTHER] }), port({ groups: [OTHER] })];
    await guests(a, b, c);
    const driver = await started({ flavour });
    const groups = {
      [GROUP]: [
        { direction: 'ingress', ethertype: 'IPv4', remote_group_id: OTHER },
        { direction: 'ingress', ethertype: 'IPv6', remote_group_id: OTHER },
      ] satisfies WireRule[],
      [OTHER]: egressAll,
    };
    const members = (...ports: (typeof a)[]) => ({
      [OTHER]: {
        IPv4: ports.map((one) => [one.fixedIps[0]!, null] as const),
        IPv6: ports.map((one) => [one.fixedIps[1]!, null] as const),
      },
    });
    await driver.apply(stateOf([a, b, c], groups, members(b, c)), stand.isThere);
    for (const version of [0, 1]) {
      await stand.reaches(b, a.fixedIps[version]!, { id: 77 });
      await stand.reaches(c, a.fixedIps[version]!, { id: 77 });
    }
    stand.takeWrites();
    await driver.apply(stateOf([a, b, c], groups, members(c)), stand.isThere);
    expect(stand.takeWrites()).toEqual(['ipset']);
    for (const version of [0, 1]) {
      await stand.isKeptFrom(b, a.fixedIps[version]!, { id: 77 });
      await stand.reaches(c, a.fixedIps[version]!, { id: 77 });
    }
  });

  it('that go end what they let through, and nothing that others allow', async () => {
    const [a, b] = [port({ groups: [GROUP, OTHER] }), port({ groups: [OTHER] })];
    await guests(a, b);
    const driver = await started({ flavour });
    const typed: WireRule = { ...ping, port_range_min: 8 };
    await driver.apply(stateOf([a, b], { [GROUP]: [ping, ping6, typed], [OTHER]: egressAll }), stand.isThere);
    for (const version of [0, 1]) await stand.reaches(b, a.fixedIps[version]!, { id: 78 });
    const flows = async () =>
      (await host.read(['conntrack', '-L', '-w', '4097', '-p', 'icmp'])).split('\n').filter(Boolean);
    const before = await flows();
    expect(before).toHaveLength(1);
    await driver.apply(stateOf([a, b], { [GROUP]: [typed], [OTHER]: egressAll }), stand.isThere);
    expect(await flows()).toHaveLength(1);
    await stand.reaches(b, a.fixedIps[0]!, { id: 78 });
    await stand.isKeptFrom(b, a.fixedIps[1]!, { id: 78 });
    await driver.apply(stateOf([a, b], { [GROUP]: [], [OTHER]: egressAll }), stand.isThere);
    expect(await flows()).toEqual([]);
    await stand.isKeptFrom(b, a.fixedIps[0]!, { id: 78 });
  });

  it('of stateless groups want a rule for the answers too', async () => {
    const [a, b, c] = [port({ groups: [GROUP] }), port({ groups: [OTHER] }), port({ groups: [OTHER] })];
    await guests(a, b, c);
    const driver = await started({ flavour });
    const stateless = (rules: readonly WireRule[]) => rules.map((rule) => ({ ...rule, stateful: false }));
    const answers: WireRule = { ...ping, port_range_min: 0 };
    const groups = (rules: WireRule[]) => ({
      [GROUP]: stateless([...rules, ...egressAll]),
      [OTHER]: [ping, ...egressAll],
    });
    // Beside stateful ports of the same bridge, whose sessions go on being known.
    await driver.apply(stateOf([a, b, c], groups([])), stand.isThere);
    await stand.isKeptFrom(a, b.fixedIps[0]!);
    await stand.isKeptFrom(b, a.fixedIps[0]!);
    await stand.reaches(b, c.fixedIps[0]!);
    await driver.apply(stateOf([a, b, c], groups([answers])), stand.isThere);
    await stand.reaches(a, b.fixedIps[0]!);
    // Alone: nothing of the bridge is followed.
    const alone = { [GROUP]: stateless([ping, ...egressAll]) };
    await driver.apply(stateOf([a, { ...b, groups: [GROUP] }], alone), stand.isThere);
    await host.run(['conntrack', '-F']);
    await stand.reaches(a, b.fixedIps[0]!);
    expect((await host.read(['conntrack', '-L', '-p', 'icmp'])).trim()).toBe('');
  });

  it('of an agent in Python are taken over: what is right stays, with its counters', async () => {
    const [a, b, open] = [
      port({ tap: 'tapaaaaaaaa-11', groups: [GROUP] }),
      port({ tap: 'tapbbbbbbbb-22', groups: [GROUP] }),
      port({ tap: 'tapcccccccc-33', filter: 'open' }),
    ];
    await guests(a, b, open);
    await host.run(['ipset', 'restore'], {
      stdin: `create NIPv4${GROUP.slice(0, 24)} hash:net family inet\nadd NIPv4${GROUP.slice(0, 24)} 10.0.0.77\n`,
    });
    const python = { 4: pythonRules(4, GROUP, [a, b], open), 6: pythonRules(6, GROUP, [a, b], open) };
    await host.run([`iptables${flavour}-restore`, '--noflush'], { stdin: python[4] });
    await host.run([`ip6tables${flavour}-restore`, '--noflush'], { stdin: python[6] });
    await stand.reaches(b, a.fixedIps[0]!, { id: 79 });
    const driver = await started({ flavour });
    stand.takeWrites();
    const member = { [GROUP]: { IPv4: [['10.0.0.77', null] as const] } };
    const group = {
      [GROUP]: [
        ping,
        ping6,
        { direction: 'ingress', ethertype: 'IPv4', remote_group_id: GROUP } satisfies WireRule,
        ...egressAll,
      ],
    };
    const lines: string[] = [];
    stand.intercept = (_, { stdin }) => void lines.push(...(stdin ?? '').split('\n'));
    expect(await driver.apply(stateOf([a, b, open], group, member), stand.isThere)).toEqual({
      closed: new Map(),
      late: new Map(),
    });
    // No chain of a port is written anew.
    expect(
      lines.filter((line) =>
        /^(:|-[AIDFX] )neutron-linuxbri-([ios](a|b)|sg-chain|sg-fallback|PREROUTING|local)/.test(line),
      ),
    ).toEqual([]);
    expect(await stand.driver({ flavour }).plan(stateOf([a, b, open], group, member), stand.isThere)).toEqual([]);
    expect((await host.read(['conntrack', '-L', '-w', '4105', '-p', 'icmp'])).trim()).not.toBe('');
    await stand.reaches(b, a.fixedIps[0]!, { id: 79 });
    const counted = (await host.read([`iptables${flavour}-save`, '-c']))
      .split('\n')
      .find((line) => line.includes('-A neutron-linuxbri-iaaaaaaaa-1 -p icmp'));
    expect(counted).not.toMatch(/^\[0:0\]/);
  });

  it('of others are left as they are, and by hand-made changes ours come back', async () => {
    const a = port({ groups: [GROUP] });
    await guests(a);
    await host.run([`iptables${flavour}-restore`, '--noflush'], {
      stdin:
        '*filter\n:MINE - [0:0]\n-A FORWARD -j MINE\n-A MINE -s 1.2.3.4/32 -j ACCEPT\nCOMMIT\n*nat\n-A POSTROUTING -s 1.2.3.4/32 -j MASQUERADE\nCOMMIT\n',
    });
    await host.run(['ipset', 'create', 'NIPv4mine', 'hash:net']);
    const before = await stand.saved(flavour);
    const driver = await started({ flavour });
    const state = stateOf([a], { [GROUP]: [ping, ...egressAll] });
    await driver.apply(state, stand.isThere);
    const right = await stand.saved(flavour);
    const tool = `iptables${flavour}`;
    await host.run([tool, '-I', 'FORWARD', '-s', '9.9.9.9', '-j', 'ACCEPT']);
    await host.run([tool, '-D', 'FORWARD', '-j', 'neutron-linuxbri-sg-closed']);
    await host.run([tool, '-F', 'neutron-linuxbri-sg-fallback']);
    await host.run([tool, '-I', 'neutron-linuxbri-sg-chain', '-j', 'ACCEPT']);
    await host.run([tool, '-t', 'raw', '-F', 'neutron-linuxbri-PREROUTING']);
    await host.run([tool, '-N', 'neutron-linuxbri-ixxxxxxxx-1']);
    driver.distrust();
    await driver.apply(state, stand.isThere);
    const after = await stand.saved(flavour);
    expect(after.replace('-A FORWARD -s 9.9.9.9/32 -j ACCEPT\n', '')).toBe(right);
    expect(after.indexOf('-A FORWARD -j neutron-linuxbri-sg-closed')).toBeLessThan(
      after.indexOf('-A FORWARD -s 9.9.9.9'),
    );
    await host.run([tool, '-D', 'FORWARD', '-s', '9.9.9.9', '-j', 'ACCEPT']);
    await new NoopFirewall({ exec: stand.exec, flavour }).apply(stateOf([a]), stand.isThere);
    expect(
      (await stand.saved(flavour))
        .split('\n')
        .filter((line) => !/^(\*raw|\*filter|:(INPUT|OUTPUT|FORWARD|PREROUTING) ACCEPT|COMMIT|)$/.test(line)),
    ).toEqual(
      before
        .split('\n')
        .filter((line) => !/^(\*raw|\*filter|:(INPUT|OUTPUT|FORWARD|PREROUTING) ACCEPT|COMMIT|)$/.test(line)),
    );
    expect(await host.read(['ipset', 'list', '-n'])).toBe('NIPv4mine\n');
  });

  it('are not read where nobody wrote tables of nftables, and sets are', async () => {
    const a = port({ groups: [GROUP] });
    const rules: WireRule[] = [{ direction: 'ingress', ethertype: 'IPv4', remote_group_id: OTHER }, ...egressAll];
    const state = stateOf([a], { [GROUP]: rules }, { [OTHER]: { IPv4: [['10.0.0.5', null]] } });
    const driver = await started({ flavour });
    await driver.apply(state, () => true);
    driver.distrust();
    await driver.apply(state, () => true);
    stand.takeWrites();
    driver.distrust({ nftables: true });
    await driver.apply(state, () => true);
    const read = stand.ran.map(({ argv }) => argv[0]!.replace('ip6tables', 'iptables'));
    expect(new Set(read)).toEqual(new Set(['ipset', ...(flavour === '-nft' ? [] : ['iptables-legacy-save'])]));
    expect(stand.takeWrites()).toEqual([]);
    const set = setName(OTHER, 4);
    await host.run(['ipset', 'del', set, '10.0.0.5']);
    await host.run(['ipset', 'add', set, '10.0.0.6']);
    driver.distrust({ nftables: true });
    await driver.apply(state, () => true);
    expect(stand.takeWrites()).toEqual(['ipset']);
    const { stdout } = await host.run(['ipset', 'save', set]);
    expect(stdout).toContain(`add ${set} 10.0.0.5\n`);
    expect(stdout).not.toContain('10.0.0.6');
  });
});

describe('an agent that dies in the middle', () => {
  const flavour = '-nft';
  it.each([
    'before_sets',
    'before_rules',
    'before_rules_ipv6',
    'after_rules_ipv4',
    'before_conntrack',
    'before_destroy',
  ] as const)('%s leaves nothing open, and what the next start makes whole', async (point) => {
    const [a, b] = [port({ groups: [GROUP] }), port({ groups: [OTHER] })];
    await guests(a, b);
    const groups = { [GROUP]: [ping, ping6], [OTHER]: egressAll };
    const less = { [GROUP]: [{ ...ping, remote_group_id: OTHER }], [OTHER]: egressAll };
    const members = { [OTHER]: { IPv4: [['10.0.0.99', null] as const] } };
    const first = await started({ flavour });
    await first.apply(stateOf([a], groups), stand.isThere);
    await stand.isKeptFrom(b, a.fixedIps[0]!);
    await first.apply(stateOf([a, b], groups), stand.isThere);
    for (const version of [0, 1]) await stand.reaches(b, a.fixedIps[version]!, { id: 80 });
    const dying = await started({
      flavour,
      stopPoint: (name) => {
        if (name === point) throw new Error('killed');
      },
    });
    await expect(dying.apply(stateOf([a, b], less, members), stand.isThere)).rejects.toThrow('killed');
    await stand.isKeptFrom(a, b.fixedIps[0]!);
    const next = await started({ flavour });
    expect(await next.apply(stateOf([a, b], less, members), stand.isThere)).toEqual({
      closed: new Map(),
      late: new Map(),
    });
    for (const version of [0, 1]) await stand.isKeptFrom(b, a.fixedIps[version]!, { id: 80 });
    expect((await host.read(['ipset', 'list', '-n'])).trim().split('\n')).toHaveLength(1);
    await next.apply(stateOf([a, b], groups), stand.isThere);
    expect((await host.read(['ipset', 'list', '-n'])).trim()).toBe('');
  });
});

describe('faults', () => {
  it('somebody turns filtering off: it is turned on again, and said', async () => {
    const driver = await started();
    const state = stateOf([port({ groups: [GROUP] })]);
    await driver.apply(state, () => true);
    await host.run(['sysctl', '-q', '-w', 'net.bridge.bridge-nf-call-iptables=0']);
    driver.distrust();
    await driver.apply(state, () => true);
    expect(await stand.settings.read('net/bridge/bridge-nf-call-iptables')).toBe('1');
  });

  it('a set that is full is made larger; one that cannot be made closes the ports that need it', async () => {
    const driver = await started();
    const a = port({ groups: [GROUP] });
    const name = `NIPv4${OTHER.slice(0, 24)}`;
    await host.run(['ipset', 'create', name, 'hash:net', 'maxelem', '2']);
    const groups = { [GROUP]: [{ ...ping, remote_group_id: OTHER }] };
    const members = { [OTHER]: { IPv4: ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((ip) => [ip, null] as const) } };
    expect(await driver.apply(stateOf([a], groups, members), () => true)).toEqual({
      closed: new Map(),
      late: new Map(),
    });
    expect(
      (await host.read(['ipset', 'save', name])).split('\n').filter((line) => line.startsWith('add')),
    ).toHaveLength(3);
    const third = '33333333-2222-4333-8444-555555555555';
    await host.run(['ipset', 'create', `NIPv4${third.slice(0, 24)}`, 'hash:ip']);
    const b = port({ groups: [OTHER] });
    const more = { ...groups, [OTHER]: [{ ...ping, remote_group_id: third }] };
    driver.distrust();
    const result = await driver.apply(
      stateOf([a, b], more, { ...members, [third]: { IPv4: [['10.0.0.9', null]] } }),
      () => true,
    );
    expect([...result.closed.keys()]).toEqual([]);
    expect([...result.late.keys()]).toEqual([b.tap]);
  });

  it('100,000 members go into a set', async () => {
    const driver = await started();
    const pairs = Array.from(
      { length: 100_000 },
      (_, i) => [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, null] as const,
    );
    const state = stateOf(
      [port({ groups: [GROUP] })],
      { [GROUP]: [{ ...ping, remote_group_id: OTHER }] },
      { [OTHER]: { IPv4: pairs } },
    );
    expect(await driver.apply(state, () => true)).toEqual({ closed: new Map(), late: new Map() });
    driver.distrust();
    stand.takeWrites();
    await driver.apply(state, () => true);
    expect(stand.takeWrites()).toEqual([]);
  });

  it('the lock of iptables is held: nothing changes, the reason is told, and then it is done', async () => {
    const [a, b] = [port({ groups: [GROUP] }), port({ groups: [GROUP] })];
    const groups = { [GROUP]: [ping, ...egressAll] };
    const driver = await started({ flavour: '-legacy' });
    await driver.apply(stateOf([a], groups), () => true);
    const before = await stand.saved('-legacy');
    const holder = host.spawn(['flock', '-o', '/run/xtables.lock', 'sleep', '300']);
    await until(
      'the lock',
      async () => (await host.run(['flock', '-n', '/run/xtables.lock', 'true'], { okCodes: [0, 1] })).code === 1,
    );
    const result = await driver.apply(stateOf([a, b], groups), () => true);
    expect([...result.closed]).toEqual([[b.tap, expect.stringMatching(/xtables[ .]lock/)]]);
    await holder.kill('SIGKILL');
    await host.run(['flock', '/run/xtables.lock', 'true']);
    expect(await stand.saved('-legacy')).toBe(before);
    expect(await driver.apply(stateOf([a, b], groups), () => true)).toEqual({ closed: new Map(), late: new Map() });
  });
});

const HOST = ['10.0.0.1', 'fd00::1'];
/** Beyond the host, on another card. */
const BEHIND = '10.77.0.2';

async function guests(...ports: ReturnType<typeof port>[]): Promise<void> {
  await stand.addBridge(
    'brq11111111-11',
    HOST.map((one) => `${one}/${one.includes(':') ? 64 : 24}`),
  );
  for (const one of ports) await stand.addGuest(one);
}

async function addNetworkBehind(): Promise<void> {
  await host.run(['ip', 'netns', 'add', 'behind']);
  await host.ipBatch([
    'link add out0 type veth peer name eth0 netns behind',
    'link set out0 up',
    'addr add 10.77.0.1/24 dev out0',
  ]);
  await host.ipBatch(
    ['link set eth0 up', `addr add ${BEHIND}/24 dev eth0`, 'route add default via 10.77.0.1'],
    'behind',
  );
  await host.run(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=1']);
}

async function started(
  options: Parameters<FirewallStand['driver']>[0] = {},
): Promise<ReturnType<FirewallStand['driver']>> {
  const driver = stand.driver(options);
  await driver.start();
  return driver;
}
