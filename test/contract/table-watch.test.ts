import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/lib/log.ts';
import type { OpenHandlers } from '../../src/linux/exec/client.ts';
import { NftablesWatch } from '../../src/linux/table-watch.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { openRemoteHost, type RemoteHost } from '../support/remote-host.ts';
import { until } from '../support/wait.ts';

let lab: Lab;
let host: EmulatedHost;
let remote: RemoteHost;
beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'watched1', wires: [] });
  remote = await openRemoteHost(host);
});
afterAll(async () => {
  await remote.close();
  await lab.close();
});

const isQuiet = () => remote.call<boolean>('areTablesQuiet');

describe('tables of nftables', () => {
  beforeEach(async () => {
    await isQuiet();
    expect(await isQuiet()).toBe(true);
  });

  it('are quiet while they are only read', async () => {
    for (const argv of [
      ['iptables-nft-save'],
      ['ip6tables-nft-save'],
      ['ebtables-nft-save'],
      ['ipset', 'list', '-n'],
    ]) {
      await host.run(argv);
    }
    expect(await isQuiet()).toBe(true);
  });

  const rule = ['FORWARD', '-s', '192.0.2.1', '-j', 'DROP'];
  it.each([
    ['iptables-nft', '-A', ...rule],
    ['iptables-nft', '-D', ...rule],
    ['ip6tables-nft', '-P', 'FORWARD', 'DROP'],
    ['ip6tables-nft', '-P', 'FORWARD', 'ACCEPT'],
    ['ebtables-nft', '-N', 'somebody'],
    ['ebtables-nft', '-t', 'nat', '-A', 'PREROUTING', '-s', '02:00:00:00:00:77', '-j', 'DROP'],
    ['ebtables-nft', '-t', 'nat', '-F'],
  ])('are not after %s %s %s', async (...argv) => {
    await host.run(argv);
    expect(await isQuiet()).toBe(false);
    expect(await isQuiet()).toBe(true);
  });

  it('are not when more was changed than the socket holds', async () => {
    const chains = Array.from({ length: 2_000 }, (_, at) => `:many${at} - [0:0]`);
    await host.run(['iptables-nft-restore', '--noflush'], { stdin: `*filter\n${chains.join('\n')}\nCOMMIT\n` });
    expect(await isQuiet()).toBe(false);
    expect(await isQuiet()).toBe(true);
  });

  it('are not when the watch was killed, or let go on', async () => {
    for (const signal of ['KILL', 'CONT']) {
      const [pid] = await monitors();
      await host.run(['kill', `-${signal}`, pid!]);
      expect(await isQuiet()).toBe(false);
      expect(await isQuiet()).toBe(true);
    }
    expect(await monitors()).toHaveLength(1);
  });

  it('are not when the helper was killed: the watch goes with it', async () => {
    const [before] = await monitors();
    const helper = await remote.call<number>('helperPid');
    await host.run(['kill', '-KILL', String(helper)]);
    await until('it is gone', async () => !(await monitors()).includes(before!));
    expect(await isQuiet()).toBe(false);
    expect(await isQuiet()).toBe(true);
  });
});

it('is done without where there is no such program', async () => {
  const opened: string[] = [];
  const exec = {
    open: (argv: readonly string[], handlers: OpenHandlers) => {
      opened.push(argv.join(' '));
      setImmediate(() => handlers.onExit('xtables-monitor is not installed (Debian package iptables)'));
      return { stop() {}, close() {} };
    },
  };
  const watch = new NftablesWatch(exec, silentLogger);
  for (let look = 0; look < 3; look++) expect(await watch.isQuiet()).toBe(false);
  expect(opened).toHaveLength(1);
});

/** Of the host, by its own ids. */
async function monitors(): Promise<string[]> {
  const { stdout } = await host.run(['pgrep', '-x', 'xtables-monitor'], { okCodes: [0, 1] });
  return stdout.split('\n').filter(Boolean);
}
