import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './errors.ts';

/** One `--config-file` or `--config-dir` of the command line; their order there is the order in which they count. */
export interface Source {
  kind: 'file' | 'dir';
  path: string;
}

/** Where Debian's units and `plugin.ini` links of other distributions look, in order; the first existing one of a group. */
const defaultFiles: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'neutron-server': [['neutron.conf'], ['plugin.ini', 'plugins/ml2/ml2_conf.ini']],
  'neutron-db-manage': [['neutron.conf'], ['plugin.ini', 'plugins/ml2/ml2_conf.ini']],
  'neutron-linuxbridge-agent': [['neutron.conf'], ['plugins/ml2/linuxbridge_agent.ini']],
  'neutron-linuxbridge-cleanup': [['neutron.conf'], ['plugins/ml2/linuxbridge_agent.ini']],
  'neutron-ipset-cleanup': [['neutron.conf'], ['plugins/ml2/linuxbridge_agent.ini']],
  'neutron-dhcp-agent': [['neutron.conf'], ['dhcp_agent.ini']],
  'neutron-netns-cleanup': [['neutron.conf'], ['dhcp_agent.ini']],
  'neutron-l3-agent': [['neutron.conf'], ['l3_agent.ini']],
  'neutron-metering-agent': [['neutron.conf'], ['metering_agent.ini']],
  'neutron-metadata-agent': [['neutron.conf'], ['metadata_agent.ini']],
};

/**
 * The files a program reads, first to last (a later one wins). Without any source on the command line: those in
 * `/etc/neutron` that exist, then the parts in `neutron.conf.d` and `<program>.conf.d`.
 *
 * @throws ConfigError when a named file or directory is not there
 */
export function findConfigFiles(program: string, sources: readonly Source[], etc = '/etc/neutron'): string[] {
  if (sources.length > 0)
    return sources.flatMap(({ kind, path }) => (kind === 'file' ? [existing(path)] : partsOf(path)));
  const files: string[] = [];
  for (const alternatives of defaultFiles[program] ?? [['neutron.conf']]) {
    const found = alternatives.map((name) => join(etc, name)).find((path) => existsSync(path));
    if (found) files.push(found);
  }
  for (const dir of ['neutron.conf.d', `${program}.conf.d`]) {
    if (existsSync(join(etc, dir))) files.push(...partsOf(join(etc, dir)));
  }
  return files;
}

/** The `*.conf` files of a directory in the order of their names. */
export function partsOf(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
      .sort()
      .map((name) => join(dir, name));
  } catch (cause) {
    throw new ConfigError(`--config-dir ${dir}: ${reason(cause)}; give a directory that can be read`, { cause });
  }
}

function existing(path: string): string {
  if (!existsSync(path)) throw new ConfigError(`--config-file ${path}: no such file; give one that exists`);
  return path;
}

/** What a failed file operation means, in words. */
export function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'no such file or directory';
  if (code === 'EACCES') return 'not readable by this user';
  if (code === 'EISDIR') return 'is a directory';
  if (code === 'ENOTDIR') return 'is not a directory';
  return message;
}
