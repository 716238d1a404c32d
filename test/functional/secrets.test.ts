import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import { httpRequest } from '../support/api.ts';
import { type DatabaseServer, startServer } from '../support/database-servers.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { listening } from '../support/host-rabbit.ts';
import { type EmulatedHost, HostProcess, type Lab, openLab } from '../support/hosts.ts';
import { authtoken } from '../support/identity.ts';
import { freePort, Program, project, writeConfig } from '../support/programs.ts';
import { RabbitMq, USER } from '../support/rabbitmq.ts';
import { byTurns } from '../support/turns.ts';
import { until } from '../support/wait.ts';

/** Whatever a deployment keeps secret, each with a value that is nowhere else; some need quoting in URLs. */
const mark = randomBytes(6).toString('hex');
const secrets = {
  database: `db@${mark}/hush:1`,
  otherDatabase: `wrong-db-${mark}`,
  queue: `queue-${mark}`,
  broker: `mq@${mark}/hush:1`,
  keystone: `keystone-${mark}`,
  nova: `nova-${mark}`,
  placement: `placement-${mark}`,
  shared: `shared-${mark}`,
  memcache: `memcache-${mark}`,
  url: `in-url-${mark}`,
  interpolated: `dollar-${mark}`,
  broken: `broken-line-${mark}`,
  commandLine: `command-line-${mark}`,
};
const tokens = {
  admin: `token-admin-${mark}`,
  service: `token-service-${mark}`,
  unknown: `token-unknown-${mark}`,
  fixed: `token-fixed-${mark}`,
};

/** Secrets as they may be written. */
const forms = [...Object.values(secrets), ...Object.values(tokens)].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  JSON.stringify(secret).slice(1, -1),
]);

/** @param what for the message when something is found */
function expectNone(what: string, text: string): void {
  const found = [...new Set(forms)].filter((form) => text.includes(form));
  const lines = text.split('\n').filter((line) => found.some((form) => line.includes(form)));
  expect({ what, found, lines }).toEqual({ what, found: [], lines: [] });
  // Whatever form it may have that is not thought of here.
  expect({ what, lines: text.split('\n').filter((line) => line.includes(mark)) }).toEqual({ what, lines: [] });
}

const bin = (name: string) => join(project, 'bin', name);

async function run(argv: readonly string[], env: Record<string, string> = {}) {
  // Whatever waits for something that never comes is ended.
  const process = new HostProcess(['setsid', '--fork', '--wait'], ['timeout', '-s', 'KILL', '20', ...argv], { env });
  const { code, stdout, stderr } = await process.finished;
  return { code, text: stdout + stderr };
}

let folder: string;
const ways: ChildProcess[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'neutrino-quiet-'));
});
afterAll(() => {
  for (const way of ways) way.kill();
  rmSync(folder, { recursive: true, force: true });
});

const everything = {
  DEFAULT: {
    transport_url: `rabbit://openstack:${secrets.queue}@mq1:5672,openstack:${secrets.queue}@mq2:5672/`,
    metadata_proxy_shared_secret: secrets.shared,
    debug: true,
  },
  database: {
    connection: `mysql+pymysql://neutron:${encodeURIComponent(secrets.database)}@127.0.0.1:1/neutron`,
    max_retries: 0,
  },
  keystone_authtoken: {
    auth_url: 'http://127.0.0.1:1/v3',
    auth_type: 'password',
    username: 'neutron',
    password: secrets.keystone,
    memcache_secret_key: secrets.memcache,
  },
  nova: { auth_url: 'http://127.0.0.1:1/v3', auth_type: 'password', username: 'nova', password: secrets.nova },
  placement: { auth_url: 'http://127.0.0.1:1/v3', auth_type: 'password', password: secrets.placement },
};

