import type { Kind } from '../../test/compat/mixes/configuration.ts';
import { until } from '../../test/support/wait.ts';
import { percentile } from '../load.ts';
import { cpuMs } from '../processes.ts';
import { median } from '../table.ts';
import { openRouterCloud, type RouterCloud } from './cloud-site.ts';
import { type FloatingFigures, measureFloating } from './floating.ts';
import { layRouters } from './ground.ts';

/** The real L3 agent beside ours: the same server of ours, the same routers, the same signs from outside. */

export interface BesideFigures {
  readonly kind: Kind;
  readonly idleStartMs: number;
  /** From the start of the process until the server has every floating IP ACTIVE, which agents report when a router is done. */
  readonly syncMs: number;
  /** CPU until then of the agent, and of all it started, wherever that hangs in the tree of processes. */
  readonly syncCpuMs: number;
  readonly floating: FloatingFigures;
}

export interface BesideOptions {
  readonly count: number;
  readonly interfaces: number;
  readonly floatingIps: number;
  /** Floating IPs that are timed. */
  readonly times: number;
  readonly say: (text: string) => void;
}

const LIMIT_MS = 7_200_000;

/** One after the other, each on a cloud of its own. */
export async function measureBeside(options: BesideOptions): Promise<BesideFigures[]> {
  const figures: BesideFigures[] = [];
  for (const kind of ['ours', 'python'] as const) figures.push(await measureOne(kind, options));
  return figures;
}

async function measureOne(kind: Kind, { say, ...options }: BesideOptions): Promise<BesideFigures> {
  await using place = await openRouterCloud(kind);
  const { cloud, host, bridgeAgent, l3Agent, idleStartMs } = place;
  say(`${kind}: ${options.count} routers in the API`);
  const laid = await layRouters(place, options);
  say(`${kind}: the first sync`);
  // Python's privileged daemons leave their parent for the first process of the host.
  const left = () => cpuMs([host.holderPid], { ended: true });
  const [from, leftBefore] = [performance.now(), left()];
  l3Agent.start();
  // Asking is dear for the server that the agent asks, too.
  await l3Agent.ready('all floating IPs ACTIVE', () => allActive(place, kind === 'ours' ? 50 : 500), LIMIT_MS);
  const syncMs = performance.now() - from;
  const syncCpuMs = cpuMs([(await l3Agent.pid())!], { ended: true }) + left() - leftBefore;
  say(`${kind}: ${Math.round(syncMs)} ms; ${options.times} floating IPs`);
  await cloud.startAgent(bridgeAgent);
  const floating = await measureFloating(place, laid[0]!, options.times);
  return { kind, idleStartMs, syncMs, syncCpuMs, floating };
}

async function allActive({ cloud }: RouterCloud, everyMs: number): Promise<true> {
  const isDone = async () => (await cloud.api.list('floatingip', 'status=DOWN&limit=1&fields=id')).length === 0;
  await until('all floating IPs ACTIVE', isDone, { timeoutMs: LIMIT_MS, everyMs });
  return true;
}

export function renderBeside(
  figures: readonly BesideFigures[],
  { count, interfaces, floatingIps }: BesideOptions,
): string {
  const [ours, real] = figures as [BesideFigures, BesideFigures];
  const row = (name: string, of: (one: BesideFigures) => number) => {
    const ratio = of(real) / of(ours);
    return `| ${name} | ${ms(of(ours))} | ${ms(of(real))} | ${ratio.toFixed(ratio < 10 ? 1 : 0)} × |`;
  };
  const middle = (times: readonly number[]) => median([...times].sort((a, b) => a - b));
  const most = (times: readonly number[]) =>
    percentile(
      [...times].sort((a, b) => a - b),
      1,
    );
  return [
    '| figure | ours | neutron | |',
    '|---|--:|--:|--:|',
    row(`full sync of ${count} routers, nothing there: process start → all floating IPs ACTIVE`, (one) => one.syncMs),
    row('… without what a start takes that finds nothing to do', (one) => one.syncMs - one.idleStartMs),
    row('… CPU of the agent and all it started', (one) => one.syncCpuMs),
    row('floating IP: answer → first datagram with the guest, median', ({ floating }) => middle(floating.fromAnswerMs)),
    row('… most', ({ floating }) => most(floating.fromAnswerMs)),
    row('… from the request, median', ({ floating }) => middle(floating.fromRequestMs)),
    '',
    `${count} routers, ${interfaces} interfaces and ${floatingIps} floating IPs each, without metadata proxies; our server on MariaDB, RabbitMQ`,
  ].join('\n');
}

const ms = (value: number): string => (value < 2_000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(1)} s`);
