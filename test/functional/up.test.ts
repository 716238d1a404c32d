import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentNames, serverName } from '../../src/onehost/instance.ts';
import type { Agent } from '../../src/resources/shapes.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { OneHost } from '../support/onehost.ts';
import { project } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/** `neutrino up` when things go wrong, or are asked for otherwise. */
let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const programs = [serverName, ...agentNames];

async function pidOf(host: EmulatedHost, program: string): Promise<number | undefined> {
  return (await host.processes()).find(({ command }) => command.startsWith(program))?.pid;
}

describe('kill -9', () => {
  let host: EmulatedHost;
  let one: OneHost;
  beforeAll(async () => {
    host = await lab.addHost({ name: 'killed' });
    one = new OneHost(host);
    await one.start();
  });
  afterAll(() => one?.[Symbol.asyncDispose]());

  it('of any program: it is started again, and told', async () => {
    for (const program of programs) {
      const pid = await until(program, () => pidOf(host, program));
      await host.run(['kill', '-9', String(pid)]);
      const next = await until(`${program} again`, async () => {
        const found = await pidOf(host, program);
        return found !== pid && found;
      });
      expect(next).not.toBe(pid);
      await until('what is said', () => one.up.recentOutput.includes(`${program} was ended by SIGKILL`));
    }
    await until('an answer', async () => (await one.api.list('agent')).every((agent) => agent.alive));
  });

  it('of neutrino up itself: the programs end with it, and the next start finds a free folder', async () => {
    const before = await Promise.all(programs.map((program) => pidOf(host, program)));
    expect(before).not.toContain(undefined);
    await one.up.kill9();
    // At once: it waits for those that have not ended yet.
    await one.start();
    const after = await Promise.all(programs.map((program) => pidOf(host, program)));
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(await one.interrupt()).toBe(0);
  });
});

describe('a kernel that does not filter bridges', () => {
  it('has no bridge agent: it says so behind its name, with the remedy, and everything else works', async () => {
    const host = await lab.addHost({ name: 'nobrnf' });
    // As without the module: there are no such settings, and modprobe finds none.
    await host.run(['mount', '-t', 'tmpfs', 'none', '/proc/sys/net/bridge']);
    await host.run(['mount', '--bind', '/bin/false', await commandPath(host, 'modprobe')]);
    await using one = new OneHost(host);
    one.up.start();
    await one.up.ready('its summary', () => /Ctrl-C/.test(one.up.recentOutput), 60_000);
    expect(one.up.recentOutput).toMatch(
      /^ {2}Linux bridge agent +does not come up: .*firewall_driver.*br_netfilter.*noop$/m,
    );
    expect(one.up.recentOutput).toMatch(/^ {2}DHCP agent +alive on nobrnf$/m);
    expect(one.up.recentOutput).not.toMatch(/in force|isolated/);
    expect(await one.interrupt()).toBe(0);
    // The remedy that needs no other kernel.
    const file = join(host.folder, 'own.conf');
    await writeFile(file, '[securitygroup]\nfirewall_driver = noop\n');
    await using open = new OneHost(host, { options: ['--config-file', file] });
    await open.start();
    expect(open.up.output).toContain('Nothing is isolated: firewall_driver is noop');
  });
});

async function commandPath(host: EmulatedHost, command: string): Promise<string> {
  return (await host.read(['sh', '-c', 'readlink -f "$(command -v "$0")"', command])).trim();
}

