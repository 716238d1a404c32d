import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Answered } from '../../src/api/answered.ts';
import { apiOptions, bodyOptions, healthOptions } from '../../src/api/options.ts';
import type { Config } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { reason } from '../../src/config/files.ts';
import { commonOptions } from '../../src/config/options/common.ts';
import { databaseOptions, databaseSettings } from '../../src/config/options/database.ts';
import { keystoneOptions, novaOptions, placementOptions } from '../../src/config/options/identity.ts';
import { neutrinoOptions, policyOptions, serverOptions } from '../../src/config/options/server.ts';
import { metricsOptions } from '../../src/metrics/options.ts';
import { type PluginOptions, pluginOptionGroups } from '../../src/plugin/options.ts';
import { notificationOptions } from '../../src/rpc/notifications/options.ts';
import type { Listener } from '../../src/rpc/transport.ts';
import { healthChecks } from './health.ts';
import { openFigures, queueFigures } from './metrics.ts';
import { notificationFigures, openNotifications } from './notifications.ts';
import { type Program, type ProgramParts, type Running, StartError } from './program.ts';
import { isLocal, joinQueue, serveQueue } from './queue.ts';
import { version } from './version.ts';
import { isSupervisor, roleOf, superviseWorkers, tellServing } from './workers.ts';

const about = `usage: neutron-server [options]

The Networking API and the plugin behind it: takes requests, keeps the state of the networks in the database, tells the
agents. Needs no root. Where no --config-file is given it reads /etc/neutron/neutron.conf and /etc/neutron/plugin.ini
(or plugins/ml2/ml2_conf.ini).`;

export const server: Program = {
  name: 'neutron-server',
  about,
  groups: [
    apiOptions,
    bodyOptions,
    healthOptions,
    metricsOptions,
    serverOptions,
    neutrinoOptions,
    databaseOptions,
    keystoneOptions,
    novaOptions,
    placementOptions,
    policyOptions,
    notificationOptions,
    ...Object.values(pluginOptionGroups),
  ],
  needs: ['database', 'queue'],
  service: true,
  start: startServer,
};

/** Database, bus, plugin, API: each stands on the one before, and they end in the opposite order. */
async function startServer({ config, logger, service }: ProgramParts): Promise<Running> {
  const options = config.get(apiOptions);
  const { insecure_open_api: open, token_file, access_log: accessLogged } = config.get(neutrinoOptions);
  const keystone = config.get(serverOptions).auth_strategy === 'keystone';
  if (!keystone) refuseOpenAddress(config, options.bind_host, open);
  const token = token_file === null ? null : readToken(config, token_file);

  const { api_workers, rpc_workers } = config.get(serverOptions);
  const { processes, role } = roleOf({ api: api_workers, rpc: rpc_workers });
  if (isSupervisor(processes)) return superviseServer(processes, { config, logger, service });

  const openNova = await (await import('./nova.ts')).prepareNova(config);
  const prepared = keystone ? (await import('./access.ts')).prepareAccess(config) : null;
  // Modules come here and not above, so that --help and refusals are quick, and they load while the database opens.
  const [
    { openDatabase },
    { newStatistics },
    { enterDatabase },
    { createPlugin },
    { createApi },
    { accessLog },
    identity,
  ] = await Promise.all([
    import('../../src/db/database.ts'),
    import('../../src/db/statistics.ts'),
    import('../../src/db/entrance.ts'),
    import('../../src/plugin/plugin.ts'),
    import('../../src/api/server.ts'),
    import('../../src/api/answered.ts'),
    import('../../src/api/identity.ts'),
  ]);
  await using undo = new AsyncDisposableStack();
  const metrics = await openFigures('neutron-server', { config, logger, portOffset: role.index });
  if (metrics !== null) undo.defer(() => metrics.close());
  const statistics = metrics === null ? null : newStatistics();
  service.describe(() => 'opening the database');
  const database = await openDatabase({ ...databaseSettings(config.get(databaseOptions)), statistics, logger });
  undo.defer(() => database.close());
  const { host } = config.get(commonOptions);
  undo.use(await enterDatabase(database, { name: `${host} ${process.pid}`, configFiles: config.files, logger }));

  const bus = await (processes > 1 ? joinQueue : serveQueue)('neutron-server', { config, logger });
  undo.defer(() => bus.close());
  const plugin = await createPlugin({
    database,
    transport: bus.transport,
    options: pluginOptions(config),
    host,
    logger,
    nova: openNova?.(logger) ?? null,
    section: (name) =>
      Object.fromEntries(
        config.unknown
          .filter((entry) => entry.section === name.toLowerCase())
          .map((entry) => [entry.name, entry.value]),
      ),
  });
  undo.defer(() => plugin.close());
  for (const { topic, endpoints } of role.rpc ? plugin.rpcEndpoints() : []) {
    // A broker that is away is waited for in the background; neither the API nor the end of the program need wait.
    let listener: Listener | null = null;
    void bus.transport.listen(topic, host, endpoints).then((listening) => {
      listener = listening;
    });
    undo.defer(() => listener?.close());
  }
  plugin.news.join(`${host}:${process.pid}`);
  await plugin.start();

  const notifications = await openNotifications('network', { config, logger, program: 'neutron-server' });
  if (notifications !== null) undo.defer(() => notifications.close());

  let onAnswer: ((answered: Answered) => void) | null = null;
  if (metrics !== null) {
    const figures = await import('./server-figures.ts');
    queueFigures(metrics.figures, bus.transport);
    figures.databaseFigures(metrics.figures, database, statistics!);
    const agentDownTimeMs = pluginOptions(config).core.agent_down_time * 1000;
    figures.stateFigures(metrics.figures, { database, plugin, agentDownTimeMs });
    if (notifications?.outlet) notificationFigures(metrics.figures, notifications.outlet);
    onAnswer = figures.apiFigures(metrics.figures);
  }

  const access = prepared?.open(plugin, logger) ?? null;
  if (access !== null) undo.defer(() => access.close());
  const api = createApi({
    plugin,
    options,
    bodies: config.get(bodyOptions),
    health: config.get(healthOptions),
    checks: healthChecks(database, bus.transport, config.get(healthOptions)),
    protection: access !== null ? 'off' : open ? 'open' : 'loopback',
    authenticate: access?.authenticate ?? (token === null ? identity.noAuthentication() : identity.fixedToken(token)),
    ...(access !== null && { gate: access.gate, challenge: access.challenge }),
    dashboard: {
      folder: fileURLToPath(new URL('../../dashboard/dist', import.meta.url)),
      version: version(),
      plugCommand: config.get(neutrinoOptions).plug_command,
      signIn: access !== null ? 'keystone' : token === null ? 'none' : 'token',
      ...(access !== null && { askIdentity: access.askIdentity }),
    },
    notices: notifications?.notices ?? null,
    onAnswer: both(accessLogged ? accessLog({ ...logger, info: logger.later }) : null, onAnswer),
    logger,
  });
  undo.defer(() => api.close());
  undo.defer(() => bus.transport.waitNoMore());
  const url = await api.listen().catch((error: NodeJS.ErrnoException) => {
    throw new StartError(whyNoListen(error, `${options.bind_host}:${options.bind_port}`), { cause: error });
  });
  logger.info({ url, core_plugin: 'ml2', extensions: plugin.extensions.size }, 'API listens');
  service.describe(() => {
    const { awayMs } = bus.transport;
    return `API at ${url}${awayMs > 0 ? '; no connection to the message queue, trying again' : ''}`;
  });
  if (open && !keystone)
    logger.warn({ url }, 'the API answers everyone who reaches this address: insecure_open_api is set');
  tellServing();
  const parts = undo.move();
  return { close: () => parts.disposeAsync() };
}

