import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { services } from '../../setup/layout.ts';
import { project } from '../support/programs.ts';
import { vmKernelCommand } from '../support/vm-guest.ts';

/**
 * The services under a systemd that is process 1: what nothing else shows is whether their privileges suffice, and what is
 * left when they end. `test/systemd/service-day` does it all in one boot; here is what must have come out.
 */
const run = promisify(execFile);
const tests = join(project, 'test');
const sections = new Map<string, string>();
const section = (name: string) => sections.get(name) ?? `no section ${name} in:\n${[...sections].flat().join('\n')}`;

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'neutrino-services-'));
  try {
    await run(join(project, 'setup/node'), [join(project, 'setup/install.ts'), '--root', root]);
    // Compiled here and not under systemd, where programs are started one after the other.
    const warm = `mount -t tmpfs none /opt && mkdir /opt/neutrino && mount --bind "$1/opt/neutrino" /opt/neutrino
      exec /opt/neutrino/setup/node /opt/neutrino/setup/warm.mjs`;
    await run('unshare', ['--mount', 'sh', '-euc', warm, 'sh', root]);
    const [program, ...argv] = await besideSystemd(['--bind', root, '--', join(tests, 'systemd/service-day'), root]);
    const { stdout, stderr } = await run(program!, argv, { maxBuffer: 1 << 24 });
    if (process.env.NEUTRINO_TEST_VERBOSE) console.log(stdout);
    for (const part of stdout.split(/^== /m).slice(1)) {
      const [heading = '', ...lines] = part.split('\n');
      sections.set(heading.replace(/ [\d.]+$/, ''), lines.join('\n').trim());
    }
    sections.set('stderr', stderr);
  } finally {
    await rm(root, { recursive: true });
  }
}, 1_200_000);

/**
 * The command that runs `box-run` with these arguments: on this machine's kernel, or where that has no place for a second
 * systemd in a virtual machine, where it all takes ten times as long.
 */
async function besideSystemd(argv: readonly string[]): Promise<string[]> {
  const box = join(tests, 'systemd/box-run');
  const here = process.env.NEUTRINO_TEST_SYSTEMD !== 'vm' && (await succeeds(box, ['--timeout', '120', '--', 'true']));
  if (here) return [box, '--timeout', '900', ...argv];
  const [shell, ...kernel] = vmKernelCommand();
  await run(shell!, kernel, { timeout: 300_000 });
  return [join(tests, 'vm/vm-run'), '--mem', '2048', '--timeout', '900', '--', box, '--timeout', '900', ...argv];
}

const succeeds = (program: string, argv: readonly string[]) =>
  run(program, argv).then(
    () => true,
    (error: Error) => {
      console.log(`in a virtual machine, since there is no systemd here: ${error.message}`);
      return false;
    },
  );

/** Daemons of the section, by name: their process ids. */
const daemons = (name: string) =>
  Object.fromEntries(
    [...section(name).matchAll(/^(dnsmasq|haproxy) ([\d ]*)$/gm)].map(([, key, ids]) => [key, ids!.trim()]),
  );
/** How many whole seconds each command took; only those that did what they should. */
const seconds = (name: string) =>
  [...section(name).matchAll(/^(.*) : exit code 0, (\d+) s$/gm)].map(([, command, s]) => ({
    command,
    seconds: Number(s),
  }));

it('the tables are made by the user neutron', () => {
  expect(section('upgrade')).toMatch(/^ {2}OK\nexit code 0\nneutron 755 \/var\/lib\/neutron\nneutron 640 .*sqlite$/m);
});

it('agents start without their server, and say what they wait for', () => {
  expect(seconds('agents alone')).toHaveLength(1);
  expect(section('agents alone').match(/^StatusText=.*no connection to the message queue/gm)).toHaveLength(
    services.length - 1,
  );
});

it('all are started, and their agents smile', () => {
  for (const name of services) expect(section('enable')).toContain(`multi-user.target.wants/${name}.service`);
  expect(seconds('start')).toHaveLength(1);
  expect(section('start').match(/^active$/gm)).toHaveLength(services.length);
  expect(section('agents').match(/ :-\) /g)).toHaveLength(services.length - 1);
});

it('their few privileges suffice: a network has its bridge, namespace, DHCP and metadata', () => {
  expect(section('network')).toMatch(/^qdhcp-[\da-f-]{36}/m);
  expect(section('network')).toMatch(/eth0.* master brq[\da-f-]{11}/);
  expect(section('network')).toMatch(/tap[\da-f-]{11}.* master brq/);
  expect(daemons('network')).toEqual({
    dnsmasq: expect.stringMatching(/^\d+$/),
    haproxy: expect.stringMatching(/^\d+/),
  });
  // The agent knows no guest of the address that asked: it was reached.
  expect(section('metadata')).toBe('404');
  expect(section('privileges')).toMatch(/^neutron-server neutron 0{16}$/m);
  expect(section('privileges')).toMatch(/^neutron-metadata-agent neutron 0{16}$/m);
  expect(section('privileges')).toMatch(/^neutron-linuxbridge-agent root 0000000000003002$/m);
});

it('their few privileges suffice for filters, too: a port is ACTIVE with its rules, chains of frames and sets', () => {
  expect(section('filters')).not.toContain('in vain');
  expect(section('filters')).toMatch(/^-A neutron-linuxbri-i\S+ .*--match-set NIPv4\S+ src -j RETURN$/m);
  expect(section('filters')).toMatch(/^Bridge chain: neutronMAC-tap/m);
  expect(section('filters')).toMatch(/^NIPv4[\da-f-]+$/m);
});

it('their few privileges suffice for a router, too: its card, its rules, the metadata of its guests', () => {
  expect(section('router')).not.toContain('in vain');
  expect(section('router')).toMatch(/qr-[\da-f-]{11} +inet 192\.168\.56\.1\/24/);
  expect(section('router')).toMatch(/^-A neutron-l3-agent-PREROUTING -d 169\.254\.169\.254\/32 .*-j REDIRECT/m);
  expect(daemons('router')).toEqual({ dnsmasq: daemons('network').dnsmasq, haproxy: expect.stringMatching(/^\d+$/) });
});

it('dnsmasq and haproxy outlive the restart of each service, and its end', () => {
  expect(seconds('restart')).toHaveLength(services.length);
  expect(daemons('restart')).toEqual(daemons('router'));
  expect(daemons('stop')).toEqual(daemons('router'));
});

it('the status line is for people', () => {
  expect(section('status')).toMatch(/StatusText=API at http:\/\/127\.0\.0\.1:9696$/m);
  expect(section('status')).toMatch(/StatusText=\d+ devices; the server takes its reports$/m);
  expect(section('status')).toMatch(/StatusText=1 networks; the server takes its reports$/m);
  expect(section('status')).toMatch(/StatusText=1 routers; the server takes its reports$/m);
});

it('a server that hangs is ended by the watchdog and serves again', () => {
  expect(section('watchdog')).toMatch(/^NRestarts=1$/m);
  expect(section('watchdog')).toMatch(/"name": ?"net1"/);
  expect(section('watchdog')).toMatch(/Watchdog timeout/);
});

it('the journal holds no error', () => {
  expect(section('errors')).toBe('');
});

it('each ends within seconds when asked to', () => {
  expect(seconds('stop')).toHaveLength(services.length);
  for (const one of seconds('stop')) expect(one.seconds, one.command).toBeLessThan(15);
  expect(section('stop').match(/^inactive$/gm)).toHaveLength(services.length);
  expect(section('stop')).not.toMatch(/failed/);
  expect(sections.has('end')).toBe(true);
});
