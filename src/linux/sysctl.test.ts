import { expect, it } from 'vitest';
import { FakeExec } from './fake/exec.ts';
import { isOfMissingIpv6, readSysctl, sysctlPath, writeSysctl } from './sysctl.ts';

it.each([
  ['net.ipv4.ip_forward', '/proc/sys/net/ipv4/ip_forward'],
  ['net/ipv6/conf/eth0.100/disable_ipv6', '/proc/sys/net/ipv6/conf/eth0.100/disable_ipv6'],
])('finds %s', (key, path) => {
  expect(sysctlPath(key)).toBe(path);
});

it.each(['net/../../etc/passwd', '/net/ipv4', 'net', 'net/ipv4/a b', ''])('refuses %j', (key) => {
  expect(() => sysctlPath(key)).toThrow(/not a name/);
});

it('reads a setting of this kernel', async () => {
  expect(await readSysctl('kernel.ostype')).toBe('Linux');
});

it('sets one in another namespace by a command, and no value that is more than one', async () => {
  const exec = new FakeExec();
  await writeSysctl('net.ipv4.ip_forward', '1', { exec, netns: 'qdhcp-1' });
  expect(exec.lines()).toEqual(['[qdhcp-1] sysctl -q -w net/ipv4/ip_forward=1']);
  await expect(writeSysctl('net.ipv4.ip_forward', '1\n2', { exec, netns: 'x' })).rejects.toThrow(/not a value/);
});

it('has nothing to set of IPv6 where the kernel has none', () => {
  expect(isOfMissingIpv6('net/ipv6/conf/brq1/disable_ipv6', () => false)).toBe(true);
  expect(isOfMissingIpv6('net/ipv6/conf/brq1/disable_ipv6', () => true)).toBe(false);
  expect(isOfMissingIpv6('net/ipv4/ip_forward', () => false)).toBe(false);
});
