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

it.each([{ helper: 'ftp -j ACCEPT' }, { id: 'a\n-F\n' }])('with anything but words is none: %j', async (more) => {
  const bench = await tried({ ...ftp, ...more });
  expect(bench.rules()).toEqual([]);
  expect(bench.derive().problems).toMatchObject([{ resource: 'conntrack_helper', id: more.id ?? ftp.id }]);
  expect(bench.host.exec.ran).toEqual([]);
});

it('is tried by one of two that come at once, and neither takes the place away from the other', async () => {
  const bench = await partBench(new ConntrackHelperPart(), { answers: bulk(ftp) });
  const seen: string[] = [];
  bench.host.exec.answer(([program = ''], { stdin = '', netns }) => {
    if (!program.endsWith('-restore') || !stdin.includes('--helper')) return undefined;
    seen.push(program);
    // As a command that is sent into one that is gone.
    expect(() => bench.host.namespace(netns)).not.toThrow();
    return undefined;
  });
  await Promise.all([bench.prepare(), bench.prepare()]);
  expect(seen).toEqual(['iptables-restore', 'ip6tables-restore']);
  expect(bench.derive().problems).toEqual([]);
});

it('is tried again when the place was taken away meanwhile: that is no word of the kernel', async () => {
  const bench = await tried(ftp, () => false);
  let isGone = true;
  bench.host.exec.answer(([program = ''], { stdin = '' }) =>
    isGone && program.endsWith('-restore') && stdin.includes('2121')
      ? { code: 1, stderr: 'nsenter: cannot open /run/netns/neutrino-trial-1: No such file or directory' }
      : undefined,
  );
  const more = { ...ftp, id: 'dddddddd-1', port: 2121 };
  bench.transport.answer(bulk(more));
  await expect(bench.prepare()).rejects.toThrow('No such file');
  isGone = false;
  await bench.prepare();
  expect(bench.derive().problems).toEqual([]);
  expect(bench.rules(4)).toContain('raw cth-ddddddd -p tcp -m tcp --dport 2121 -j CT --helper ftp');
});

it('what an agent that was killed tried them in is taken away, and nothing of one that lives', async () => {
  const own = `neutrino-trial-${process.pid}`;
  const part = new ConntrackHelperPart();
  const given = await partBench(new ConntrackHelperPart());
  for (const name of ['neutrino-trial-4194305', own, 'neutrino-trial-x', 'qrouter-1'])
    await given.host.ensureNetns(name);
  await part.start(given.context);
  expect(await given.host.listNetns()).toEqual([own, 'neutrino-trial-x', 'qrouter-1'].sort());
});
