import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { startServer } from '../support/database-servers.ts';
import { openLab } from '../support/hosts.ts';
import { Program, project } from '../support/programs.ts';
import { RabbitMq } from '../support/rabbitmq.ts';
import { until } from '../support/wait.ts';

/** The files' own. */
const CONTROLLER = '192.168.56.11';
const etc = join(project, 'test/data/samples/etc-neutron');
const files = (...names: string[]) => names.flatMap((name) => ['--config-file', join(etc, name)]);
const server = files('neutron.conf', 'plugins/ml2/ml2_conf.ini');
const agents = [
  ['neutron-linuxbridge-agent', files('neutron.conf', 'plugins/ml2/linuxbridge_agent.ini')],
  ['neutron-dhcp-agent', files('neutron.conf', 'dhcp_agent.ini')],
  ['neutron-metadata-agent', files('neutron.conf', 'metadata_agent.ini')],
] as const;

/**
 * Not a word of the files is changed: MariaDB, RabbitMQ and their accounts are where the files say, on a host that has that
 * address. Keystone is not there, which nobody needs before the first request.
 */
it('each service starts by itself from the files of a deployment, and the agents report', async () => {
  await using lab = await openLab();
  const host = await lab.addHost({ name: 'controller' });
  await host.run(['ip', 'addr', 'add', `${CONTROLLER}/24`, 'dev', 'eth0']);
  await host.run(['sh', '-c', 'mount -t tmpfs none /var/lib && mkdir /var/lib/neutron']);
  await using undo = new AsyncDisposableStack();
  const [mariadb, rabbit] = await Promise.all([startServer('mysql'), RabbitMq.start('openstack')]);
  undo.defer(() => mariadb.stop());
  undo.use(rabbit);
  const database = await openDatabase({ connection: mariadb.url('mysql') });
  undo.defer(() => database.close());
  await database.transaction(async (tx) => {
    for (const line of [
      'CREATE DATABASE neutron CHARACTER SET utf8mb4',
      "GRANT ALL ON neutron.* TO 'neutron'@'localhost' IDENTIFIED BY 'neutron'",
    ])
      await sql.raw(line).execute(tx);
  });
  // Sockets in files lead from the host to the machine.
  const door = join(lab.folder, 'rabbit');
  const outside = spawn('socat', [`UNIX-LISTEN:${door},fork`, `TCP:127.0.0.1:${rabbit.port}`], { stdio: 'ignore' });
  undo.defer(() => void outside.kill());
  await until('the way to RabbitMQ', () => existsSync(door));
  for (const [port, socket] of [
    [3306, join(mariadb.folder, 'socket')],
    [5672, door],
  ] as const)
    host.spawn(['socat', `TCP-LISTEN:${port},bind=${CONTROLLER},fork,reuseaddr`, `UNIX-CONNECT:${socket}`]);

  const upgrade = new Program({ name: 'neutron-db-manage', args: [...server, 'upgrade', 'head'], host });
  upgrade.start();
  expect(await upgrade.finished()).toMatchObject({ code: 0, output: expect.stringMatching(/OK/) });
  for (const [name, args] of [['neutron-server', server] as const, ...agents]) {
    const program = new Program({ name, args, host });
    undo.use(program);
    program.start();
    if (name !== 'neutron-server') continue;
    await program.ready('the API', () => /API listens/.test(program.recentOutput));
  }
  const types = await until(
    'three agents',
    async () => {
      const { rows } = await database.transaction((tx) =>
        sql<{ agent_type: string }>`SELECT agent_type FROM neutron.agents ORDER BY 1`.execute(tx),
      );
      return rows.length === 3 && rows.map((row) => row.agent_type);
    },
    { timeoutMs: 60_000 },
  );
  expect(types).toEqual(['DHCP agent', 'Linux bridge agent', 'Metadata agent']);
  expect(
    (await host.run(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', `http://${CONTROLLER}:9696/v2.0/networks`]))
      .stdout,
  ).toBe('401');
}, 180_000);
