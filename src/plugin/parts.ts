import type { Database } from '../db/database.ts';
import { fullView, type View } from '../db/read/view.ts';
import { type Context, seesEverything } from '../lib/context.ts';
import { domainOf } from '../lib/dns-names.ts';
import { type Logger, silentLogger } from '../lib/log.ts';
import type { Transport } from '../rpc/transport.ts';
import type { DutyTimes } from './duty/duties.ts';
import type { Nova } from './nova/contract.ts';
import type { PluginOptions } from './options.ts';
import { type StopPoint, stopPointFromEnvironment } from './outbox/stop-point.ts';
import { RecentRequests } from './recent-requests.ts';

/** What a program brings to make a plugin. */
export interface PluginParts {
  readonly database: Database;
  readonly transport: Transport;
  readonly options: PluginOptions;
  /** This server's name on the queue. */
  readonly host: string;
  readonly logger?: Logger;
  /** Who is told of the ports of guests; nobody when left out. The plugin closes it. */
  readonly nova?: Nova | null;
  /** Options of sections that only drivers from outside know; none when left out. */
  readonly section?: (name: string) => Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; tests bring their own clock. */
  readonly now?: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed?: () => number;
  /** In [0, 1); tests bring their own dice. */
  readonly random?: () => number;
  /** Tests of several servers are short of time. */
  readonly dutyTimes?: DutyTimes;
  /** Stops the process at a named point: for tests of what a crash there leaves behind. */
  readonly stopPoint?: StopPoint;
}

/** The same with everything filled in: what the parts of the plugin share. */
export interface Shared {
  readonly database: Database;
  readonly transport: Transport;
  readonly options: PluginOptions;
  readonly host: string;
  readonly logger: Logger;
  readonly now: () => number;
  readonly elapsed: () => number;
  readonly random: () => number;
  readonly stopPoint: StopPoint;
  readonly extensions: ReadonlySet<string>;
  readonly requests: RecentRequests;
}

export function share(parts: PluginParts, extensions: ReadonlySet<string>): Shared {
  return {
    logger: silentLogger,
    now: Date.now,
    elapsed: () => performance.now(),
    random: Math.random,
    stopPoint: stopPointFromEnvironment(process.env),
    requests: new RecentRequests(),
    ...parts,
    extensions,
  };
}

/** What the caller sees of resources in this configuration. */
export function viewOf(shared: Shared, context: Context): View {
  return { ...wholeView(shared), projectId: context.projectId, all: seesEverything(context) };
}

/** Every attribute there is, of what the caller sees: for changes, which must not reach further than the caller does. */
export function callersFullView(context: Context): View {
  return { extensions: null, projectId: context.projectId, all: seesEverything(context) };
}

/** Everything in this configuration: for the plugin's own work. */
export function wholeView({ extensions, options, now }: Shared): View {
  return {
    extensions,
    all: true,
    agentDownTimeMs: options.core.agent_down_time * 1000,
    nowMs: now(),
    ...namesIn({ extensions, options }),
  };
}

/** Every attribute there is, for messages and drivers: with the names in DNS that ports have in this configuration. */
export function messageView(shared: Shared): View {
  return { ...fullView, ...namesIn(shared) };
}

function namesIn({ extensions, options }: Pick<Shared, 'extensions' | 'options'>): Pick<View, 'dnsDomain'> {
  return extensions.has('dns-integration') ? { dnsDomain: domainOf(options.core.dns_domain) } : {};
}

/** A moment as the API shows it: UTC, whole seconds. */
export function apiTime(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}
