import { until } from '../../test/support/wait.ts';
import { cpuMs, pssMb } from '../processes.ts';
import { readLog } from './agent-log.ts';
import { countCommands, type Served, type StartFigures, untilActive } from './start.ts';

export interface RestartFigures {
  /** From the start of its process until the server has been told of all devices. */
  readonly fromExecMs: number;
  /** By program: commands that may change the host. */
  readonly writing: StartFigures['commands'];
  readonly commands: StartFigures['commands'];
  /** Lines of links, rules, sets and forwarding entries that came or went: none is wanted. */
  readonly changed: readonly string[];
}

/** The agent starts anew where everything is in place. */
export async function restart(served: Served): Promise<RestartFigures> {
  const { agent, ground, ports } = served;
  await agent.program.stop();
  const before = await hostText(served);
  const began = Date.now();
  const from = performance.timeOrigin + performance.now();
  agent.program.start();
  await until(
    'the server was told of all devices',
    () => {
      const { lastReportMs, reported } = readLog(agent.log(), began);
      return lastReportMs !== null && reported.size >= ports.length;
    },
    { timeoutMs: 300_000, everyMs: 100 },
  );
  await untilActive(ground.site, ports, 20);
  const work = readLog(agent.log(), began);
  const after = await hostText(served);
  return {
    fromExecMs: work.lastReportMs! - from,
    writing: countCommands(work, 'writing'),
    commands: countCommands(work),
    changed: difference(before, after),
  };
}

function difference(before: string, after: string): string[] {
  const [was, is] = [before, after].map((text) => text.split('\n'));
  const lines = (from: string[], other: string[], sign: string) => {
    const known = new Set(other);
    return from.filter((line) => !known.has(line)).map((line) => `${sign} ${line.trim()}`);
  };
  return [...lines(was!, is!, '-'), ...lines(is!, was!, '+')];
}

async function hostText({ host }: Served): Promise<string> {
  const commands = [
    ['iptables-save'],
    ['ip6tables-save'],
    ['ebtables-save'],
    ['ipset', 'save'],
    // Without -d: the timers of bridges run.
    ['ip', 'link', 'show'],
    ['bridge', 'fdb', 'show'],
  ];
  const texts = await Promise.all(commands.map((argv) => host.read(argv)));
  return texts
    .join('\n')
    .replaceAll(/^#.*$/gm, '')
    .replaceAll(/\[\d+:\d+\]/g, '');
}

export interface RestFigures {
  readonly pssMb: number;
  /** Share of a core, with children that ended. */
  readonly cores: number;
  readonly seconds: number;
}

/** The first look at all rules, sets and links after a start is part of the start: it comes within this time. */
const COMES_TO_REST_MS = 75_000;

/** The agent and all it started, when nothing happens and nothing has happened for a while. */
export async function atRest({ agent }: Served, seconds: number): Promise<RestFigures> {
  await new Promise((resolve) => setTimeout(resolve, COMES_TO_REST_MS));
  const pid = (await agent.program.pid())!;
  const used = () => cpuMs([pid], { ended: true });
  const before = used();
  const from = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const cores = (used() - before) / (performance.now() - from);
  return { pssMb: pssMb([pid]), cores, seconds };
}
