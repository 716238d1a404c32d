import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './programs.ts';
import { until } from './wait.ts';

const run = promisify(execFile);
const PROGRAMS = '/usr/lib/rabbitmq/bin';
const READY_MS = 90_000;
/** Before the broker drops who does not finish a sign-in: who signs in may have to wait for a processor. */
const PATIENCE_MS = 60_000;
/** Each costs the broker's start some 40 ms of a processor. */
const VHOSTS = 12;
const TLS = fileURLToPath(new URL('../data/tls/', import.meta.url));

export const USER = 'openstack';
export const PASSWORD = 'for-tests-only';

/** What is needed to use a broker that runs, in another process, too. */
export interface BrokerPlace {
  readonly port: number;
  readonly tlsPort: number;
  /** Of the broker's programs. */
  readonly environment: NodeJS.ProcessEnv;
  /** Vhosts that nobody else uses. */
  readonly vhosts: readonly string[];
}

/** A RabbitMQ as tests use it. */
export class Broker {
  readonly port: number;
  readonly tlsPort: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly #vhosts: string[];

  constructor(place: BrokerPlace) {
    this.port = place.port;
    this.tlsPort = place.tlsPort;
    this.environment = place.environment;
    this.#vhosts = [...place.vhosts];
  }

  /** A transport URL with a vhost that nobody else has. */
  url(options: { port?: number; password?: string; tls?: boolean } = {}): string {
    const { port = options.tls ? this.tlsPort : this.port, password = PASSWORD, tls = false } = options;
    const [vhost] = this.takeVhosts(1);
    return `rabbit://${USER}:${password}@127.0.0.1:${port}/${vhost}${tls ? '?ssl=1' : ''}`;
  }

  /** Some of its vhosts, which it does not use from now on. */
  takeVhosts(count: number): string[] {
    if (this.#vhosts.length < count) throw new Error('more tests than vhosts');
    return this.#vhosts.splice(0, count);
  }

  /** What `rabbitmqctl list_queues` or `list_exchanges` says of a vhost, a line per row. */
  async list(what: 'queues' | 'exchanges', vhost: string, ...columns: string[]): Promise<string[][]> {
    const argv = ['-noinput', '-hidden', '-sname', `list${randomBytes(4).toString('hex')}@localhost`, '-eval', LIST];
    const words = ['-extra', this.environment.RABBITMQ_NODENAME!, vhost, what, ...columns];
    const { stdout } = await run('erl', [...argv, ...words], { env: this.environment });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }
}

/** `rabbitmqctl` itself is most of a second of a processor each time; asking the broker as it does is a quarter of that. */
const LIST = `
  [Node, VHost, What | Columns] = init:get_plain_arguments(),
  Module = case What of "queues" -> rabbit_amqqueue; "exchanges" -> rabbit_exchange end,
  Items = [list_to_atom(Column) || Column <- Columns],
  Text = fun
    ({resource, _, _, Name}) -> Name;
    (rabbit_quorum_queue) -> "quorum";
    (Table) when is_list(Table) ->
      ["[", lists:join(",", [io_lib:format("{~p,~p}", [binary_to_list(Key), Value]) || {Key, _, Value} <- Table]), "]"];
    (Value) -> io_lib:format("~p", [Value])
  end,
  Rows = rpc:call(list_to_atom(Node), Module, info_all, [list_to_binary(VHost), Items]),
  [io:put_chars([lists:join("\\t", [Text(Value) || {_, Value} <- Row]), "\\n"]) || Row <- Rows],
  halt().`;

/**
 * A RabbitMQ of a test's own: on free ports, in a temporary folder, with an epmd of its own. Its start takes three seconds and
 * more of a processor: where it need not be killed, `sharedRabbit` of `shared-rabbit.ts` will do.
 */
export class RabbitMq extends Broker implements AsyncDisposable {
  readonly #folder: string;
  readonly #epmdPort: number;
  #epmd: ChildProcess | null = null;
  #broker: ChildProcess | null = null;

