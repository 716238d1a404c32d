import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Where the programs lie on a host. */
export const PREFIX = '/opt/neutrino';
/** Found before `/usr/bin` by shells and by systemd, so that the Python programs of a distribution may stay there. */
export const COMMANDS = '/usr/local/bin';
export const UNITS = '/etc/systemd/system';
export const CONFIGURATION = '/etc/neutron';

export const services = [
  'neutron-server',
  'neutron-linuxbridge-agent',
  'neutron-dhcp-agent',
  'neutron-metadata-agent',
  'neutron-l3-agent',
  'neutron-metering-agent',
] as const;

/** Single files of `packaging`, and what they are called on a host. */
export const settings: readonly (readonly [from: string, to: string])[] = [
  ['sysusers.conf', '/etc/sysusers.d/neutrino.conf'],
  ['tmpfiles.conf', '/etc/tmpfiles.d/neutrino.conf'],
  ['logrotate.conf', '/etc/logrotate.d/neutrino'],
  ...services.map((name) => [`systemd/${name}.service`, `${UNITS}/${name}.service`] as const),
];

/** The executables of `bin`: launchers have no extension. */
export function commands(top: string): string[] {
  return readdirSync(join(top, 'bin'), { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes('.'))
    .map(({ name }) => name)
    .sort();
}

/** The configuration files of `packaging/etc-neutron`, as paths below it. */
export function sampleFiles(top: string): string[] {
  return readdirSync(join(top, 'packaging/etc-neutron'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(conf|ini)$/.test(name))
    .sort();
}

/** What a host needs of a checkout, as paths below its top: programs, and the packages they import. */
export function productParts(top: string): string[] {
  const lock: { packages: Record<string, { dev?: boolean; devOptional?: boolean }> } = JSON.parse(
    readFileSync(join(top, 'package-lock.json'), 'utf8'),
  );
  const wanted = Object.entries(lock.packages).filter(([path, { dev, devOptional }]) => path && !dev && !devOptional);
  // A package inside of another is copied with that one.
  const packages = wanted.map(([path]) => path).filter((path) => path.lastIndexOf('node_modules/') === 0);
  const own = [
    'bin',
    'cli',
    'dashboard/dist',
    'docs',
    'packaging',
    'setup',
    'src',
    'package.json',
    'package-lock.json',
  ];
  return [...own, 'LICENSE', 'NOTICE', 'README.md', ...packages, 'node_modules/.cache/neutrino'];
}

/** Tests stay behind. */
export function isProduct(path: string): boolean {
  return !/\.test\.ts$/.test(basename(path)) || path.includes('/node_modules/');
}
