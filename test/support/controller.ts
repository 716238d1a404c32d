import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostRabbit, listening } from './host-rabbit.ts';
import type { EmulatedHost } from './hosts.ts';
import { project } from './programs.ts';
import { until } from './wait.ts';

/** What the controller of the sample files offers, at the ports everybody knows. */
export interface Controller {
  /** A token of an administrator. */
  readonly token: string;
  /** After the host has ended: what lay outside its folder. */
  removeFiles(): void;
}

/**
 * Starts on an emulated host what stands beside a neutron-server: MariaDB with a database `neutron` of a user `neutron`,
 * RabbitMQ with a user `openstack` (each with its name as password), memcached, and the tests' Keystone on 5000 and 35357.
 * All of it ends with the host.
 */
export async function raiseController(host: EmulatedHost): Promise<Controller> {
  const [services] = await Promise.all([raiseServices(host), startMemcached(host)]);
  return { ...services, token: await startKeystone(host) };
}

/** The same without Keystone and memcached. */
export async function raiseServices(host: EmulatedHost): Promise<Omit<Controller, 'token'>> {
  // The host's own folder is closed to the database's user.
  const data = mkdtempSync(join(tmpdir(), 'neutrino-sql-'));
  await Promise.all([startMariadb(host, data), HostRabbit.start(host)]);
  return { removeFiles: () => rmSync(data, { recursive: true, force: true, maxRetries: 10 }) };
}

async function startMariadb(host: EmulatedHost, folder: string): Promise<void> {
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })));
  chownSync(folder, uid!, gid!);
  const data = join(folder, 'data');
  const install = ['--no-defaults', '--user=nobody', `--datadir=${data}`, '--auth-root-authentication-method=normal'];
  execFileSync('mariadb-install-db', [...install, '--skip-test-db'], { stdio: 'ignore' });
  const first = join(folder, 'first.sql');
  writeFileSync(
    first,
    "CREATE DATABASE IF NOT EXISTS neutron;\nGRANT ALL PRIVILEGES ON neutron.* TO 'neutron'@'%' IDENTIFIED BY 'neutron';\n",
  );
  host.spawn([
    'mariadbd',
    '--no-defaults',
    '--user=nobody',
    `--datadir=${data}`,
    `--socket=${join(folder, 'socket')}`,
    `--init-file=${first}`,
    '--bind-address=0.0.0.0',
    '--skip-name-resolve',
    '--innodb-flush-log-at-trx-commit=2',
  ]);
  await listening(host, 3306);
}

async function startMemcached(host: EmulatedHost): Promise<void> {
  host.spawn(['memcached', '-u', 'nobody', '-l', '0.0.0.0', '-p', '11211']);
  await listening(host, 11211);
}

/** @returns the administrator's token */
async function startKeystone(host: EmulatedHost): Promise<string> {
  const keystone = host.spawn([process.execPath, join(project, 'test/functional/programs/keystone.ts')]);
  const [, port, token] = await until('Keystone says its port', () => {
    if (!keystone.running) throw new Error(keystone.output);
    return /^(\d+) (\S+)$/m.exec(keystone.output);
  });
  for (const public_ of [5000, 35357]) {
    host.spawn(['socat', `TCP-LISTEN:${public_},fork,reuseaddr`, `TCP:127.0.0.1:${port}`]);
    await listening(host, public_);
  }
  return token!;
}
