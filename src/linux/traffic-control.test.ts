import { describe, expect, it } from 'vitest';
import { FakeHost } from './fake/host.ts';
import { applyTraffic, canPolice, readTraffic } from './traffic-control.ts';

const tap = 'tapaaaaaaaa-aa';

describe('what there is', () => {
  /** As iproute2 6.1 prints it. */
  const qdiscs = [
    { kind: 'noqueue', dev: 'lo', root: true, options: {} },
    { kind: 'tbf', handle: '8001:', dev: tap, root: true, options: { rate: 1_000_000, burst: 50_000, lat: 50_000 } },
    { kind: 'ingress', handle: 'ffff:', dev: tap, parent: 'ffff:fff1', options: {} },
    { kind: 'clsact', handle: 'ffff:', dev: 'eth0', parent: 'ffff:fff1', options: {} },
  ];
  const head = [
    { protocol: 'all', pref: 49, kind: 'u32', chain: 0 },
    { protocol: 'all', pref: 49, kind: 'u32', chain: 0, options: { fh: '800:', ht_divisor: 1 } },
  ];
  const rule = (...actions: object[]) => ({
    ...{ protocol: 'all', pref: 49, kind: 'u32', chain: 0, options: { fh: '800::800', actions } },
  });

  function hostWith(filters: readonly object[]): FakeHost {
    const host = new FakeHost();
    host.exec.answer((argv) => {
      if (argv.join(' ') === 'tc -j qdisc show') return { stdout: JSON.stringify(qdiscs) };
      if (argv[0] === 'ip') return { stdout: '[{"ifname":"ifb0"},{}]' };
      return argv.includes('-batch') ? { stdout: `${JSON.stringify(filters)}\n` } : undefined;
    });
    return host;
  }

  async function filterOf(...filters: object[]) {
    const { entrances } = await readTraffic(hostWith([...head, ...filters]).exec, new Set([tap]));
    return entrances.get(tap);
  }

  it('is read with two looks, and one at the filters of the devices that are asked for', async () => {
    const host = hostWith([]);
    const state = await readTraffic(host.exec, new Set([tap]));
    expect(state.roots.get('lo')).toEqual({ kind: 'noqueue' });
    expect(state.roots.get(tap)).toEqual({ kind: 'tbf', shape: { rate: 1_000_000, burst: 50_000 } });
    expect([...state.entrances]).toEqual([[tap, { kind: 'ingress', filter: null, others: false }]]);
    expect([...state.detours]).toEqual(['ifb0']);
    expect(host.exec.ran.at(-1)?.stdin).toBe(`filter show dev ${tap} ingress\n`);
    expect(host.exec.ran).toHaveLength(3);
  });

  it('knows by its cookie what a police lets pass', async () => {
    const police = { kind: 'police', control_action: { type: 'drop' }, cookie: '00000000000f4240000000000000c350' };
    const shape = { rate: 1_000_000, burst: 50_000 };
    expect(await filterOf(rule(police))).toMatchObject({ filter: { kind: 'police', shape } });
    expect(await filterOf(rule({ ...police, cookie: undefined }))).toMatchObject({ filter: { kind: 'other' } });
    expect(await filterOf(rule(police), rule(police))).toMatchObject({ filter: { kind: 'other' } });
  });

  it('tells where packets are sent, and filters of others', async () => {
    const mirred = { kind: 'mirred', mirred_action: 'redirect', direction: 'egress', to_dev: 'ifbaaaaaaaa-aa' };
    const filter = { kind: 'redirect', to: 'ifbaaaaaaaa-aa' };
    expect(await filterOf(rule(mirred))).toEqual({ kind: 'ingress', filter, others: false });
    expect(await filterOf(rule(mirred), { pref: 1, kind: 'matchall' })).toMatchObject({ filter, others: true });
  });

  it('is not guessed when a device goes meanwhile', async () => {
    const host = hostWith([]);
    host.exec.answer((argv) => (argv.includes('-batch') ? { stdout: '', code: 1 } : undefined));
    await expect(readTraffic(host.exec, new Set([tap]))).rejects.toThrow('devices went away');
  });
});

describe('what is to be done', () => {
  it('is done in one run of each program', async () => {
    const host = new FakeHost();
    const shape = { rate: 1_000_000, burst: 50_000 };
    const failed = await applyTraffic(host, [
      { op: 'make_detour', name: 'ifb1' },
      { op: 'shape', device: 'ifb1', ...shape, limit: 100_000 },
      { op: 'open_entrance', device: tap },
      { op: 'redirect', device: tap, to: 'ifb1' },
      { op: 'unfilter', device: 'tapb' },
      { op: 'police', device: 'tapb', ...shape },
      { op: 'close_entrance', device: 'tapc' },
      { op: 'unshape', device: 'tapc' },
      { op: 'delete_detour', name: 'ifb2' },
    ]);
    expect(failed).toEqual([]);
    const ran = host.exec.ran.map(({ argv, stdin }) => [argv.join(' '), ...(stdin?.trim().split('\n') ?? [])]);
    const all = (device: string) => `filter add dev ${device} ingress protocol all pref 49 u32 match u32 0 0 action`;
    expect(ran).toEqual([
      ['ip -force -batch -', 'link add name ifb1 type ifb', 'link set dev ifb1 up'],
      [
        'tc -force -batch -',
        'qdisc replace dev ifb1 root tbf rate 8000000bit burst 50000b limit 100000b',
        `qdisc add dev ${tap} ingress`,
        `${all(tap)} mirred egress redirect dev ifb1`,
        'filter del dev tapb ingress pref 49',
        `${all('tapb')} police rate 8000000bit burst 50000b mtu 65535 conform-exceed drop/pass cookie 00000000000f4240000000000000c350`,
        'qdisc del dev tapc ingress',
        'qdisc del dev tapc root',
      ],
      ['ip -force -batch -', 'link del dev ifb2'],
    ]);
  });

  it('tells what failed and why; a device that is gone needs nothing', async () => {
    const host = new FakeHost();
    const stderr = [
      'Cannot find device "tapa"',
      'Command failed -:1',
      'Error: Specified qdisc kind is unknown.',
      'Command failed -:2',
      '',
    ].join('\n');
    host.exec.answer((argv) => (argv[0] === 'tc' ? { code: 1, stderr } : undefined));
    const operations = ['tapa', 'tapb', 'tapc'].map((device) => ({ op: 'unshape' as const, device }));
    expect(await applyTraffic(host, operations)).toEqual([
      { operation: operations[1], reason: 'Error: Specified qdisc kind is unknown.' },
    ]);
  });

  it.each([
    { stderr: 'RTNETLINK answers: Invalid argument\nWe have an error talking to the kernel', can: true },
    { stderr: 'Error: Failed to load TC action module.\nWe have an error talking to the kernel', can: false },
  ])('polices where the kernel can: $stderr', async ({ stderr, can }) => {
    const host = new FakeHost();
    host.exec.answer(() => ({ code: 255, stderr }));
    expect(await canPolice(host.exec)).toBe(can);
  });
});
