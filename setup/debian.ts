import { spawn } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** A Debian package and the commands we need from it; it counts as present when all of them are found. */
export interface DebianPackage {
  name: string;
  commands: readonly string[];
  why: string;
  /** A service the package brings and enables, which we have no use for: it must not start, now or at the next boot. */
  service?: string;
}

/** What a host needs that runs agents. */
export const hostPackages: readonly DebianPackage[] = [
  { name: 'iproute2', commands: ['ip', 'bridge'], why: 'links, addresses, routes, namespaces' },
  { name: 'dnsmasq-base', commands: ['dnsmasq'], why: 'DHCP and DNS of the networks' },
  { name: 'dnsmasq-utils', commands: ['dhcp_release', 'dhcp_release6'], why: 'giving leases back' },
  { name: 'haproxy', commands: ['haproxy'], why: 'metadata', service: 'haproxy.service' },
  { name: 'iputils-arping', commands: ['arping'], why: 'telling a wire that an address of a router has moved' },
  { name: 'radvd', commands: ['radvd'], why: 'router advertisements of routers', service: 'radvd.service' },
  { name: 'keepalived', commands: ['keepalived'], why: 'highly available routers', service: 'keepalived.service' },
  {
    name: 'iptables',
    commands: ['iptables', 'ip6tables', 'iptables-save', 'iptables-restore'],
    why: 'firewall rules and NAT',
  },
  { name: 'ipset', commands: ['ipset'], why: 'address sets of the firewall' },
  { name: 'ebtables', commands: ['ebtables'], why: 'protection against spoofed ARP' },
  { name: 'kmod', commands: ['modprobe'], why: 'br_netfilter, without which bridges are not filtered' },
  { name: 'conntrack', commands: ['conntrack'], why: 'ending flows that are no longer allowed' },
  { name: 'bridge-utils', commands: ['brctl'], why: 'brctl show, as runbooks have it' },
  { name: 'procps', commands: ['ps', 'sysctl'], why: 'looking at processes and kernel settings' },
  { name: 'busybox-static', commands: ['busybox'], why: 'the DHCP client (udhcpc) of guests that are namespaces' },
];

/** What the tests need beyond that. */
export const testPackages: readonly DebianPackage[] = [
  { name: 'iputils-ping', commands: ['ping'], why: 'guests that ping' },
  { name: 'isc-dhcp-client', commands: ['dhclient'], why: 'a second DHCP client' },
  { name: 'curl', commands: ['curl'], why: 'requests from inside guests' },
  { name: 'tcpdump', commands: ['tcpdump'], why: 'frames as evidence' },
  { name: 'socat', commands: ['socat'], why: 'TCP sessions that must survive' },
];

/** Set-up that cannot go on; the message is one line and says what to do. */
export class SetupError extends Error {
  override name = 'SetupError';
}

export interface Machine {
  /** Folders with commands. */
  path: readonly string[];
  root: boolean;
  /** Shows progress. */
  say: (line: string) => void;
  /** Runs a command to its end, output kept; resolves to its exit code and the end of what it printed. */
  run: (argv: readonly string[]) => Promise<{ code: number; output: string }>;
  /** Where `policy-rc.d` and apt's lists lie; `/` but in tests. */
  rootFolder: string;
}

/** This machine, as `up` and the test runner see it. */
export function thisMachine(say: (line: string) => void): Machine {
  const path = [
    ...new Set([
      ...(process.env.PATH ?? '').split(':').filter(Boolean),
      '/usr/local/sbin',
      '/usr/sbin',
      '/sbin',
      '/usr/bin',
      '/bin',
    ]),
  ];
  return { path, root: process.getuid?.() === 0, say, run, rootFolder: '/' };
}

/** Those packages of which a command is not found. */
export function missingPackages(packages: readonly DebianPackage[], path: readonly string[]): DebianPackage[] {
  return packages.filter(({ commands }) => !commands.every((command) => findCommand(command, path)));
}

/** The one command that installs them, for people to paste. */
export function installCommand(packages: readonly DebianPackage[]): string {
  return `apt-get install --no-install-recommends ${packages.map(({ name }) => name).join(' ')}`;
}

/**
 * Installs what is missing, and starts, stops or changes no service while doing so.
 *
 * @throws SetupError when something is missing and may not or cannot be installed
 */
