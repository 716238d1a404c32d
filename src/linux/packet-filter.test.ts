import { expect, it } from 'vitest';
import { FakeExec } from './fake/exec.ts';
import { PacketFilter } from './packet-filter.ts';

const table = (name: string, rules = 1) =>
  `*${name}\n:X - [0:0]\n${'-A X -j ACCEPT -m comment --comment "of somebody else, and long"\n'.repeat(rules)}COMMIT\n`;

/** @param printed by `…-save` without a table, by program; a program that is missing fails */
function filterWhere(printed: Record<string, string>) {
  const exec = new FakeExec();
  exec.answer(([program, option, name]) => {
    const all = printed[program!];
    if (all === undefined) return { code: 1, stderr: 'no such table' };
    if (option === undefined) return { code: 0, stdout: all };
    return { code: 0, stdout: `*${name}\nCOMMIT\n` };
  });
  return { exec, filter: new PacketFilter(exec, 'iptables') };
}

it('reads all tables by one process, and what was read at first only once', async () => {
  const all = `${table('nat')}${table('raw')}${table('filter')}`;
  const { exec, filter } = filterWhere({ 'iptables-save': all });
  await filter.open(['raw', 'filter']);
  expect(await filter.save(['raw', 'filter'])).toBe(all);
  expect(exec.lines()).toEqual(['iptables-save']);
  await filter.save(['raw', 'filter']);
  expect(exec.lines()).toEqual(['iptables-save', 'iptables-save']);
});

it('asks by name for a table that was never used', async () => {
  const { exec, filter } = filterWhere({ 'iptables-save': table('filter') });
  expect(await filter.save(['raw', 'filter'])).toBe(`${table('filter')}*raw\nCOMMIT\n`);
  expect(exec.lines()).toEqual(['iptables-save', 'iptables-save -t raw', 'iptables-save -t raw']);
});

it('takes another flavour where the host’s own does not work, and nothing of what that one printed', async () => {
  const { exec, filter } = filterWhere({ 'iptables-legacy-save': `${table('raw')}${table('filter')}` });
  await filter.open(['raw', 'filter']);
  exec.ran.length = 0;
  await filter.save(['raw', 'filter']);
  await filter.save(['raw', 'filter']);
  expect(exec.lines()).toEqual(['iptables-legacy-save']);
  await filter.restore('*filter\nCOMMIT\n').catch(() => {});
  expect(exec.lines().at(-1)).toBe('iptables-legacy-restore --noflush -w 10');
});

it('forgets the first picture when it changed something', async () => {
  const all = `${table('raw')}${table('filter')}`;
  const { exec, filter } = filterWhere({ 'iptables-save': all, 'iptables-restore': '' });
  await filter.open(['raw', 'filter']);
  await filter.restore('*filter\nCOMMIT\n');
  await filter.save(['raw', 'filter']);
  expect(exec.lines().filter((line) => line === 'iptables-save')).toHaveLength(2);
});

it('leaves the tables of others alone where they are the larger part', async () => {
  const { exec, filter } = filterWhere({ 'iptables-save': `${table('nat', 5000)}${table('raw')}${table('filter')}` });
  await filter.save(['raw', 'filter']);
  exec.ran.length = 0;
  await filter.save(['raw', 'filter']);
  expect(exec.lines()).toEqual(['iptables-save -t raw', 'iptables-save -t filter']);
});