describe('before a start', () => {
  it.each(['neutron-server', 'neutron-linuxbridge-agent', 'neutron-dhcp-agent', 'neutron-metadata-agent'])(
    '%s --show-config masks them',
    async (name) => {
      const file = await writeConfig(folder, 'all.conf', everything);
      const { code, text } = await run([bin(name), '--config-file', file, '--show-config']);
      expect(code).toBe(0);
      expect(text).toContain('****');
      expectNone(name, text);
    },
  );

  const connection = (value: string) => ({ database: { connection: value, max_retries: 0 } });
  const wrongs = [
    ['everything as it should be, and nothing there', {}],
    ['the same with RabbitMQ', { DEFAULT: { transport_url: everything.DEFAULT.transport_url } }],
    ['no port', connection(`mysql+pymysql://neutron:${secrets.otherDatabase}@127.0.0.1:port/neutron`)],
    ['an unquoted @ and /', connection(`mysql+pymysql://neutron:${secrets.database}@127.0.0.1:1/neutron`)],
    ['an unknown database', connection(`oracle://neutron:${secrets.otherDatabase}@127.0.0.1/neutron`)],
    ['no slashes', connection(`mysql:neutron:${secrets.otherDatabase}@127.0.0.1/neutron`)],
    ['a broken escape', connection(`mysql://neutron:%zz${secrets.otherDatabase}@127.0.0.1:1/neutron`)],
    ['a queue without slashes', { DEFAULT: { transport_url: `rabbit:openstack:${secrets.queue}@mq1` } }],
    ['an unknown queue', { DEFAULT: { transport_url: `kafka://openstack:${secrets.queue}@mq1:1/` } }],
    ['a queue without a port', { DEFAULT: { transport_url: `rabbit://openstack:${secrets.queue}@mq1:port/` } }],
    [
      'a password in the URL of Keystone',
      { keystone_authtoken: { auth_url: `http://u:${secrets.url}@127.0.0.1:1/v3` } },
    ],
    ['a broken URL of Keystone', { keystone_authtoken: { auth_url: `u:${secrets.url}@127.0.0.1:port` } }],
    ['a reference to nothing', { keystone_authtoken: { password: `${secrets.interpolated}$nothing` } }],
    ['a password without a user', { nova: { username: '' } }],
    ['an unknown way to sign in', { nova: { auth_type: 'v9' } }],
  ] as [string, Record<string, Record<string, string | number>>][];
  it.each(byTurns(wrongs, 5))('a server that cannot start tells none: %s', async (what, sections) => {
    const merged = structuredClone(everything) as Record<string, Record<string, string | number | boolean>>;
    merged.DEFAULT!.transport_url = `local://${folder}/bus.sock`;
    for (const [section, values] of Object.entries(sections)) merged[section] = { ...merged[section], ...values };
    merged.DEFAULT!.state_path = join(folder, 'state');
    merged.DEFAULT!.bind_port = await freePort();
    const file = await writeConfig(folder, 'wrong.conf', merged);
    for (const more of [[], ['--show-config']]) {
      const { text } = await run([bin('neutron-server'), '--debug', '--config-file', file, ...more]);
      expect(text).not.toBe('');
      expectNone(`${what} ${more}`, text);
    }
  });

  it('a line that cannot be read is not shown', async () => {
    const file = join(folder, 'broken.conf');
    for (const line of [`password ${secrets.broken}`, `[keystone_authtoken ${secrets.broken}`, `= ${secrets.broken}`]) {
      writeFileSync(file, `[keystone_authtoken]\n${line}\n`);
      const { text } = await run([bin('neutron-server'), '--debug', '--config-file', file]);
      expectNone(line.replace(secrets.broken, '…'), text);
    }
  });
});