export async function ensurePackages(
  packages: readonly DebianPackage[],
  machine: Machine,
  options: { install: boolean },
): Promise<void> {
  const missing = missingPackages(packages, machine.path);
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(' ');
  if (!findCommand('apt-get', machine.path)) {
    const commands = missing.flatMap((each) => each.commands.filter((command) => !findCommand(command, machine.path)));
    throw new SetupError(
      `missing commands: ${commands.join(' ')} (Debian packages: ${names}); there is no apt-get here, install them with this system's own tool`,
    );
  }
  if (!options.install)
    throw new SetupError(`missing Debian packages: ${names}; install them with: ${installCommand(missing)}`);
  if (!machine.root)
    throw new SetupError(
      `missing Debian packages: ${names}; only root can install them: sudo ${installCommand(missing)}`,
    );

  machine.say(`installing Debian packages: ${missing.map(({ name, why }) => `${name} (${why})`).join(', ')}`);
  const removePolicy = denyServices(machine);
  try {
    if (listsAreStale(machine.rootFolder)) await aptGet(machine, ['update']);
    const install = ['install', '-y', '--no-install-recommends', ...missing.map(({ name }) => name)];
    const first = await aptGet(machine, install, { mayFail: true });
    if (first !== 0) {
      // Lists that are not stale by age may still name versions that the mirror has replaced.
      await aptGet(machine, ['update']);
      await aptGet(machine, install);
    }
    await disableNewServices(machine, missing);
  } finally {
    removePolicy();
  }
  const still = missingPackages(packages, machine.path);
  if (still.length)
    throw new SetupError(
      `installed, but commands are still missing: ${still.flatMap((each) => each.commands).join(' ')}; look at ${installCommand(still)}`,
    );
  machine.say('Debian packages installed; no service was started');
}

async function aptGet(machine: Machine, args: readonly string[], { mayFail = false } = {}): Promise<number> {
  machine.say(`apt-get ${args[0]} …`);
  const argv = [
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'LC_ALL=C',
    'apt-get',
    '-q',
    '-o',
    'Dpkg::Use-Pty=0',
    '-o',
    'DPkg::Lock::Timeout=120',
    ...args,
  ];
  const { code, output } = await machine.run(argv);
  if (code !== 0 && !mayFail) {
    const reason =
      output
        .split('\n')
        .filter((line) => /^(E|Err|W):?/.test(line))
        .at(-1) ??
      output.trim().split('\n').at(-1) ??
      '';
    throw new SetupError(
      `apt-get ${args.join(' ')} failed: ${reason.trim() || `exit code ${code}`}; correct that and start again`,
    );
  }
  return code;
}

const POLICY_MARK = '# written by the set-up of Neutrino while apt-get runs; safe to delete';

/**
 * Packages start their services when they are installed, unless `policy-rc.d` forbids it. An operator's own stays as it is.
 * @returns what takes ours away again
 */
function denyServices({ rootFolder }: Machine): () => void {
  const file = join(rootFolder, 'usr/sbin/policy-rc.d');
  const ours = () => existsSync(file) && readFileSync(file, 'utf8').includes(POLICY_MARK);
  if (existsSync(file) && !ours()) return () => {};
  writeFileSync(file, `#!/bin/sh\n${POLICY_MARK}\nexit 101\n`);
  chmodSync(file, 0o755);
  const remove = () => {
    if (ours()) rmSync(file, { force: true });
  };
  process.once('exit', remove);
  return () => {
    process.off('exit', remove);
    remove();
  };
}

/** A package enables its service for the next boot even where it was not allowed to start it. Only new ones: never one that was there. */
async function disableNewServices(machine: Machine, installed: readonly DebianPackage[]): Promise<void> {
  const services = installed.flatMap(({ service }) => (service ? [service] : []));
  if (services.length && findCommand('systemctl', machine.path))
    await machine.run(['systemctl', '--no-reload', 'disable', ...services]);
}

const STALE_MS = 24 * 3600 * 1000;

/** No package lists, as in container images, or old ones. */
function listsAreStale(rootFolder: string): boolean {
  const folder = join(rootFolder, 'var/lib/apt/lists');
  if (!existsSync(folder)) return true;
  const times = readdirSync(folder)
    .filter((name) => /_Packages(\.\w+)?$/.test(name))
    .map((name) => statSync(join(folder, name)).mtimeMs);
  const updated = join(rootFolder, 'var/lib/apt/periodic/update-success-stamp');
  if (times.length && existsSync(updated)) times.push(statSync(updated).mtimeMs);
  // The date of a list is the mirror's; the folder's is that of the last update.
  return times.length === 0 || Date.now() - Math.max(...times, statSync(folder).mtimeMs) > STALE_MS;
}

/** Full path of a command, or null. */
export function findCommand(command: string, path: readonly string[]): string | null {
  for (const folder of path) {
    const file = join(folder, command);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // not in this folder
    }
  }
  return null;
}

const KEPT_OUTPUT = 20_000;

function run(argv: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    };
    const child = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
