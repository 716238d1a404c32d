import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import type { Instance, Inventory, Surroundings } from '../../src/onehost/instance.ts';
import type { PlugParts } from '../../src/onehost/plug.ts';
import type { StateFolder } from '../../src/onehost/state-folder.ts';
import { errorText } from './log.ts';
import { outliveReaders } from './pipes.ts';
import { setTitle } from './title.ts';
import { version } from './version.ts';

const programs = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const about = `All of Neutrino on one host.

  neutrino up                              starts server and agents; Ctrl-C stops them, traffic goes on
  neutrino plug PORT --netns guest1 --dhcp gives a port a guest: a namespace (or --tap for qemu)
  neutrino explain port PORT               why a port works, or not; a router, a floatingip as well
  neutrino trace --from PORT --to ADDRESS  the way of a packet, and what stops it
  neutrino status                          what runs, and what is on this host and why
  neutrino down                            takes everything off this host again

The same programs run distributed over many hosts: see docs/onehost.md.`;

const STATE_DIR = ['--state-dir <dir>', 'folder of the instance: database, configuration, logs'] as const;

/** Errors of one line that a person can act on; anything else is a bug and shows its name. */
const plainErrors = new Set([
  'OneHostError',
  'ConfigError',
  'SetupError',
  'ApiFailure',
  'ConnectionError',
  'SchemaError',
  'PlugError',
  'LabError',
]);

/** The command line of `neutrino`. Each command loads its code when it is called. */
export async function runNeutrino(argv: readonly string[]): Promise<void> {
  setTitle('neutrino', argv);
  outliveReaders();
  try {
    await commandLine().parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has printed what it found itself
      if (!error.code.startsWith('commander.')) process.stderr.write(`neutrino: ${error.message}\n`);
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const plain = error instanceof Error && plainErrors.has(error.name);
    const text = error instanceof Error ? (plain ? error.message : errorText(error)) : String(error);
    process.stderr.write(`neutrino: ${text.replace(/\s*\n\s*/g, ' ')}\n`);
    process.exit(1);
  }
}

function commandLine(): Command {
  const neutrino = new Command('neutrino')
    .description(about)
    .version(version(), '--version')
    .exitOverride()
    .showHelpAfterError('(--help tells more)');

  neutrino
    .command('up')
    .description(
      'starts everything: server, Linux bridge agent, DHCP agent, metadata agent, L3 agent; without root the API alone',
    )
    .option(...STATE_DIR)
    .option('--listen <host:port>', 'where the API answers (default: 127.0.0.1:9696)')
    .option(
      '--uplink <what>',
      'physical network "public": nat (a veth pair, this host is the gateway), none, or a card',
      'nat',
    )
    .option('--token-file <file>', 'accept only the token in this file; clients: OS_AUTH_TYPE=admin_token')
    .option('--insecure-open-api', 'let everyone who reaches a --listen address beyond loopback be admin', false)
    .option('--config-file <file>', 'options of your own, as in neutron.conf; repeatable, a later one wins', gather, [])
    .option('--no-install', 'name Debian packages that are missing instead of installing them')
    .option('--debug', 'log at debug level', false)
    .action(async (given) => {
      const { up } = await import('../../src/onehost/up.ts');
      const { configFile, ...options } = given;
      process.exit(await up({ ...options, configFiles: configFile }, surroundings()));
    });

  neutrino
    .command('status')
    .description('what runs, and what is on this host and why')
    .option(...STATE_DIR)
    .action(async (options) => {
      const { status } = await import('../../src/onehost/status.ts');
      process.exit(await status(options, surroundings()));
    });

  neutrino
    .command('down')
    .description('stops the programs and removes from this host what they made, and nothing else')
    .option(...STATE_DIR)
    .option('--purge', 'the data too; asks first', false)
    .option('--yes', 'do not ask', false)
    .action(async (options) => {
      const { down } = await import('../../src/onehost/down.ts');
      process.exit(await down(options, surroundings()));
    });

  neutrino
    .command('explain')
    .description('walks from the database to the kernel and says what is, what should be, and what to do')
    .argument('<what>', 'port, network, router or floatingip')
    .argument('<id>', 'its id or name; of a floating IP its id or address')
    .option(...STATE_DIR)
    .option('-f, --format <format>', 'text or json', 'text')
    .action(async (what: string, id: string, options) => {
      const { runExplain } = await import('../../cli/explain.ts');
      const env = await connectionSettings(options.stateDir);
      process.exitCode = await runExplain([what, id, '--format', options.format], env, {
        stdout: (text) => void process.stdout.write(text),
        stderr: (text) => void process.stderr.write(text),
      });
    });

  neutrino
    .command('trace')
    .description('follows a packet from a port to an address: hop by hop, the verdict, and what decides it')
    .requiredOption('--from <port>', 'id or name of the port')
    .requiredOption('--to <address>', 'where it is sent')
    .option('--tcp <port>', 'a TCP connection to this port; without, a ping')
    .option('--udp <port>', 'a UDP packet to this port')
    .option(...STATE_DIR)
    .option('-f, --format <format>', 'text or json', 'text')
    .action(async ({ stateDir, ...options }) => {
      const { runTrace } = await import('../../cli/trace.ts');
      const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
      process.exitCode = await runTrace(words, await connectionSettings(stateDir), {
        stdout: (text) => void process.stdout.write(text),
        stderr: (text) => void process.stderr.write(text),
      });
    });

  neutrino
    .command('plug')
    .description('what Nova does when a guest starts: binds the port to this host and gives it a card')
    .argument('<port>', 'id or name of the port')
    .option('--netns <name>', 'the guest is this namespace, made when it is missing; its card gets the MAC of the port')
    .option('--dhcp', 'with --netns: the namespace asks for its address at once, as a guest that boots', false)
    .option('--tap', 'the guest is a virtual machine that opens the tap itself')
    .option(...STATE_DIR)
    .action(async (port: string, options) => {
      if ((options.netns === undefined) === (options.tap === undefined)) {
        throw new CommanderError(2, 'kind', 'give --netns NAME or --tap');
      }
      if (options.dhcp && options.tap)
        throw new CommanderError(2, 'dhcp', '--dhcp is for --netns: a virtual machine asks by itself');
      const { plugPort } = await import('../../src/onehost/plug.ts');
      await onHost(options.stateDir, ({ host, ...parts }) =>
        plugPort({ port, netns: options.netns ?? null, dhcp: options.dhcp, host }, parts),
      );
    });

  neutrino
    .command('unplug')
    .description('takes the card of a port away again')
    .argument('<port>', 'id or name of the port')
    .option(...STATE_DIR)
    .action(async (port: string, options) => {
      const { unplugPort } = await import('../../src/onehost/plug.ts');
      await onHost(options.stateDir, (parts) => unplugPort(port, parts));
    });

  neutrino
    .command('tour')
    .description('shows live, on emulated hosts, how networks come into being; changes nothing on this one')
    .action(async () => {
      const { runTour } = await import('../../src/onehost/tour.ts');
      process.exit(await runTour({ programs }));
    });

  return neutrino;
}

