import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { openHost } from '../linux/host.ts';
import { readSysctl } from '../linux/sysctl.ts';
import { isIsolated } from './api-client.ts';
import { Child } from './child.ts';
import { type CommandLineSettings, type EmbeddedSettings, writeEmbeddedConfiguration } from './embedded.ts';
import { OneHostError, systemReason } from './errors.ts';
import { Firewatch } from './firewatch.ts';
import { keepArpToGateway, shutArp } from './gateway-arp.ts';
import { agentNames, type Instance, readInstance, type Surroundings, serverName } from './instance.ts';
import { endLeftovers } from './leftovers.ts';
import type { UplinkRecord } from './manifest.ts';
import { ready } from './ready.ts';
import { makeStateFolder, type StateFolder, stateFolder, takeStateFolder } from './state-folder.ts';
import { renderSummary } from './summary.ts';
import { guardTunnels } from './tunnel-guard.ts';
import { deviceOf, ensureUplink, parseUplink, type UplinkChoice } from './uplink.ts';

export interface UpOptions {
  stateDir?: string;
  listen?: string;
  uplink: string;
  tokenFile?: string;
  insecureOpenApi: boolean;
  configFiles: readonly string[];
  install: boolean;
  debug: boolean;
}

/**
 * `neutrino up`: everything on this host, as child processes, until a signal.
 *
 * @returns the exit code
 * @throws OneHostError, ConfigError, SetupError: one line each
 */
export async function up(options: UpOptions, around: Surroundings): Promise<number> {
  const started = performance.now();
  const state = stateFolder(options.stateDir);
  const commandLine = checkCommandLine(options);
  const choice = parseUplink(options.uplink);
  const root = process.getuid?.() === 0;
  makeStateFolder(state);
  const giveBack = takeStateFolder(state);
  const stopping = signals();
  const children: Child[] = [];
  const ends = new AsyncDisposableStack();
  ends.defer(giveBack);
  try {
    await endLeftovers(state);
    if (root) await around.ensurePackages({ install: options.install });
    const { files, instance } = configure(
      state,
      commandLine,
      options,
      root
        ? { publicDevice: deviceOf(choice, state), programs: around.programs }
        : { publicDevice: null, programs: null },
    );
    await refuseTakenPort(instance);
    const uplink = root ? await prepareHost(state, choice, instance, ends, around) : null;
    await upgradeDatabase(around, files('neutron-db-manage'));

    ends.defer(() => stopAll(children));
    for (const name of [serverName, ...(root ? agentNames : [])]) {
      const argv = [join(around.programs, name), ...files(name).flatMap((file) => ['--config-file', file])];
      children.push(new Child({ name, argv, onEnd: (end) => around.say(describeEnd(end)) }));
    }
    for (const child of children) child.start();
    stopping.onSecond(() => {
      for (const child of children) child.kill();
    });
    const agents = await Promise.race([ready(instance, children, root, around), stopping.first]);
    if (typeof agents !== 'string') {
      const seconds = (performance.now() - started) / 1000;
      around.print(
        renderSummary({
          version: around.version,
          state,
          instance,
          agents,
          isolated: await isIsolated(instance.api),
          uplink,
          programs: around.programs,
          seconds,
        }),
      );
      await stopping.first;
    }
    around.say('stopping the programs …');
    return 0;
  } finally {
    await ends.disposeAsync();
  }
}

/** @throws OneHostError for what cannot be meant */
function checkCommandLine({ listen, tokenFile, insecureOpenApi, debug }: UpOptions): CommandLineSettings {
  const settings: CommandLineSettings = { open: insecureOpenApi, debug };
  if (listen !== undefined) settings.listen = parseListen(listen);
  const host = settings.listen?.host;
  if (host !== undefined && !insecureOpenApi && !/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)) {
    throw new OneHostError(
      `--listen ${listen}: without Keystone everyone who reaches this address would be admin; give 127.0.0.1, or --insecure-open-api if that is meant`,
    );
  }
  if (tokenFile !== undefined) {
    settings.tokenFile = resolve(tokenFile);
    if (/\p{Cc}|^\s|\s$/u.test(settings.tokenFile))
      throw new OneHostError('--token-file: its path has characters that cannot stand in a configuration file');
  }
  return settings;
}

/** `127.0.0.1:9696`, `[::1]:9696`, `:9696`. @throws OneHostError */
export function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535 || port === 0)
    throw new OneHostError(`--listen ${JSON.stringify(text)}: give HOST:PORT, as 127.0.0.1:9696 or [::1]:9696`);
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port };
}