describe('while a deployment runs, and fails', () => {
  let lab: Lab;
  let host: EmulatedHost;
  let mariadb: DatabaseServer;
  let rabbit: RabbitMq;
  let keystone: FakeKeystone;
  let deployment: Deployment;
  let metricsPort: number;
  const programs: Program[] = [];
  const answers: string[] = [];

  beforeAll(async () => {
    lab = await openLab();
    host = await lab.addHost({ name: 'host1', wires: ['flat1'] });
    [mariadb, rabbit] = await Promise.all([startServer('mysql'), RabbitMq.start({ password: secrets.broker })]);
    const transport_url = `rabbit://${USER}:${encodeURIComponent(secrets.broker)}@127.0.0.1:${rabbit.port}/`;
    await leadInto(host, rabbit.port);
    const sql = `CREATE DATABASE neutron CHARACTER SET utf8mb4;
      CREATE USER neutron IDENTIFIED BY '${secrets.database}'; GRANT ALL ON neutron.* TO neutron;`;
    execFileSync('mariadb', ['--no-defaults', '-h127.0.0.1', `-P${mariadb.port}`, '-uroot'], { input: sql });
    keystone = await FakeKeystone.start();
    const expiresAtMs = Date.now() + 3_600_000;
    const roles = ['admin', 'service', 'manager', 'member', 'reader'];
    for (const token of [tokens.admin, tokens.service])
      keystone.tokens.set(token, { user: 'somebody', project: 'p1', roles, expiresAtMs });
    keystone.computeUrl = `http://127.0.0.1:${await freePort()}/v2.1`;
    metricsPort = await freePort();
    const auth = authtoken(keystone);
    deployment = await makeDeployment({
      folder: `${lab.folder}/deployment`,
      token: tokens.admin,
      server: {
        DEFAULT: {
          debug: true,
          transport_url,
          auth_strategy: 'keystone',
          metadata_proxy_shared_secret: secrets.shared,
        },
        healthcheck: { queue_timeout: 1 },
        database: {
          connection: `mysql+pymysql://neutron:${encodeURIComponent(secrets.database)}@127.0.0.1:${mariadb.port}/neutron`,
        },
        keystone_authtoken: {
          ...auth,
          password: secrets.keystone,
          memcached_servers: `127.0.0.1:${await freePort()}`,
          memcache_security_strategy: 'ENCRYPT',
          memcache_secret_key: secrets.memcache,
        },
        nova: { ...auth, password: secrets.nova },
        placement: { ...auth, password: secrets.placement },
        metrics: { listen: metricsPort },
        ml2_type_flat: { flat_networks: 'flat1' },
      },
    });
    programs.push(deployment.server);
    await deployment.start();
    const shared = { metadata_proxy_shared_secret: secrets.shared, nova_metadata_port: 1 };
    const settings = { linux_bridge: { physical_interface_mappings: 'flat1:eth1' }, ...everything };
    const common = { ...everything.DEFAULT, transport_url };
    const sections = { ...settings, securitygroup: { enable_security_group: false } };
    programs.push(await deployment.agent('neutron-linuxbridge-agent', host, { ...sections, DEFAULT: common }));
    const dhcp = { ...common, interface_driver: 'linuxbridge', enable_isolated_metadata: true };
    programs.push(await deployment.agent('neutron-dhcp-agent', host, { ...sections, DEFAULT: dhcp }));
    programs.push(
      await deployment.agent('neutron-metadata-agent', host, { ...sections, DEFAULT: { ...common, ...shared } }),
    );
  });
  afterAll(async () => {
    await deployment?.close();
    await mariadb?.stop();
    await rabbit?.[Symbol.asyncDispose]();
    await keystone?.[Symbol.asyncDispose]();
    await lab?.close();
  });

  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string | null> = {}) => {
    const answer = await deployment.api.request(method, path, body, headers);
    answers.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.headers)} ${answer.text}`);
    return answer;
  };
  const health = () => ask('GET', '/healthcheck?detailed', undefined, { 'x-auth-token': null });
  const checkAll = async () => {
    await health();
    const metrics = await httpRequest({ port: metricsPort }, { method: 'GET', path: '/metrics' });
    expect(metrics.status).toBe(200);
    expectNone('metrics', metrics.text);
    expectNone('answers', answers.join('\n'));
    for (const program of programs) {
      expect(program.output).toContain('DEBUG');
      expectNone(program.name, program.output);
    }
    expectNone('process list', processList());
  };

  it('requests, answered and refused, leave none behind', async () => {
    const network = await deployment.api.create('network', {
      'provider:network_type': 'flat',
      'provider:physical_network': 'flat1',
    });
    await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.7.0.0/24' });
    await until('DHCP', async () =>
      (await deployment.api.list('port', 'device_owner=network:dhcp')).some(({ status }) => status === 'ACTIVE'),
    );
    const refused = [
      await ask('GET', '/v2.0/networks', undefined, { 'x-auth-token': tokens.unknown }),
      await ask('GET', '/v2.0/networks', undefined, {
        'x-auth-token': null,
        authorization: `Bearer ${tokens.unknown}`,
      }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([401, 401]);
    await ask('GET', '/v2.0/ports', undefined, { 'x-service-token': tokens.service });
    await ask('GET', '/v2.0/ports', undefined, { 'x-service-token': tokens.unknown, cookie: `t=${tokens.unknown}` });
    await ask('POST', '/v2.0/ports', { port: { nonsense: 1 } });
    await ask('POST', '/v2.0/ports', '{"port": ');
    // Nova is down: what it is to be told of this port waits, and is complained of.
    const port = await ask('POST', '/v2.0/ports', {
      port: {
        network_id: network.id,
        device_owner: 'compute:nova',
        device_id: '6e4f8a34-5dc3-4ad2-8b0c-111111111111',
        'binding:host_id': 'host1',
      },
    });
    expect(port.status).toBe(201);
    await ask('DELETE', `/v2.0/ports/${port.body.port.id}`);
    await until('Nova to be missed', () => /Nova|nova/.test(deployment.server.output));
    // A guest's request, which the agent cannot pass on.
    const socket = `${lab.folder}/deployment/host1/metadata_proxy`;
    const guest = await httpRequest(
      { socketPath: socket },
      { method: 'GET', path: '/', headers: { 'x-network-id': network.id, 'x-forwarded-for': '10.7.0.2' } },
    );
    answers.push(JSON.stringify(guest));
    await checkAll();
  });

  it('a Keystone that fails gets none told', async () => {
    keystone.garbage = { status: 500, text: `<html>${tokens.fixed}</html>` };
    expect((await ask('GET', '/v2.0/networks', undefined, { 'x-auth-token': `${tokens.unknown}2` })).status).toBe(503);
    keystone.garbage = null;
    keystone.hangs = false;
    await keystone.down();
    expect((await ask('GET', '/v2.0/networks', undefined, { 'x-auth-token': `${tokens.unknown}3` })).status).toBe(503);
    await keystone.up();
    await checkAll();
  });

  it('a database that is killed gets none told, and the health of the server says so', async () => {
    await mariadb.kill();
    const failed = await ask('GET', '/v2.0/networks');
    expect(failed.status).toBe(503);
    await ask('POST', '/v2.0/networks', { network: { name: 'x' } });
    await until('503', async () => (await health()).status === 503);
    await checkAll();
    await mariadb.start();
    await until('the database is back', async () => (await health()).status === 200);
    expect((await ask('GET', '/v2.0/networks')).status).toBe(200);
  });

  it('a database that hangs is seen while it hangs', async () => {
    const pid = Number(readFileSync(join(mariadb.folder, 'pid'), 'utf8'));
    process.kill(pid, 'SIGSTOP');
    try {
      await until('503', async () => (await health()).status === 503);
      expect(answers.at(-1)).toContain('database: no answer within 2 s');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until('the database is back', async () => (await health()).status === 200);
    await checkAll();
  });

  it('a client’s own command line shows its password to nobody', async () => {
    keystone.hangs = true;
    const options = ['--os-auth-url', keystone.url, '--os-username', 'u', '--os-project-name', 'p'];
    const client = spawn(bin('neutron'), [...options, '--os-password', secrets.commandLine, 'net-list'], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => client.once('exit', resolve));
    await until('its title', () => /^neutron --os-auth-url .*--os-password \*{4} net-list/m.test(processList()));
    expectNone('process list', processList());
    client.kill('SIGKILL');
    await ended;
  });

  it('a queue that does not let us in, or is killed, gets none told', async () => {
    const wrong = { transport_url: `rabbit://${USER}:${secrets.queue}@127.0.0.1:${rabbit.port}/` };
    await using refused = await makeDeployment({ folder: join(folder, 'refused'), server: { DEFAULT: wrong } });
    const sections = {
      ...everything,
      DEFAULT: { ...everything.DEFAULT, ...wrong, state_path: join(folder, 'refused') },
    };
    const args = ['--config-file', await writeConfig(folder, 'refused.conf', sections)];
    await using agent = new Program({ name: 'neutron-linuxbridge-agent', host, args });
    for (const program of [refused.server, agent]) {
      program.start();
      await program.ready('a refusal', () => /does not let openstack in/.test(program.output));
      expectNone(program.name, program.output);
    }
    const lost = programs.map(({ output }) => output.length);
    await rabbit.kill();
    await until('503', async () => (await health()).status === 503);
    expect(answers.at(-1)).toMatch(/queue: away for \d+ s/);
    for (const [i, program] of programs.entries()) {
      await until(`${program.name} misses it`, () => /RabbitMQ/.test(program.output.slice(lost[i])));
    }
    await checkAll();
  });
});

/** A port of this machine's loopback becomes one of the host's, too. Sockets in files are shared between them. */
async function leadInto(host: EmulatedHost, port: number): Promise<void> {
  const socket = join(await host.makeFolder('way'), 'socket');
  const out = spawn('socat', [`UNIX-LISTEN:${socket},fork`, `TCP:127.0.0.1:${port}`], { stdio: 'ignore' });
  ways.push(out);
  await until('the way out', () => existsSync(socket));
  host.spawn(['socat', `TCP-LISTEN:${port},bind=127.0.0.1,fork`, `UNIX-CONNECT:${socket}`]);
  await listening(host, port);
}

/** Command lines of all processes, as `ps` shows them. */
function processList(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .join('\n');
}
