import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  applyAddressLimits,
  type DeviceLimits,
  isEmpty,
  planAddressLimits,
  readAddressLimits,
} from '../../src/linux/address-limits.ts';
import { canPolice } from '../../src/linux/traffic-control.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { openRemoteHost, type RemoteHost } from '../support/remote-host.ts';

/** Limits of single addresses in a real kernel: what is written is what is read, and a second look finds nothing to do. */
let lab: Lab;
let host: EmulatedHost;
let linux: RemoteHost;
let means: 'police' | 'detour';

const ns = 'router';
const qg = 'qg-aaaaaaaa-aa';

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'limits1', wires: [] });
  linux = await openRemoteHost(host);
  await linux.ensureNetns(ns);
  await host.ipBatch([`link add ${qg} type veth peer name out`, `link set ${qg} up`, 'link set out up'], ns);
  means = (await canPolice(linux.exec)) ? 'police' : 'detour';
});
afterAll(async () => {
  await linux?.close();
  await lab.close();
});

const limitOf = (last: number, kbps: number) => ({ address: `203.0.113.${last}`, rate: kbps * 125, burst: kbps * 100 });

async function ensure(wanted: DeviceLimits): Promise<boolean> {
  const commands = planAddressLimits(qg, wanted, await readAddressLimits(linux.exec, ns, qg), means);
  await applyAddressLimits(linux.exec, ns, commands);
  return !isEmpty(commands);
}

describe('limits of addresses', () => {
  it.each<[string, DeviceLimits]>([
    ['some', { out: [limitOf(7, 1000), limitOf(8, 2000)], in: [limitOf(7, 1500)] }],
    ['others, faster, fewer', { out: [limitOf(8, 64), limitOf(9, 10_000_000)], in: [limitOf(7, 3333), limitOf(9, 1)] }],
    ['one way only', { out: [], in: [limitOf(9, 100)] }],
    ['the other way only', { out: [limitOf(9, 100)], in: [] }],
    ['none', { out: [], in: [] }],
  ])('are in force after one pass: %s', async (_, wanted) => {
    expect(await ensure(wanted)).toBe(true);
    expect(await ensure(wanted)).toBe(false);
  });

  it('leave nothing behind', async () => {
    const qdiscs = await host.json<{ kind: string; dev: string }[]>(['tc', '-j', 'qdisc', 'show'], { netns: ns });
    expect(qdiscs.filter(({ kind }) => kind === 'htb' || kind === 'ingress')).toEqual([]);
    expect((await host.links(ns)).filter((name) => name.startsWith('ifb'))).toEqual([]);
  });

  it('come back when somebody took one away', async () => {
    const wanted = { out: [limitOf(7, 1000)], in: [limitOf(7, 1000)] };
    await ensure(wanted);
    await host.run(['tc', 'filter', 'del', 'dev', qg, 'ingress', 'pref', '1'], { netns: ns });
    expect(await ensure(wanted)).toBe(true);
    expect(await ensure(wanted)).toBe(false);
  });
});