/** Writes the configuration and reads it back as the programs will. */
function configure(
  state: StateFolder,
  commandLine: CommandLineSettings,
  options: UpOptions,
  onHost: Omit<EmbeddedSettings, 'state'>,
): { files: (program: string) => string[]; instance: Instance } {
  const userFiles = options.configFiles.map((file) => resolve(file));
  for (const file of userFiles) {
    if (!existsSync(file)) throw new OneHostError(`--config-file ${file}: no such file; give one that exists`);
  }
  const files = writeEmbeddedConfiguration({ state, ...onHost }, commandLine, userFiles);
  const all = [...new Set([serverName, ...agentNames].flatMap((name) => files(name)))];
  // The user's files behind all embedded ones, the command line last: the order each program has, too.
  const embedded = all.filter((file) => !userFiles.includes(file) && !file.endsWith('/command-line.conf'));
  const ordered = [...embedded, ...userFiles, join(state.etc, 'command-line.conf')];
  writeFileSync(join(state.etc, 'files.json'), `${JSON.stringify(ordered)}\n`);
  return { files, instance: readInstance(ordered) };
}

/** Said before anything is started: a server that cannot listen would only say it in its log. */
async function refuseTakenPort({ bindHost, bindPort }: Instance): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      server.listen({ host: bindHost, port: bindPort }, done);
    });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE'
        ? 'is in use by another program'
        : code === 'EADDRNOTAVAIL'
          ? 'is no address of this host'
          : `cannot be used (${systemReason(cause)})`;
    throw new OneHostError(`${bindHost}:${bindPort} ${why}; give another one with --listen HOST:PORT`, { cause });
  } finally {
    await new Promise((done) => server.close(done));
  }
}

/** The physical network, and the host's own firewall where it would be in the way. */
async function prepareHost(
  state: StateFolder,
  choice: UplinkChoice,
  instance: Instance,
  ends: AsyncDisposableStack,
  around: Surroundings,
): Promise<UplinkRecord | null> {
  const host = await openHost();
  let uplink: UplinkRecord | null;
  try {
    uplink = await ensureUplink(host, state, choice, { read: readSysctl });
    if (uplink?.kind === 'nat' && !(await shutArp(host, state, uplink.cidr))) {
      ends.defer(keepArpToGateway(uplink.port, around.say));
    }
    await guardTunnels(host, state, instance.tunnels).catch((error: Error) =>
      around.say(`tunnel packets from outside cannot be shut out: ${error.message}`),
    );
  } finally {
    await host.close();
  }
  const gateway = uplink?.kind === 'nat' ? uplink.gateway : null;
  const watch = new Firewatch({ openHost, state, gateway, api: instance.api, say: around.say });
  ends.defer(() => watch.close());
  await watch.start();
  return uplink;
}

async function upgradeDatabase({ programs }: Surroundings, files: readonly string[]): Promise<void> {
  const argv = [...files.flatMap((file) => ['--config-file', file]), 'upgrade', 'head'];
  const child = spawn(join(programs, 'neutron-db-manage'), argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((done, failed) => child.once('error', failed).once('close', done));
  if (code !== 0)
    throw new OneHostError(stderr.trim().split('\n').at(-1) || `neutron-db-manage ended with exit code ${code}`);
}

function describeEnd({
  name,
  how,
  lastWords,
  pauseMs,
}: {
  name: string;
  how: string;
  lastWords: string;
  pauseMs: number;
}): string {
  return `${name} ${how}${lastWords ? ` (${lastWords})` : ''}; starting it again in ${pauseMs / 1000} s`;
}

/** Agents first, so that none of them sees its server go. */
async function stopAll(children: readonly Child[]): Promise<void> {
  const [server, ...agents] = children;
  await Promise.all(agents.map((child) => child.stop()));
  await server?.stop();
}

/** npm passes Ctrl-C on to a child that the terminal has told already: what comes this soon is the same one. */
const SAME_SIGNAL_MS = 1_000;

/** The first signal ends in order, a second one at once. */
function signals(): { first: Promise<string>; onSecond: (act: () => void) => void } {
  const first = Promise.withResolvers<string>();
  let seenAtMs: number | null = null;
  let act = () => {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (seenAtMs !== null && performance.now() - seenAtMs > SAME_SIGNAL_MS) {
        act();
        process.exit(1);
      }
      seenAtMs ??= performance.now();
      first.resolve(signal);
    });
  }
  return {
    first: first.promise,
    onSecond: (then) => {
      act = then;
    },
  };
}
