import { expect, it } from 'vitest';
import { conntrackHelperObject } from '../../../rpc/contract.ts';
import { ConntrackHelperPart } from './conntrack-helper.ts';
import { partBench, routerId, versioned } from './testing.ts';

const ftp = { id: 'cccccccc-1', router_id: routerId, protocol: 'tcp', port: 21, helper: 'ftp' };
const bulk = (...objects: object[]) => ({
  bulk_pull: objects.map((object) => versioned(conntrackHelperObject, object as Record<string, unknown>)),
});

async function tried(object: object, refuses: (program: string) => boolean = () => false) {
  const bench = await partBench(new ConntrackHelperPart(), { answers: bulk(object) });
  bench.host.exec.answer(([program = ''], { stdin = '' }) =>
    program.endsWith('-restore') && stdin.includes('--helper') && refuses(program)
      ? { code: 1, stderr: 'RULE_APPEND failed (No such file or directory)' }
      : undefined,
  );
  await bench.prepare();
  return bench;
}

it('is asked for by router, tried, and has a rule in both families', async () => {
  const bench = await tried(ftp);
  expect(bench.transport.argsOf('bulk_pull')).toMatchObject([{ filter_kwargs: { router_id: [routerId] } }]);
  const expected = [
    'raw PREROUTING -j cth',
    'raw cth -j cth-ccccccc',
    'raw cth-ccccccc -p tcp -m tcp --dport 21 -j CT --helper ftp',
  ];
  expect(bench.rules(4)).toEqual(expected);
  expect(bench.rules(6)).toEqual(expected);
});

it('is tried once, away from routers, and nothing of it stays', async () => {
  const bench = await tried(ftp);
  await bench.prepare();
  const restores = bench.host.exec.ran.filter(({ argv }) => argv[0]!.endsWith('-restore'));
  expect(restores.map(({ netns }) => netns)).toEqual([expect.stringMatching(/^neutrino-trial-/), restores[0]!.netns]);
  expect(await bench.host.listNetns()).toEqual([]);
});

it('that is pushed is tried before the router is looked at', async () => {
  const bench = await tried(ftp);
  await bench.push(conntrackHelperObject, { ...ftp, id: 'dddddddd-1', port: 2121 }, 'created');
  expect(bench.refreshed).toEqual([[routerId]]);
  expect(bench.rules(4)).toContain('raw cth-ddddddd -p tcp -m tcp --dport 2121 -j CT --helper ftp');
});

it('that the kernel does not have is a problem of the router, and no rule', async () => {
  const bench = await tried(ftp, () => true);
  expect(bench.rules()).toEqual([]);
  expect(bench.derive().problems).toMatchObject([{ resource: 'conntrack_helper', id: ftp.id }]);
});

it('that the kernel has for one family has a rule there', async () => {
  const bench = await tried({ ...ftp, helper: 'pptp', port: 1723 }, (program) => program.startsWith('ip6'));
  expect(bench.rules(4)).toHaveLength(3);
  expect(bench.rules(6)).toEqual([]);
  expect(bench.derive().problems).toEqual([]);
});

it('with anything but words is none', async () => {
  const bench = await tried({ ...ftp, helper: 'ftp -j ACCEPT' });
  expect(bench.rules()).toEqual([]);
  expect(bench.derive().problems).toMatchObject([{ resource: 'conntrack_helper', id: ftp.id }]);
  expect(bench.host.exec.ran).toEqual([]);
});