/** Several processes on one address. The bus of one host is served here; it must not go with a worker. */
async function superviseServer(
  processes: number,
  { config, logger, service }: Pick<ProgramParts, 'config' | 'logger' | 'service'>,
): Promise<Running> {
  await using undo = new AsyncDisposableStack();
  if (isLocal(config)) {
    const bus = await serveQueue('neutron-server', { config, logger });
    undo.defer(() => bus.close());
  }
  const workers = await superviseWorkers(processes, { logger, service });
  undo.defer(() => workers.close());
  const parts = undo.move();
  return { close: () => parts.disposeAsync() };
}

/** One listener of several, of which some may be missing. */
function both<T>(...listeners: readonly (((fact: T) => void) | null)[]): (fact: T) => void {
  const there = listeners.filter((listener) => listener !== null);
  return (fact) => {
    for (const listener of there) listener(fact);
  };
}

function pluginOptions(config: Config): PluginOptions {
  const values = Object.entries(pluginOptionGroups).map(([name, group]) => [name, config.get(group)]);
  return Object.fromEntries(values) as PluginOptions;
}

/** Without Keystone whoever reaches the API is admin, so it is kept where only this host reaches it. */
function refuseOpenAddress(config: Config, bindHost: string, open: boolean): void {
  if (open || /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i.test(bindHost)) return;
  throw new ConfigError(
    `${config.where('DEFAULT', 'bind_host')}: with auth_strategy = noauth everyone who reaches this address would be admin; give bind_host = 127.0.0.1, or [neutrino] insecure_open_api = True if that is meant`,
  );
}

function readToken(config: Config, file: string): string {
  const where = config.where('neutrino', 'token_file');
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new ConfigError(`${where}: ${reason(cause)}; give a readable file with one token in it`, { cause });
  }
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new ConfigError(`${where}: must hold one token of printable characters without blanks`);
  return token;
}

function whyNoListen(error: NodeJS.ErrnoException, address: string): string {
  if (error.code === 'EADDRINUSE')
    return `${address} is in use by another program; stop it (ss -ltnp shows which) or give another bind_port`;
  if (error.code === 'EADDRNOTAVAIL') return `${address} is no address of this host; give another bind_host`;
  if (error.code === 'EACCES') return `${address} may not be used without root; give a bind_port above 1023`;
  return `cannot listen on ${address}: ${error.message}`;
}
