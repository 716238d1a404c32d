import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../lib/log.ts';
import { FakeHost } from '../../../linux/fake/host.ts';
import { withHostLocks } from '../../../linux/lock.ts';
import type { FirewallPort, FirewallState } from '../contract.ts';
import type { SavedTable } from './saved-table.ts';
import { SpoofGuard } from './spoof-guard.ts';
import { emptyTable, filteredPort, restored } from './testing.ts';

/** A kernel that keeps what it is given, and what it is told to answer instead. */
let host: FakeHost;
let tables: Record<string, SavedTable>;
let fails: (argv: readonly string[]) => string | null;

beforeEach(() => {
  host = new FakeHost();
  tables = { nat: emptyTable(), filter: emptyTable(), raw: emptyTable() };
  fails = () => null;
  host.exec.answer((argv, { stdin }) => {
    const failure = fails(argv);
    if (failure !== null) return { code: 1, stderr: failure };
    if (argv[0] === 'ebtables-save') return { stdout: saved('nat') + saved('filter') };
    if (argv[0] === 'ip6tables-save') return { stdout: saved('raw') };
    const [first = '', ...lines] = (stdin ?? '').split('\n').filter((line) => line !== '' && line !== 'COMMIT');
    const name = first.slice(1);
    try {
      tables[name] = restored(tables[name]!, lines);
      return undefined;
    } catch (error) {
      return { code: 2, stderr: String(error) };
    }
  });
});

function saved(name: string): string {
  const lines = [...tables[name]!].flatMap(([chain, { policy, rules }]) => [
    `:${chain} ${policy}`,
    ...rules.map(({ text }) => `-A ${chain} ${text}`),
  ]);
  return [`*${name}`, ...lines, ''].join('\n');
}

const state = (...ports: FirewallPort[]): FirewallState => ({
  ports: new Map(ports.map((port) => [port.tap, port])),
  groups: new Map(),
  members: new Map(),
});
const always = () => true;
const names = () => host.exec.ran.map(({ argv }) => argv[0]);
const fine = { closed: new Map(), late: new Map() };

it('asks the kernel once, writes once, and runs nothing while nothing changes', async () => {
  const guard = new SpoofGuard({ host });
  const port = filteredPort('tap1');
  expect(await guard.apply(state(port), always)).toEqual(fine);
  expect(names().filter((name) => name?.endsWith('-restore'))).toEqual(['ebtables-restore', 'ip6tables-restore']);
  const before = host.exec.ran.length;
  expect(await guard.apply(state(port), always)).toEqual(fine);
  expect(await guard.apply(state({ ...port }), always)).toEqual(fine);
  expect(host.exec.ran).toHaveLength(before);
  guard.distrust();
  await guard.apply(state(port), always);
  expect(names().slice(before)).toEqual(['ebtables-save', 'ip6tables-save']);
});

it('looks at the tables of a legacy flavour whatever is said of nftables', async () => {
  const guard = new SpoofGuard({ host });
  await guard.apply(state(filteredPort('tap1')), always);
  const before = host.exec.ran.length;
  tables.nat = emptyTable();
  guard.distrust({ nftables: true });
  await guard.apply(state(filteredPort('tap1')), always);
  expect(names().slice(before)).toContain('ebtables-save');
  expect([...tables.nat.keys()]).toContain('neutronMAC-tap1');
});

it('takes from another what that has just read of ip6tables at the start', async () => {
  const port = filteredPort('tap1', { fixedIps: ['fd00::1'] });
  await new SpoofGuard({ host }).apply(state(port), always);
  const before = host.exec.ran.length;
  const guard = new SpoofGuard({ host, savedPackets: () => `# Generated\n${saved('raw')}COMMIT\n*filter\nCOMMIT\n` });
  await guard.start();
  expect(await guard.apply(state(port), always)).toEqual(fine);
  expect(names().slice(before)).toEqual(['ebtables-save']);
  guard.distrust();
  await guard.apply(state(port), always);
  expect(names().slice(before)).toEqual(['ebtables-save', 'ebtables-save', 'ip6tables-save']);
});

it('reads the tables once for a start and the first pass', async () => {
  const guard = new SpoofGuard({ host });
  await guard.start();
  await guard.apply(state(filteredPort('tap1')), always);
  expect(names().filter((name) => name === 'ebtables-save')).toHaveLength(1);
});

it('starts without ebtables, and says what to do', async () => {
  fails = () => 'not installed';
  const told: object[] = [];
  const logger = { ...silentLogger, error: (fields: object) => void told.push(fields) };
  await new SpoofGuard({ host, logger }).start();
  expect(told).toMatchObject([{ remedy: expect.stringContaining('package ebtables') }]);
});

