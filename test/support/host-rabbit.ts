import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmulatedHost } from './hosts.ts';
import { until } from './wait.ts';

const PORT = 5672;

/** RabbitMQ on an emulated host, at the port everybody knows, with a user `openstack` whose password is the same. */
export class HostRabbit {
  readonly #host: EmulatedHost;
  readonly #folder: string;

  private constructor(host: EmulatedHost, folder: string) {
    this.#host = host;
    this.#folder = folder;
  }

  static async start(host: EmulatedHost): Promise<HostRabbit> {
    const rabbit = new HostRabbit(host, await host.makeFolder('rabbit'));
    rabbit.#configure();
    // It looks its own host's name up, twice. The machine's name servers are not within reach: 8 s each.
    const none = '[ ! -e /etc/resolv.conf ] || mount --bind "$0" /etc/resolv.conf';
    await host.run(['sh', '-c', none, join(rabbit.#folder, 'resolv.conf')]);
    await rabbit.up();
    return rabbit;
  }

  async up(): Promise<void> {
    const env = this.#environment;
    this.#host.spawn(['/usr/lib/rabbitmq/bin/rabbitmq-server'], { cwd: this.#folder, env });
    await listening(this.#host, PORT);
  }

  /** As a crash would. What is not durable is gone. */
  async kill(): Promise<void> {
    const isOurs = ({ command }: { command: string }) => /beam|rabbitmq-server/.test(command);
    const found = (await this.#host.processes()).filter(isOurs).map(({ pid }) => String(pid));
    await this.#host.run(['kill', '-9', ...found]);
    await until('RabbitMQ is gone', async () => !(await listens(this.#host, PORT)));
  }

  /**
   * Every queue there is, as an operator who tidies up might; all at the same time, lest a program that has noticed the end of
   * one comes back to find another that is about to go, which would be two losses.
   */
  async deleteQueues(): Promise<void> {
    await this.#ask(`
      Delete = fun(Q) -> fun() -> rabbit_amqqueue:delete(Q, false, false, <<"test">>) end end,
      Deleting = [spawn_monitor(Delete(Q)) || Q <- rabbit_amqqueue:list()],
      [receive {'DOWN', Reference, process, _, normal} -> ok end || {_, Reference} <- Deleting], ok.`);
  }

  /** Puts what is no message into every queue: so many short ones, then one of so many bytes. */
  async spoilQueues(count: number, bytes: number): Promise<void> {
    await this.#ask(`
      Put = fun(Q, Body) ->
        {resource, _, queue, Name} = amqqueue:get_name(Q),
        rabbit_basic:publish(rabbit_misc:r(<<"/">>, exchange, <<>>), Name, [], Body)
      end,
      [[Put(Q, <<"garbage">>) || _ <- lists:seq(1, ${count})] || Q <- rabbit_amqqueue:list()],
      [Put(Q, binary:copy(<<"x">>, ${bytes})) || Q <- rabbit_amqqueue:list()], ok.`);
  }

  /** Has the broker itself do something, in its own language. */
  async #ask(expression: string): Promise<void> {
    await this.#host.run(['/usr/lib/rabbitmq/bin/rabbitmqctl', 'eval', expression], { env: this.#environment });
  }

  get #environment(): Record<string, string> {
    const file = (name: string) => join(this.#folder, name);
    return {
      HOME: this.#folder,
      RABBITMQ_NODENAME: 'rabbit@localhost',
      RABBITMQ_MNESIA_BASE: file('mnesia'),
      RABBITMQ_LOG_BASE: file('log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins'),
      RABBITMQ_CONFIG_FILE: file('rabbitmq'),
      RABBITMQ_CONF_ENV_FILE: file('env.conf'),
    };
  }

  #configure(): void {
    for (const name of ['mnesia', 'log']) mkdirSync(join(this.#folder, name), { recursive: true });
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
    const files = {
      enabled_plugins: '[].',
      'env.conf': '',
      'definitions.json': JSON.stringify(definitions),
      'rabbitmq.conf': `load_definitions = ${join(this.#folder, 'definitions.json')}
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 1GB
`,
      'resolv.conf': '',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#folder, name), text);
  }
}

/** Waits until somebody listens on a port of a host. */
export async function listening(host: EmulatedHost, port: number): Promise<void> {
  await until(`port ${port} of ${host.name}`, () => listens(host, port), { timeoutMs: 90_000, everyMs: 200 });
}

async function listens(host: EmulatedHost, port: number): Promise<boolean> {
  const probe = ['bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`];
  return (await host.run(probe, { okCodes: [0, 1] })).code === 0;
}
