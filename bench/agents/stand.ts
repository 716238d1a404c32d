import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newDatabaseOn } from '../../src/db/temporary-on-server.ts';
import { startServer } from '../../test/support/database-servers.ts';
import { type Deployment, makeDeployment } from '../../test/support/deployment.ts';
import { freePort } from '../../test/support/programs.ts';
import { RabbitMq } from '../../test/support/rabbitmq.ts';

export type DatabaseKind = 'sqlite' | 'mariadb' | 'postgresql';

/** The default; a shorter one would give agents up on a machine that does much else. */
const LEAST_DOWN_S = 75;

/** One server of ours with RabbitMQ and a database, all of it temporary. */
export interface Stand extends AsyncDisposable {
  readonly deployment: Deployment;
  readonly transportUrl: string;
  readonly metricsUrl: string;
  readonly serverPid: number;
  readonly brokerPid: number;
  /** Null where the database is a file. */
  readonly databasePid: number | null;
}

export async function openStand(
  kind: DatabaseKind,
  { reportIntervalMs, toHost, env = {} }: { reportIntervalMs: number; toHost: boolean; env?: Record<string, string> },
): Promise<Stand> {
  await using stop = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-agents-'));
  stop.defer(() => rm(folder, { recursive: true, force: true }));
  const [rabbit, database] = await Promise.all([
    RabbitMq.start({ vhosts: 1 }),
    kind === 'sqlite' ? null : startServer(kind === 'mariadb' ? 'mysql' : 'postgres'),
  ]);
  stop.use(rabbit);
  if (database !== null) stop.defer(() => database.stop());
  const connection = database === null ? `sqlite:///${folder}/neutron.sqlite` : await newDatabaseOn(database.url(''));
  const transportUrl = rabbit.url();
  const metricsPort = await freePort();
  const deployment = stop.use(
    await makeDeployment({
      folder,
      env,
      server: {
        DEFAULT: {
          transport_url: transportUrl,
          log_dir: folder,
          agent_down_time: Math.max(LEAST_DOWN_S, Math.ceil((reportIntervalMs / 1000) * 2.5)),
        },
        database: { connection },
        metrics: { listen: metricsPort },
        neutrino: { port_update_to_host: toHost },
        securitygroup: { enable_security_group: true, firewall_driver: 'noop' },
        ml2: { type_drivers: 'local,flat,vlan,vxlan', tenant_network_types: 'vxlan' },
        ml2_type_vxlan: { vni_ranges: '1000:20000' },
        quotas: { quota_port: -1, quota_security_group: -1, quota_security_group_rule: -1 },
      },
    }),
  );
  await deployment.start();
  const serverPid = (await deployment.server.pid())!;
  const parts = stop.move();
  return {
    deployment,
    transportUrl,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    serverPid,
    brokerPid: rabbit.pid,
    databasePid: database?.pid ?? null,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
