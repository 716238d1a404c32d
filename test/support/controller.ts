import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  // The host's own folder is closed to the database's user.
  const data = mkdtempSync(join(tmpdir(), 'neutrino-sql-'));
  await Promise.all([startMariadb(host, data), startRabbit(host), startMemcached(host)]);
  return {
    token: await startKeystone(host),
    removeFiles: () => rmSync(data, { recursive: true, force: true, maxRetries: 10 }),
  };
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

async function startRabbit(host: EmulatedHost): Promise<void> {
  const folder = await host.makeFolder('rabbit');
  for (const name of ['mnesia', 'log']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'enabled_plugins'), '[].');
  writeFileSync(join(folder, 'env.conf'), '');
  const salt = Buffer.from('salt');
  const hash = createHash('sha256')
    .update(Buffer.concat([salt, Buffer.from('openstack')]))
    .digest();
  const user = {
    name: 'openstack',
    password_hash: Buffer.concat([salt, hash]).toString('base64'),
    hashing_algorithm: 'rabbit_password_hashing_sha256',
    tags: '',
  };
  const definitions = {
    users: [user],
    vhosts: [{ name: '/' }],
    permissions: [{ user: 'openstack', vhost: '/', configure: '.*', write: '.*', read: '.*' }],
  };
  writeFileSync(join(folder, 'definitions.json'), JSON.stringify(definitions));
  writeFileSync(
    join(folder, 'rabbitmq.conf'),
    `load_definitions = ${join(folder, 'definitions.json')}\ndisk_free_limit.absolute = 50MB\nvm_memory_high_watermark.absolute = 1GB\n`,
  );
  // The host has no name server: asking one in vain takes 8 s for each connection.
  writeFileSync(join(folder, 'inetrc'), '{lookup, [file]}.\n');
  host.spawn(['/usr/lib/rabbitmq/bin/rabbitmq-server'], {
    cwd: folder,
    env: {
      HOME: folder,
      ERL_INETRC: join(folder, 'inetrc'),
      RABBITMQ_NODENAME: 'rabbit@localhost',
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'env.conf'),
    },
  });
  await listening(host, 5672);
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

function listening(host: EmulatedHost, port: number): Promise<unknown> {
  const probe = ['bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`];
  const check = async () => (await host.run(probe, { okCodes: [0, 1] })).code === 0;
  return until(`port ${port} of ${host.name}`, check, { timeoutMs: 90_000, everyMs: 200 });
}