describe('options', () => {
  it('--token-file: only that token is let in; --config-file: wins over the embedded options, and is seen by every program', async () => {
    const host = await lab.addHost({ name: 'token' });
    const token = join(host.folder, 'token');
    await writeFile(token, 's3cret-token\n');
    const own = join(host.folder, 'own.conf');
    await writeFile(own, '[DEFAULT]\nbind_port = 9898\nhost = other-name\n');
    const given = ['--token-file', token, '--config-file', own, '--listen', '127.0.0.1:9898'];
    await using one = new OneHost(host, { port: 9898, options: given });
    one.up.start();
    await one.up.ready('its summary', () => /Ctrl-C/.test(one.up.recentOutput), 30_000);
    expect(one.up.recentOutput).toContain(`OS_AUTH_TYPE=admin_token OS_TOKEN=$(cat ${token})`);
    expect(one.up.recentOutput).not.toContain('s3cret-token');
    const url = 'http://127.0.0.1:9898/v2.0';
    const status = (...headers: string[]) =>
      host.read(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', ...headers, `${url}/networks`]);
    const known = ['-H', 'X-Auth-Token: s3cret-token'];
    expect(await status()).toBe('401');
    expect(await status('-H', 'X-Auth-Token: wrong')).toBe('401');
    expect(await status(...known)).toBe('200');
    expect((await one.neutrino(['status'])).stdout).toContain(':-)');
    const { agents } = JSON.parse(await host.read(['curl', '-s', ...known, `${url}/agents`])) as { agents: Agent[] };
    expect(agents.map((agent) => agent.host)).toEqual(agentNames.map(() => 'other-name'));

    // What it was started with is in the state folder, readable as any configuration.
    await one.interrupt();
    const files = JSON.parse(await readFile(join(one.stateDir, 'etc/files.json'), 'utf8')) as string[];
    const argv = [...files.flatMap((file) => ['--config-file', file]), '--show-config'];
    const shown = await host.read([join(project, 'bin/neutron-server'), ...argv]);
    expect(shown).toMatch(/^host = other-name +# .*\/own\.conf:\d+$/m);
    expect(shown).toMatch(/^flat_networks = public +# .*\/etc\/ml2_conf\.ini:\d+$/m);
  });

  it.each([
    [
      'a state folder that cannot be written',
      ['--state-dir', '/proc/nowhere'],
      /^neutrino: state folder \/proc\/nowhere is not writable \(.*\); give another one with --state-dir$/,
    ],
    [
      'a state folder with a space',
      ['--state-dir', '/tmp/a b'],
      /^neutrino: state folder "\/tmp\/a b": only letters.*--state-dir$/,
    ],
    [
      'an open address',
      ['--listen', '0.0.0.0:9696'],
      /^neutrino: --listen 0\.0\.0\.0:9696: without Keystone everyone .*--insecure-open-api/,
    ],
    ['no address', ['--listen', 'here'], /^neutrino: --listen "here": give HOST:PORT/],
    ['an address of another host', ['--listen', '127.0.0.1:0'], /^neutrino: --listen "127\.0\.0\.1:0": give HOST:PORT/],
    [
      'a token file that is missing',
      ['--token-file', '/nowhere/t'],
      /^neutrino: token file \/nowhere\/t: no such file/,
    ],
    [
      'a configuration file that is missing',
      ['--config-file', '/nowhere/c'],
      /^neutrino: --config-file \/nowhere\/c: no such file/,
    ],
  ])('refuses %s in one line', async (_, options, message) => {
    const host = await lab.addHost({ name: `bad${Math.random().toString(36).slice(2, 7)}` });
    const state = options.includes('--state-dir') ? [] : ['--state-dir', join(host.folder, 'state')];
    const { code, stdout, stderr } = await host.run(
      [join(project, 'bin/neutrino'), 'up', '--no-install', ...state, ...options],
      { okCodes: [1] },
    );
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('--config-file with a RabbitMQ that is away: says what it waits for, and no password', async () => {
    const host = await lab.addHost({ name: 'away' });
    const file = join(host.folder, 'own.conf');
    await writeFile(
      file,
      '[DEFAULT]\ntransport_url = rabbit://guest:hush@localhost\n[healthcheck]\nqueue_timeout = 1\n',
    );
    await using one = new OneHost(host, { options: ['--config-file', file] });
    one.up.start();
    const reason = /waiting for the agents … \(queue: away for \d+ s\)/;
    await until('the reason', () => reason.test(one.up.output), { timeoutMs: 30_000 });
    expect(await one.interrupt()).toBe(0);
    expect(one.up.output).not.toContain('hush');
  });

  it('without root: the API alone, and why', async () => {
    const host = await lab.addHost({ name: 'noroot' });
    // The folder of a host is root's alone; /run is the host's own.
    const state = '/run/state';
    await host.run(['install', '-d', '-o', 'nobody', state]);
    const up = host.spawn([
      'setpriv',
      '--reuid',
      'nobody',
      '--regid',
      'nogroup',
      '--clear-groups',
      join(project, 'bin/neutrino'),
      'up',
      '--state-dir',
      state,
    ]);
    const summary = () => {
      if (!up.running) throw new Error(up.output);
      return /Ctrl-C/.test(up.output);
    };
    await until('its summary', summary, { timeoutMs: 30_000 });
    expect(up.output).toMatch(/no agents .*needs root/s);
    expect(up.output).not.toMatch(/in force|isolated/);
    expect(await host.read(['curl', '-s', 'http://127.0.0.1:9696/v2.0/networks'])).toContain('"networks"');
    expect((await host.links()).sort()).toEqual(['eth0', 'lo']);
    await up.kill('SIGINT');
    expect((await up.finished).code).toBe(0);
  });
});