function gather(value: string, before: string[]): string[] {
  return [...before, value];
}

async function openInstance(stateDir: string | undefined): Promise<{ state: StateFolder; instance: Instance }> {
  const [{ stateFolder, requireStateFolder }, { lastFiles, readInstance }] = await Promise.all([
    import('../../src/onehost/state-folder.ts'),
    import('../../src/onehost/instance.ts'),
  ]);
  const state = stateFolder(stateDir);
  requireStateFolder(state);
  return { state, instance: readInstance(lastFiles(state)) };
}

/** How the client reaches the API: the instance of this host, or, with OS_ENDPOINT and no --state-dir, a server elsewhere. */
async function connectionSettings(stateDir: string | undefined): Promise<Record<string, string | undefined>> {
  if (stateDir === undefined && (process.env.OS_ENDPOINT || process.env.OS_URL)) return process.env;
  const { api } = (await openInstance(stateDir)).instance;
  const { apiUrl } = await import('../../src/onehost/api-client.ts');
  const auth = api.token === null ? { OS_AUTH_TYPE: 'none' } : { OS_AUTH_TYPE: 'admin_token', OS_TOKEN: api.token };
  return { OS_ENDPOINT: apiUrl(api), ...auth };
}

/** Runs what changes this host's links, and prints what it says. */
async function onHost(
  stateDir: string | undefined,
  act: (parts: PlugParts & { host: string }) => Promise<string[]>,
): Promise<void> {
  const { state, instance } = await openInstance(stateDir);
  const { OneHostError } = await import('../../src/onehost/errors.ts');
  if (process.getuid?.() !== 0)
    throw new OneHostError('this changes the network of this host and needs root: use sudo');
  const { openHost } = await import('../../src/linux/host.ts');
  const linux = await openHost();
  try {
    for (const line of await act({ state, api: instance.api, linux, host: instance.host }))
      process.stdout.write(`${line}\n`);
  } finally {
    await linux.close();
  }
}

function surroundings(): Surroundings {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  return {
    version: version(),
    programs,
    say,
    print: (line) => process.stdout.write(`${line}\n`),
    async ensurePackages(options) {
      const { ensurePackages, hostPackages, thisMachine } = await import('../../setup/debian.ts');
      await ensurePackages(hostPackages, thisMachine(say), options);
    },
    inventory: readInventory,
    async removeRules(host, state, of) {
      const [{ removeRules }, { removeLimits }, { SHARED_LOCK_PATH }] = await Promise.all([
        import('../../src/agent/firewall/clean-up.ts'),
        import('../../src/agent/qos/clean-up.ts'),
        import('../../src/linux/lock.ts'),
      ]);
      const lockPaths = [join(state.path, 'lock'), SHARED_LOCK_PATH];
      return [...(await removeRules(host, { ...of, lockPaths })), ...(await removeLimits(host, { ...of, lockPaths }))];
    },
  };
}

/** From the database itself, so that it is there whether the server runs or not. */
async function readInventory(state: StateFolder): Promise<Inventory | null> {
  const file = join(state.path, 'neutron.sqlite');
  if (!existsSync(file)) return null;
  const { openDatabase } = await import('../../src/db/database.ts');
  const { currentRevision } = await import('../../src/db/migrate.ts');
  const database = await openDatabase({ connection: `sqlite:///${file}` });
  try {
    if ((await currentRevision(database)) === null) return null;
    const networks = await database.db.selectFrom('networks').select(['id', 'name']).execute();
    const ports = await database.db
      .selectFrom('ports')
      .select(['id', 'name', 'network_id', 'device_owner', 'status'])
      .execute();
    // A folder of an old release may have no such tables yet.
    const routers = await database.db
      .selectFrom('routers')
      .select(['id', 'name'])
      .execute()
      .catch(() => []);
    const groups = await Promise.all(
      (['securitygroups', 'address_groups'] as const).map((table) =>
        database.db
          .selectFrom(table)
          .select(['id', 'name'])
          .execute()
          .catch(() => []),
      ),
    );
    return {
      groups: groups.flat().map(({ id, name }) => ({ id, name: name ?? '' })),
      networks: networks.map(({ id, name }) => ({ id, name: name ?? '' })),
      routers: routers.map(({ id, name }) => ({ id, name: name ?? '' })),
      ports: ports.map((port) => ({ ...port, name: port.name ?? '' })),
    };
  } finally {
    await database.close();
  }
}
