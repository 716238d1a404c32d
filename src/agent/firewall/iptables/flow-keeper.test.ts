import { beforeEach, expect, it } from 'vitest';
import { FakeExec } from '../../../linux/fake/exec.ts';
import type { PortPlan } from './desired.ts';
import { FlowKeeper } from './flow-keeper.ts';

let exec: FakeExec;
let keeper: FlowKeeper;
/** What is followed, as `conntrack -L` prints it; null: the program fails. */
let followed: string | null;

beforeEach(() => {
  exec = new FakeExec();
  keeper = new FlowKeeper(exec);
  followed = null;
  exec.answer((argv) => {
    if (argv[1] !== '-L') return {};
    if (followed === null) return { code: 2, stderr: 'conntrack: Operation not permitted\n' };
    const lines = followed.split(/(?<=\n)/).filter((line) => line.includes(`zone=${argv[argv.indexOf('-w') + 1]} `));
    return argv.includes('ipv4') ? { stdout: lines.join('') } : {};
  });
});

const flow = (source: string, zone: number) =>
  `tcp      6 99 ESTABLISHED src=${source} dst=192.0.2.1 sport=4000 dport=80 src=192.0.2.1 dst=${source} sport=80 dport=4000 [ASSURED] mark=0 zone=${zone} use=1\n`;

const ofZone = (zone: number) => ({ tracking: { zone } }) as PortPlan;

function loseMany(zone: number, count: number): void {
  for (let at = 0; at < count; at++) keeper.lose(ofZone(zone), [`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`]);
}

const ended = () =>
  exec.ran.flatMap(
    ({ stdin }) =>
      stdin?.split('\n').flatMap((line) => /-w (\d+) .*-s (\S+)/.exec(line)?.slice(1, 3).join(' ') ?? []) ?? [],
  );

it('what is lost is kept until it could be ended', async () => {
  loseMany(4097, 2);
  await expect(keeper.settle(new Map(), new Map())).rejects.toThrow('not permitted');
  followed = flow('10.0.0.1', 4097) + flow('10.0.0.2', 4097);
  expect(await keeper.settle(new Map(), new Map())).toBe(1);
  expect(ended()).toEqual(['4097 10.0.0.1']);
  expect(keeper.isIdle).toBe(true);
});

it('where addresses without end are lost, their zones are kept: whoever is not here was lost', async () => {
  loseMany(4097, 20_000);
  loseMany(4098, 2);
  await expect(keeper.settle(new Map(), new Map())).rejects.toThrow('not permitted');
  followed = flow('10.9.9.9', 4097) + flow('10.0.0.1', 4098) + flow('10.9.9.9', 4098) + flow('10.9.9.9', 4099);
  expect(await keeper.settle(new Map(), new Map())).toBe(2);
  expect(ended().sort()).toEqual(['4097 10.9.9.9', '4098 10.0.0.1']);
  expect(keeper.isIdle).toBe(true);
});

it('a tap that is gone is waited for no longer', async () => {
  loseMany(4097, 1);
  keeper.recheck('tapaaaaaaaa-aa');
  await expect(keeper.settle(new Map(), new Map())).rejects.toThrow('not permitted');
  expect([...keeper.waiting]).toEqual([]);
});
