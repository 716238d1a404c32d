import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SetupError } from './debian.ts';
import {
  COMMANDS,
  CONFIGURATION,
  commands,
  isProduct,
  PREFIX,
  productParts,
  sampleFiles,
  services,
  settings,
} from './layout.ts';

export interface Installation {
  /** Top of the checkout that is installed. */
  top: string;
  /** `/`, or a folder that is going to be the root of a host (an image, a package). */
  root: string;
  say(line: string): void;
}

/**
 * Puts programs, units, user, folders and missing configuration files on a host. Doing it again upgrades the programs and
 * leaves configuration and data as they are. Starts and enables nothing.
 *
 * @throws SetupError
 */
export function install({ top, root, say }: Installation): void {
  const at = (path: string) => join(root, path);
  copyPrograms(top, at(PREFIX), say);
  mkdirSync(at(COMMANDS), { recursive: true });
  for (const name of commands(top)) link(at(join(COMMANDS, name)), join(PREFIX, 'bin', name));
  for (const [from, to] of settings) put(join(top, 'packaging', from), at(to), 0o644);
  say(`commands are in ${at(COMMANDS)}, units in ${at(dirname(settings.at(-1)![1]))}`);

  const systemd = root === '/' ? [] : [`--root=${root}`];
  for (const folder of ['/etc', '/var']) mkdirSync(at(folder), { recursive: true });
  run('systemd-sysusers', [...systemd, basename(settings[0]![1])]);
  run('systemd-tmpfiles', [...systemd, '--create', basename(settings[1]![1])]);
  for (const name of sampleFiles(top)) {
    const to = at(join(CONFIGURATION, name));
    if (existsSync(to)) continue;
    put(join(top, 'packaging/etc-neutron', name), to, 0o640);
    // Passwords are in them: root's and the server's.
    chownSync(to, 0, groupId(root, 'neutron'));
    say(`wrote ${to}: an example, to be edited`);
  }
  if (isLive(root)) run('systemctl', ['daemon-reload']);
}

/** Takes away what `install` made, but for user, configuration, data and logs. */
export function uninstall({ root, say }: Omit<Installation, 'top'>): void {
  const at = (path: string) => join(root, path);
  if (isLive(root)) spawnSync('systemctl', ['disable', '--now', ...services], { stdio: 'inherit' });
  // A unit that is not ours any more stays: of two files of one name there is one at a time.
  for (const [, to] of settings) rmSync(at(to), { force: true });
  if (existsSync(at(PREFIX))) {
    for (const name of commands(at(PREFIX))) if (isOurs(at(join(COMMANDS, name)))) rmSync(at(join(COMMANDS, name)));
    if (!existsSync(join(at(PREFIX), '.git'))) rmSync(at(PREFIX), { recursive: true });
  }
  if (isLive(root)) run('systemctl', ['daemon-reload']);
  say(`removed; ${at(CONFIGURATION)}, ${at('/var/lib/neutron')}, ${at('/var/log/neutron')} and the user neutron stay`);
}

/** Whole, or not at all: what runs meanwhile sees the old files until the new ones are complete. */
function copyPrograms(top: string, to: string, say: (line: string) => void): void {
  if (existsSync(to) && realpathSync(to) === realpathSync(top)) {
    say(`${to} is this checkout: used as it is`);
    return;
  }
  if (existsSync(join(to, '.git')))
    throw new SetupError(`${to} is a checkout of its own; run the installation from there, or move it away`);
  const fresh = `${to}.new`;
  rmSync(fresh, { recursive: true, force: true });
  for (const part of productParts(top)) {
    if (!existsSync(join(top, part))) continue; // Node for another architecture
    cpSync(join(top, part), join(fresh, part), { recursive: true, filter: isProduct, preserveTimestamps: true });
  }
  chmodSync(fresh, 0o755);
  const old = `${to}.old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(to)) renameSync(to, old);
  renameSync(fresh, to);
  rmSync(old, { recursive: true, force: true });
  say(`programs are in ${to}`);
}

/** @throws SetupError when somebody else's program has that name */
function link(path: string, target: string): void {
  if (isOurs(path)) rmSync(path);
  else if (lstatSync(path, { throwIfNoEntry: false }))
    throw new SetupError(`${path} is there and is not ours; move it away and run this again`);
  symlinkSync(target, path);
}

function isOurs(path: string): boolean {
  return (
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true &&
    dirname(readlinkSync(path)) === `${PREFIX}/bin`
  );
}

function put(from: string, to: string, mode: number): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
  chmodSync(to, mode);
}

/** By the host's own list: in an image ids are others than here. */
function groupId(root: string, name: string): number {
  const line = readFileSync(join(root, 'etc/group'), 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  if (!line) throw new SetupError(`there is no group ${name} in ${join(root, 'etc/group')}`);
  return Number(line.split(':')[2]);
}

function isLive(root: string): boolean {
  return root === '/' && statSync('/run/systemd/system', { throwIfNoEntry: false }) !== undefined;
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) throw new SetupError(`${program} cannot be run (${error.message}); it is in the Debian package systemd`);
  if (status !== 0)
    throw new SetupError(`${program} ${args.join(' ')} failed: ${stderr.trim() || `exit code ${status}`}`);
}
