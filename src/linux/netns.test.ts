import { expect, it } from 'vitest';
import { CommandFailed } from './contract.ts';
import { FakeExec } from './fake/exec.ts';
import { ensureNetns } from './netns.ts';

/** A namespace that is there; `ip -n` fails once with this. */
function execWhere(stderr: string): FakeExec {
  const exec = new FakeExec();
  let fails = true;
  exec.answer((argv) => {
    if (argv[2] === 'add') return fails ? { code: 1, stderr: 'Cannot create namespace file: File exists\n' } : {};
    if (argv[1] !== '-n' || !fails) return undefined;
    fails = false;
    return { code: 255, stderr };
  });
  return exec;
}

it.each([
  'setting the network namespace "qdhcp-1" failed: Invalid argument\n',
  "nsenter: reassociate to namespace 'ns/net' failed: Invalid argument\n",
])('makes a namespace anew whose mount is gone: %j', async (stderr) => {
  const exec = execWhere(stderr);
  await ensureNetns(exec, 'qdhcp-1');
  expect(exec.lines()).toEqual([
    'ip netns add qdhcp-1',
    'ip -n qdhcp-1 link set dev lo up',
    'ip netns delete qdhcp-1',
    'ip netns add qdhcp-1',
    'ip -n qdhcp-1 link set dev lo up',
  ]);
});

it('does not take away one in which something fails', async () => {
  const exec = execWhere('RTNETLINK answers: Cannot allocate memory\n');
  await expect(ensureNetns(exec, 'qdhcp-1')).rejects.toThrow(CommandFailed);
  expect(exec.lines()).toEqual(['ip netns add qdhcp-1', 'ip -n qdhcp-1 link set dev lo up']);
});