  private constructor(
    folder: string,
    ports: { amqp: number; tls: number; epmd: number; distribution: number },
    vhosts: readonly string[],
  ) {
    const environment = {
      PATH: process.env.PATH,
      HOME: folder,
      LC_ALL: 'C.UTF-8',
      // Leads its programs to the folder's plugins.
      RABBITMQ_SCRIPTS_DIR: join(folder, 'sbin'),
      RABBITMQ_PLUGINS_DIR: join(folder, 'plugins'),
      RABBITMQ_NODENAME: `test${ports.amqp}@localhost`,
      RABBITMQ_NODE_PORT: String(ports.amqp),
      RABBITMQ_DIST_PORT: String(ports.distribution),
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'env.conf'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      ERL_EPMD_PORT: String(ports.epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1',
    };
    super({ port: ports.amqp, tlsPort: ports.tls, environment, vhosts });
    this.#folder = folder;
    this.#epmdPort = ports.epmd;
  }

  /** @param options.vhosts for so many calls of `url` */
  static async start({ password = PASSWORD, vhosts: count = VHOSTS } = {}): Promise<RabbitMq> {
    const folder = mkdtempSync(join(tmpdir(), 'neutrino-rabbit-'));
    const [amqp, tls, epmd, distribution] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const vhosts = Array.from({ length: count }, (_, i) => `v${i + 1}`);
    const rabbit = new RabbitMq(folder, { amqp: amqp!, tls: tls!, epmd: epmd!, distribution: distribution! }, vhosts);
    mkdirSync(join(folder, 'mnesia'));
    mkdirSync(join(folder, 'log'));
    linkPrograms(folder);
    writeFileSync(join(folder, 'enabled_plugins'), '[].');
    writeFileSync(join(folder, 'env.conf'), '');
    writeFileSync(join(folder, 'definitions.json'), JSON.stringify(definitions(password, vhosts)));
    writeFileSync(join(folder, 'rabbitmq.conf'), configuration(folder, rabbit));
    await rabbit.up();
    return rabbit;
  }

  /** The broker's process, with all it started below it. */
  get pid(): number {
    if (this.#broker?.pid === undefined) throw new Error('RabbitMQ does not run');
    return this.#broker.pid;
  }

  async up(): Promise<void> {
    this.#epmd ??= spawn('epmd', ['-port', String(this.#epmdPort), '-address', '127.0.0.1'], { stdio: 'ignore' });
    const broker = spawn(join(PROGRAMS, 'rabbitmq-server'), [], {
      env: this.environment,
      cwd: this.#folder,
      stdio: 'ignore',
      detached: true,
    });
    this.#broker = broker;
    await until(
      'RabbitMQ listens',
      () => {
        if (broker.exitCode !== null) throw new Error(`rabbitmq-server ended with code ${broker.exitCode}`);
        return listens(this.port);
      },
      { timeoutMs: READY_MS, everyMs: 100 },
    );
  }

  /** As a crash would. What is not durable is gone. */
  async kill(): Promise<void> {
    const broker = this.#broker;
    this.#broker = null;
    if (broker?.pid === undefined || broker.exitCode !== null) return;
    const ended = new Promise((resolve) => broker.once('exit', resolve));
    // The scripts, the machine and its helpers are one group.
    process.kill(-broker.pid, 'SIGKILL');
    await ended;
    await until('the port is free', async () => !(await listens(this.port)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#epmd?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/**
 * RabbitMQ without the plugins that nobody switches on: each of its modules is looked for in the folders of all of them, which
 * is a third of its start.
 */
function linkPrograms(folder: string): void {
  const sbin = dirname(realpathSync(join(PROGRAMS, 'rabbitmq-server')));
  const home = dirname(sbin);
  symlinkSync(sbin, join(folder, 'sbin'));
  symlinkSync(join(home, 'escript'), join(folder, 'escript'));
  mkdirSync(join(folder, 'plugins'));
  for (const name of readdirSync(join(home, 'plugins'))) {
    if (/^rabbitmq_(?!prelaunch)/.test(name)) continue;
    symlinkSync(join(home, 'plugins', name), join(folder, 'plugins', name));
  }
}

function configuration(folder: string, { port, tlsPort }: { port: number; tlsPort: number }): string {
  return `listeners.tcp.1 = 127.0.0.1:${port}
listeners.ssl.1 = 127.0.0.1:${tlsPort}
ssl_options.cacertfile = ${TLS}ca.pem
ssl_options.certfile = ${TLS}server.pem
ssl_options.keyfile = ${TLS}server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
load_definitions = ${join(folder, 'definitions.json')}
loopback_users = none
handshake_timeout = ${PATIENCE_MS}
ssl_handshake_timeout = ${PATIENCE_MS}
vm_memory_high_watermark.absolute = 2GB
disk_free_limit.absolute = 50MB
`;
}

function definitions(password: string, more: readonly string[]) {
  const vhosts = ['/', ...more];
  const salt = randomBytes(4);
  const hash = createHash('sha256')
    .update(Buffer.concat([salt, Buffer.from(password)]))
    .digest();
  return {
    users: [
      {
        name: USER,
        password_hash: Buffer.concat([salt, hash]).toString('base64'),
        hashing_algorithm: 'rabbit_password_hashing_sha256',
        tags: 'administrator',
      },
    ],
    vhosts: vhosts.map((name) => ({ name })),
    permissions: vhosts.map((vhost) => ({ user: USER, vhost, configure: '.*', write: '.*', read: '.*' })),
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
