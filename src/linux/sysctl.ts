import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Exec } from './contract.ts';

const SYSCTL_FOLDER = '/proc/sys/';

/**
 * Kernel settings under `/proc/sys`. A key is written with slashes (`net/ipv6/conf/eth0.100/disable_ipv6`), since names
 * of devices hold dots; a key without any slash is read as the dotted form.
 */
export async function readSysctl(key: string): Promise<string> {
  return (await readFile(sysctlPath(key), 'utf8')).trim();
}

/** Sets one in the namespace of this process, or in another through `sysctl`. Nothing is written when it is so already. */
export async function writeSysctl(
  key: string,
  value: string,
  elsewhere?: { exec: Exec; netns: string },
): Promise<void> {
  const path = sysctlPath(key);
  if (!isValue(value)) throw new Error(`not a value of a kernel setting: ${JSON.stringify(value)}`);
  if (isOfMissingIpv6(key)) return;
  if (elsewhere) {
    await elsewhere.exec.run(['sysctl', '-q', '-w', `${sysctlName(key)}=${value}`], { netns: elsewhere.netns });
  } else if ((await readSysctl(key)) !== value) {
    await writeFile(path, value);
  }
}

/** Several settings of another namespace, by one command; those it does not have are left out. */
export async function readSysctls(exec: Exec, netns: string, keys: readonly string[]): Promise<Map<string, string>> {
  const { stdout } = await exec.run(['sysctl', '-e', ...keys.map(sysctlName)], { netns, okCodes: [0, 1, 255] });
  return parseSysctls(stdout);
}

/** Keys with slashes, of what `sysctl` prints: names with dots, and a dot within one as a slash. */
export function parseSysctls(text: string): Map<string, string> {
  const swapped = (name: string) => name.replace(/[./]/g, (sign) => (sign === '.' ? '/' : '.'));
  const found = text.split('\n').flatMap((line) => {
    const [, name, value] = /^(\S+) = (.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[swapped(name), value.trim()] as const];
  });
  return new Map(found);
}

/** Sets several in another namespace, by one command; those the kernel does not have are passed over. */
export async function writeSysctls(
  exec: Exec,
  netns: string,
  settings: Iterable<readonly [key: string, value: string]>,
): Promise<void> {
  const words = [...settings].map(([key, value]) => {
    if (!isValue(value)) throw new Error(`not a value of a kernel setting: ${JSON.stringify(value)}`);
    return `${sysctlName(key)}=${value}`;
  });
  if (words.length > 0) await exec.run(['sysctl', '-q', '-e', '-w', ...words], { netns });
}

/** On a kernel without IPv6 (`ipv6.disable=1`) there is nothing to set, and nothing that would have to be. */
export function isOfMissingIpv6(key: string, isThere: (path: string) => boolean = existsSync): boolean {
  return sysctlPath(key).startsWith('/proc/sys/net/ipv6/') && !isThere('/proc/sys/net/ipv6');
}

export function sysctlPath(key: string): string {
  const path = key.includes('/') ? key : key.replaceAll('.', '/');
  if (!/^[\w@%+:.-]+(\/[\w@%+:.-]+)+$/.test(path) || path.split('/').includes('..')) {
    throw new Error(`not a name of a kernel setting: ${JSON.stringify(key)}`);
  }
  return `/proc/sys/${path}`;
}

/** As the program `sysctl` is told of one. @throws on what is none */
export function sysctlName(key: string): string {
  return sysctlPath(key).slice(SYSCTL_FOLDER.length);
}

function isValue(text: string): boolean {
  return /^[\w .:-]*$/.test(text);
}