it('ends only the file of ip6tables with COMMIT: the legacy flavour of ebtables takes that for a rule', async () => {
  await new SpoofGuard({ host }).apply(state(filteredPort('tap1')), always);
  const ends = host.exec.ran.flatMap(({ argv, stdin }) => (stdin ? [[argv[0], /^COMMIT$/m.test(stdin)]] : []));
  expect(Object.fromEntries(ends)).toEqual({ 'ebtables-restore': false, 'ip6tables-restore': true });
});

it('notices that a tap with rules is gone though no port changed', async () => {
  const guard = new SpoofGuard({ host });
  const port = filteredPort('tap1');
  await guard.apply(state(port, filteredPort('tap2')), always);
  await guard.apply(state(port), always);
  expect([...tables.nat!.keys()]).toContain('neutronMAC-tap2');
  await guard.apply(state(port), (tap) => tap === 'tap1');
  expect([...tables.nat!.keys()]).not.toContain('neutronMAC-tap2');
});

it('needs no ebtables where nothing is guarded', async () => {
  fails = () => 'not installed';
  const guard = new SpoofGuard({ host });
  expect(await guard.apply(state(filteredPort('tap1', { filter: 'open' })), always)).toEqual(fine);
  await expect(guard.apply(state(filteredPort('tap1')), always)).rejects.toThrow('not installed');
});

it('looks again when another agent changed what it relied on', async () => {
  const guard = new SpoofGuard({ host });
  const ports = ['tap1', 'tap2', 'tap3', 'tap4', 'tap5'].map((tap) => filteredPort(tap));
  await guard.apply(state(...ports), always);
  tables.nat = emptyTable();
  expect(await guard.apply(state(...ports, filteredPort('tap6')), always)).toEqual(fine);
  for (const tap of ['tap1', 'tap6']) expect([...tables.nat.keys()]).toContain(`neutronMAC-${tap}`);
});

it('says of a port that cannot be guarded that it is closed, and why; others are guarded', async () => {
  const guard = new SpoofGuard({ host });
  const { closed } = await guard.apply(state(filteredPort('tap1', { fixedIps: ['x'] }), filteredPort('tap2')), always);
  expect(closed).toEqual(new Map([['tap1', '"x" is no address and no CIDR']]));
  expect([...tables.nat!.keys()]).toEqual(expect.arrayContaining(['neutrino-closed', 'neutronMAC-tap2']));
});

describe('when nothing can be written', () => {
  const broken = (argv: readonly string[]) => (argv[0] === 'ebtables-restore' ? 'a reason' : null);

  it('ports without rules are closed, those with older ones late, and it is tried again', async () => {
    const guard = new SpoofGuard({ host });
    const kept = filteredPort('tapkept');
    await guard.apply(state(kept, filteredPort('taplate')), always);
    fails = broken;
    const now = [
      kept,
      filteredPort('taplate', { fixedIps: ['10.0.0.9'] }),
      filteredPort('tapnew'),
      filteredPort('tapopen', { filter: 'open' }),
    ];
    const { closed, late } = await guard.apply(state(...now), always);
    expect([...closed.keys()]).toEqual(['tapnew']);
    expect([...late.keys()]).toEqual(['taplate']);
    expect(closed.get('tapnew')).toContain('a reason');
    fails = () => null;
    expect(await guard.apply(state(...now), always)).toEqual(fine);
    expect([...tables.nat!.keys()]).toContain('neutronMAC-tapnew');
  });

  it('nor read, nobody knows what is in force: that is thrown, and no guest is shut for it', async () => {
    const guard = new SpoofGuard({ host });
    await guard.apply(state(filteredPort('tapkept')), always);
    fails = (argv) => (argv[0]?.startsWith('ebtables') ? 'a reason' : null);
    await expect(guard.apply(state(filteredPort('tapkept'), filteredPort('tapnew')), always)).rejects.toThrow(
      'a reason',
    );
  });

  it('a port that must be closed and is not is said to be', async () => {
    fails = broken;
    const guard = new SpoofGuard({ host });
    const { closed } = await guard.apply(state(filteredPort('tap1', { filter: 'closed' })), always);
    expect([...closed.keys()]).toEqual(['tap1']);
  });
});

describe('neighbour discovery', () => {
  it('is not guarded where ip6tables cannot do it, and that is no fault of a port', async () => {
    fails = (argv) => (argv[0] === 'ip6tables-restore' ? "Couldn't load match `u32'" : null);
    const guard = new SpoofGuard({ host });
    expect(await guard.apply(state(filteredPort('tap1')), always)).toEqual(fine);
    const before = host.exec.ran.length;
    await guard.apply(state(filteredPort('tap1'), filteredPort('tap2')), always);
    expect(
      names()
        .slice(before)
        .filter((name) => name?.startsWith('ip6')),
    ).toEqual([]);
  });

  it('goes on being guarded when somebody emptied the table meanwhile', async () => {
    const guard = new SpoofGuard({ host });
    await guard.apply(state(filteredPort('tap1')), always);
    tables.raw = emptyTable();
    for (const more of ['tap2', 'tap3']) await guard.apply(state(filteredPort('tap1'), filteredPort(more)), always);
    expect([...tables.raw.keys()]).toEqual(expect.arrayContaining(['neutrinoND-tap1', 'neutrinoND-tap3']));
  });

  it('that could not be written for another reason is late', async () => {
    fails = (argv) => (argv[0] === 'ip6tables-restore' ? 'Resource temporarily unavailable' : null);
    const guard = new SpoofGuard({ host });
    const { closed, late } = await guard.apply(state(filteredPort('tap1')), always);
    expect([[...closed.keys()], [...late.keys()]]).toEqual([[], ['tap1']]);
  });
});

