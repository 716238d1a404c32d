import { deliveriesAmong, type Messages } from './messages.ts';

/** Times in ms. */
export interface Times {
  readonly median: number;
  readonly p99: number;
  readonly most: number;
}

/** CPU time of the programs over some seconds, as shares of a core. */
export interface Cores {
  readonly server: number;
  readonly broker: number;
  readonly database: number;
  readonly agents: number;
  /** What neither of these kept busy, this program among it: what ran beside the measurement. */
  readonly beside: number;
}

/** What a load of agents showed. */
export interface AgentsReport {
  readonly when: string;
  readonly machine: string;
  readonly database: string;
  /** Whether `[neutrino] port_update_to_host` was set. */
  readonly toHost: boolean;
  readonly agents: number;
  readonly portsPerAgent: number;
  /** Agents that started at the same moment. */
  readonly atOnce: number;
  readonly start: {
    /** Queues of those: the broker's work. */
    readonly declareMs: number;
    /** From the first report of each to the last answer about its ports. */
    readonly untilKnown: Times;
    readonly allMs: number;
  };
  /** Of all phases. */
  readonly timeouts: number;
  readonly failures: number;
  readonly firstFailure: string | null;
  /** Looks at `GET /v2.0/agents`, and how many of the running agents were not alive in them, added up. */
  readonly polls: number;
  readonly reportedDown: number;
  readonly rest: {
    readonly seconds: number;
    readonly beats: number;
    readonly without: Cores;
    readonly withAgents: Cores;
    /** What the heartbeats take: the difference, in percent of a core. */
    readonly serverPercent: number;
    readonly msPerBeat: number;
  };
  readonly updates: {
    readonly count: number;
    readonly lost: number;
    /** From the request's first byte to the agent. */
    readonly fromRequest: Times;
    /** From the answer's arrival to the agent; below zero when the agent was told first. */
    readonly fromAnswer: Times;
    /** Until the first, and the last, of all that were told had its copy. */
    readonly toFirstAgent: Times;
    readonly toLastAgent: Times;
    readonly messagesPerUpdate: number;
    readonly deliveriesPerUpdate: number;
    readonly cores: Cores;
  };
  readonly perPort: {
    readonly ports: number;
    readonly ours: Messages;
    readonly recorded: Messages;
    /** What agents received for one port, replies aside. */
    readonly deliveries: number;
  };
}

export function renderAgents(report: AgentsReport): string {
  const { start, rest, updates, perPort } = report;
  const percent = (cores: number) => `${(cores * 100).toFixed(1)} %`;
  const rows: [string, string, string][] = [
    ['figure', 'measured', 'at most'],
    [
      `${report.atOnce} agents start at once: time-outs, failed calls`,
      `${report.timeouts}, ${report.failures}`,
      '0, 0',
    ],
    ['… their queues declared', seconds(start.declareMs), ''],
    ['… first report to last answer about its ports: median, p99', pair(start.untilKnown), ''],
    ['… all of them known', seconds(start.allMs), ''],
    [`agents not alive in ${report.polls} looks at GET /v2.0/agents`, String(report.reportedDown), '0'],
    [`heartbeats of ${report.agents} agents, server, of a core`, `${rest.serverPercent.toFixed(1)} %`, '10 %'],
    ['… CPU of the server for one', `${rest.msPerBeat.toFixed(2)} ms`, ''],
    [
      '… server at rest: with agents, without',
      `${percent(rest.withAgents.server)}, ${percent(rest.without.server)}`,
      '',
    ],
    ['… broker, database', `${percent(rest.withAgents.broker)}, ${percent(rest.withAgents.database)}`, ''],
    ['port update, from the request to its agent: median, p99', pair(updates.fromRequest), '50 ms'],
    ['… from the answer: median, p99', pair(updates.fromAnswer), ''],
    ['… to the first agent that is told: median, p99', pair(updates.toFirstAgent), ''],
    ['… to the last agent that is told: median, p99', pair(updates.toLastAgent), ''],
    ['… not told of', `${updates.lost} of ${updates.count}`, '0'],
    [
      '… messages published, deliveries to agents',
      `${updates.messagesPerUpdate.toFixed(1)}, ${updates.deliveriesPerUpdate.toFixed(0)}`,
      '',
    ],
    [
      '… server, broker, agents meanwhile, of a core',
      `${percent(updates.cores.server)}, ${percent(updates.cores.broker)}, ${percent(updates.cores.agents)}`,
      '',
    ],
    ['messages for a created, bound, wired port', sum(perPort.ours).toFixed(1), String(sum(perPort.recorded))],
  ];
  const kinds = [...new Set([...Object.keys(perPort.recorded), ...Object.keys(perPort.ours)])].sort();
  const messages: [string, string, string][] = [
    ['published by the server for one port', 'ours', 'neutron'],
    ...kinds.map((kind): [string, string, string] => [
      kind,
      (perPort.ours[kind] ?? 0).toFixed(1),
      String(perPort.recorded[kind] ?? 0),
    ]),
    ['in all', sum(perPort.ours).toFixed(1), String(sum(perPort.recorded))],
    [
      `deliveries of them to ${report.agents} agents (neutron's: reckoned)`,
      perPort.deliveries.toFixed(0),
      String(deliveriesAmong(report.agents, perPort.recorded)),
    ],
  ];
  const notes = [
    `beside it: ${rest.withAgents.beside.toFixed(2)} cores at rest, ${updates.cores.beside.toFixed(2)} during updates; agents' process ${percent(rest.withAgents.agents)} at rest`,
    report.firstFailure === null ? '' : `first failed call: ${report.firstFailure}`,
    `${report.machine}; one neutron-server process, ${report.database}, RabbitMQ${report.toHost ? ', port_update_to_host' : ''}; ${report.portsPerAgent} ports an agent; ${rest.seconds} s at rest with ${rest.beats} heartbeats`,
  ].filter(Boolean);
  return [table(rows), '', table(messages), '', ...notes].join('\n');
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n');
}

function pair({ median, p99 }: Times): string {
  return `${median.toFixed(1)} ms, ${p99.toFixed(1)} ms`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function sum(messages: Messages): number {
  return Object.values(messages).reduce((total, count) => total + count, 0);
}
