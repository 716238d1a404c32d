import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type DebianPackage,
  ensurePackages,
  installCommand,
  type Machine,
  missingPackages,
  SetupError,
} from './debian.ts';

const packages: DebianPackage[] = [
  { name: 'one', commands: ['one', 'uno'], why: 'first' },
  { name: 'two', commands: ['two'], why: 'second', service: 'two.service' },
];

let folder = '';
let machine: Machine;
let ran: string[];
let said: string[];
/** What apt-get does when it is called with these words. */
let apt: (words: string) => { code: number; output: string };

const give = (...commands: string[]) => {
  for (const command of commands) {
    writeFileSync(join(folder, 'bin', command), '');
    chmodSync(join(folder, 'bin', command), 0o755);
  }
};
const policy = () => join(folder, 'usr/sbin/policy-rc.d');
const freshLists = () => {
  mkdirSync(join(folder, 'var/lib/apt/lists'), { recursive: true });
  writeFileSync(join(folder, 'var/lib/apt/lists/mirror_main_Packages'), '');
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'debian-test-'));
  for (const name of ['bin', 'usr/sbin']) mkdirSync(join(folder, name), { recursive: true });
  ran = [];
  said = [];
  apt = (words) => {
    if (words.startsWith('install')) give('one', 'uno', 'two');
    return { code: 0, output: '' };
  };
  machine = {
    path: [join(folder, 'bin')],
    root: true,
    rootFolder: folder,
    say: (line) => said.push(line),
    run: async (argv) => {
      const words = argv.join(' ').replace(/^.*Timeout=120 /, '');
      ran.push(existsSync(policy()) ? words : `${words} [services allowed]`);
      return argv.includes('apt-get') ? apt(words) : { code: 0, output: '' };
    },
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a package is missing when one of its commands is', () => {
  give('one', 'two');
  expect(missingPackages(packages, machine.path).map((p) => p.name)).toEqual(['one']);
  give('uno');
  expect(missingPackages(packages, machine.path)).toEqual([]);
});

test('a file that cannot be run is no command', () => {
  give('one', 'uno');
  writeFileSync(join(folder, 'bin/two'), '');
  expect(missingPackages(packages, machine.path).map((p) => p.name)).toEqual(['two']);
});

test('does nothing when all is there', async () => {
  give('one', 'uno', 'two');
  await ensurePackages(packages, machine, { install: true });
  expect([ran, said]).toEqual([[], []]);
});

test('names what it installs, with services forbidden meanwhile and not enabled afterwards', async () => {
  give('apt-get', 'systemctl');
  freshLists();
  await ensurePackages(packages, machine, { install: true });
  expect(ran).toEqual(['install -y --no-install-recommends one two', 'systemctl --no-reload disable two.service']);
  expect(said[0]).toBe('installing Debian packages: one (first), two (second)');
  expect(existsSync(policy())).toBe(false);
});

test('leaves a service alone whose package was there before', async () => {
  give('apt-get', 'systemctl', 'two');
  freshLists();
  await ensurePackages(packages, machine, { install: true });
  expect(ran).toEqual(['install -y --no-install-recommends one']);
});

test('fetches package lists where there are none, and again when a first attempt fails', async () => {
  give('apt-get');
  await ensurePackages(packages, machine, { install: true });
  expect(ran.map((line) => line.split(' ')[0])).toEqual(['update', 'install']);
  for (const name of ['one', 'uno', 'two']) rmSync(join(folder, 'bin', name));
  ran = [];
  freshLists();
  let attempts = 0;
  const works = apt;
  apt = (words) => (words.startsWith('install') && attempts++ === 0 ? { code: 100, output: 'E: 404' } : works(words));
  await ensurePackages(packages, machine, { install: true });
  expect(ran.map((line) => line.split(' ')[0])).toEqual(['install', 'update', 'install']);
});

test("keeps an operator's own policy-rc.d", async () => {
  give('apt-get');
  freshLists();
  writeFileSync(policy(), '#!/bin/sh\nexit 0\n');
  await ensurePackages(packages, machine, { install: true });
  expect(readFileSync(policy(), 'utf8')).toBe('#!/bin/sh\nexit 0\n');
});

test('takes its policy-rc.d away when apt-get fails, and gives apt-get its word', async () => {
  give('apt-get');
  freshLists();
  apt = () => ({ code: 100, output: 'Reading…\nE: Unable to locate package one\n' });
  await expect(ensurePackages(packages, machine, { install: true })).rejects.toThrow(
    'failed: E: Unable to locate package one; correct that',
  );
  expect(existsSync(policy())).toBe(false);
});

test.each([
  [
    '--no-install',
    { install: false, root: true },
    'install them with: apt-get install --no-install-recommends one two',
  ],
  [
    'no root',
    { install: true, root: false },
    'only root can install them: sudo apt-get install --no-install-recommends one two',
  ],
])('refuses with the one command: %s', async (_, { install, root }, words) => {
  give('apt-get');
  const attempt = ensurePackages(packages, { ...machine, root }, { install });
  await expect(attempt).rejects.toThrow(SetupError);
  await expect(attempt).rejects.toThrow(`missing Debian packages: one two; ${words}`);
  expect(ran).toEqual([]);
  expect(installCommand(packages)).toBe('apt-get install --no-install-recommends one two');
});

test('without apt prints the names', async () => {
  give('two');
  await expect(ensurePackages(packages, machine, { install: true })).rejects.toThrow(
    'missing commands: one uno (Debian packages: one); there is no apt-get here',
  );
});