it('tells what it would do and does not do it', async () => {
  const guard = new SpoofGuard({ host });
  expect(await guard.plan(state(filteredPort('tap1')), always)).toEqual([
    'ebtables -t nat: make chain neutronMAC-tap1',
    'ebtables -t nat: make chain neutronARP-tap1',
    'ebtables -t nat: make chain neutrino-types-in',
    'ebtables -t nat: make chain neutrino-types-out',
    'ebtables -t nat: chain PREROUTING: 3 jumps more',
    'ebtables -t nat: chain POSTROUTING: 1 jumps more',
    'ip6tables -t raw: make chain neutrinoND-tap1',
    'ip6tables -t raw: make chain neutrino-nd',
    'ip6tables -t raw: chain PREROUTING: 2 jumps more',
  ]);
  expect(names().filter((name) => name?.endsWith('-restore'))).toEqual([]);
});

describe('explains', () => {
  const steps = async (port: FirewallPort) =>
    (await new SpoofGuard({ host }).explain(state(port), port.tap)).map(
      ({ step, state: how, found }) => `${step} ${how}: ${found}`,
    );

  it('what is in force', async () => {
    const port = filteredPort('tap1');
    await new SpoofGuard({ host }).apply(state(port), always);
    expect(await steps(port)).toEqual([
      'mac_guard ok: in force',
      'arp_guard ok: in force',
      'type_guard ok: in force',
      'nd_guard ok: in force',
    ]);
    const [first] = await new SpoofGuard({ host }).explain(state(port), 'tap1');
    expect(first).toMatchObject({
      expected: 'frames from fa:16:3e:00:00:01 only',
      cause: 'port id-of-tap1',
      check: 'ebtables -t nat -L neutronMAC-tap1',
    });
  });

  it('what is missing, too much, or not entered', async () => {
    const port = filteredPort('tap1');
    await new SpoofGuard({ host }).apply(state(port), always);
    tables.nat = restored(tables.nat!, [
      '-I neutronMAC-tap1 -j RETURN',
      '-D PREROUTING -p 0x806 -i tap1 -j neutronARP-tap1',
      '-D neutrino-types-out -o tap1 -j DROP',
    ]);
    tables.raw = emptyTable();
    expect(await steps(port)).toEqual([
      'mac_guard fault: in neutronMAC-tap1, of somebody else: -j RETURN',
      'arp_guard fault: not in PREROUTING: -p 0x806 -i tap1 -j neutronARP-tap1',
      'type_guard fault: not in neutrino-types-out: -o tap1 -j DROP',
      'nd_guard fault: no chain neutrinoND-tap1',
    ]);
  });

  it('ports that are open, shut, or cannot be guarded', async () => {
    expect(await steps(filteredPort('tap1', { filter: 'open' }))).toEqual([
      'mac_guard not_applicable: nothing: port security is off, or its owner is trusted',
    ]);
    const closed = filteredPort('tap1', { filter: 'closed' });
    expect(await steps(closed)).toEqual(['mac_guard fault: not shut']);
    await new SpoofGuard({ host }).apply(state(closed), always);
    expect(await steps(closed)).toEqual(['mac_guard waiting: shut']);
    expect(await steps(filteredPort('tap1', { fixedIps: ['x'] }))).toEqual([
      'mac_guard fault: "x" is no address and no CIDR',
    ]);
  });
});

it('says what it could not guard, while neighbour discovery waits for the lock of who waits for it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-guard-'));
  try {
    const guard = new SpoofGuard({ host, lockPaths: [folder] });
    fails = ([program]) => (program === 'ebtables-restore' ? 'out of order' : null);
    const said = Promise.withResolvers<ReadonlyMap<string, string>>();
    const together = { unguarded: new Promise<never>(() => {}), guarded: said.resolve };
    let applied: Promise<unknown> = Promise.resolve();
    await withHostLocks('iptables', [folder], async () => {
      applied = guard.apply(state(filteredPort('tap1')), always, together);
      expect([...(await said.promise).keys()]).toEqual(['tap1']);
      expect(names()).not.toContain('ip6tables-restore');
    });
    await applied;
    expect(names()).toContain('ip6tables-restore');
  } finally {
    await rm(folder, { recursive: true });
  }
});
