import { type Figures, percentile } from '../load.ts';
import { median } from '../table.ts';
import type { HostWork, HostWorkReport } from './figures.ts';
import { RULES_PER_PORT } from './groups.ts';

type Row = readonly [figure: string, ...cells: string[]];

export function renderHostWork(report: HostWorkReport): string {
  const { ours, peer } = report;
  const head: Row = ['figure', 'ours', 'wanted', ...peer.map((other) => `neutron, ${other.ports} ports`)];
  const rows = [...startRows(ours), ...changeRows(ours), ...wiringRows(ours), ...restRows(ours)];
  const lines = rows.map(({ cells, of }): Row => [...cells, ...peer.map((other) => of?.(other) ?? '')]);
  const notes = [
    `${ours.ports} ports, ${RULES_PER_PORT} rules each from two groups they share, a remote group of ${report.remoteMembers} members; ${ours.site}`,
    ...peer.map(({ site, ports }) => `neutron: ${ports} ports, the same groups; ${site}`),
    ...(ours.floor ? [`floor: ${floorText(ours)}`] : []),
    ...(ours.rule ? [`run for a rule: ${ours.rule.writes.join('; ')}`] : []),
    ...(ours.member ? [`run for a member (one set entry is wanted): ${ours.member.writes.join('; ')}`] : []),
    `commands of the start: ${commandsText(ours.start.commands)}`,
    ...(ours.restart?.changed.length
      ? [`changed by the restart: ${ours.restart.changed.slice(0, 10).join(' | ')}`]
      : []),
    ...(ours.restart ? [`commands of the restart: ${commandsText(ours.restart.commands)}`] : []),
    `${report.machine}; load average ${report.load[0]} before, ${report.load[1]} after; ${report.when.slice(0, 10)}`,
  ];
  return [table([head, ...lines]), ...(ours.api ? ['', apiTable(ours.api)] : []), '', ...notes].join('\n');
}

interface Line {
  readonly cells: Row;
  /** The same figure of the real agent. */
  readonly of?: (other: HostWork) => string;
}

function startRows({ ports, start, floor, restart }: HostWork): Line[] {
  const fastest = floor && Math.min(floor.inTurnMs, floor.sideBySideMs);
  const perPort = (work: HostWork) => work.start.fromExecMs / work.ports;
  return [
    {
      cells: [
        `agent start, ${ports} taps there and nothing wired: process start → all ACTIVE`,
        ms(start.fromExecMs),
        '',
      ],
      of: (other) =>
        `${ms(other.start.fromExecMs)} (${(perPort(other) / (start.fromExecMs / ports)).toFixed(0)} × a port)`,
    },
    ...line(start.fromFirstAnswerMs, (value) => ['… first answer → last report', ms(value), '']),
    ...line(floor, ({ inTurnMs, sideBySideMs }) => [
      '… floor: the same state by hand, in turn; side by side',
      `${ms(inTurnMs)}; ${ms(sideBySideMs)}`,
      '',
    ]),
    ...line(fastest && start.fromFirstAnswerMs ? start.fromFirstAnswerMs / floor!.inTurnMs : null, (ratio) => [
      '… as a multiple of the floor (in turn; side by side)',
      `${ratio.toFixed(1)} ×; ${(start.fromFirstAnswerMs! / floor!.sideBySideMs).toFixed(1)} ×`,
      '2 ×',
    ]),
    {
      cells: ['… CPU of the agent and its commands', ms(start.agentCpuMs), ''],
      of: (other) => ms(other.start.agentCpuMs),
    },
    ...line(
      restart,
      ({ fromExecMs }) => ['restart with all in place: process start → last report', ms(fromExecMs), '1 s'],
      {
        of: ({ restart: other }) => (other ? ms(other.fromExecMs) : ''),
      },
    ),
    ...line(restart, ({ writing, changed }) => [
      '… commands that write; lines of links, rules and sets that differ',
      `${count(writing)}; ${changed.length}`,
      '0; 0',
    ]),
  ];
}

function changeRows({ rule, member, ports }: HostWork): Line[] {
  return [
    ...line(
      rule,
      ({ ms: times }) => [
        `rule added to a group of ${ports} ports: request → packets pass, median, most`,
        pair(times, 1),
        '100 ms',
      ],
      { of: ({ rule: other }) => (other ? pair(other.ms, 1) : '') },
    ),
    ...line(
      member,
      ({ ms: times }) => ['member joins the remote group: request → packets pass, median, most', pair(times, 1), ''],
      { of: ({ member: other }) => (other ? pair(other.ms, 1) : '') },
    ),
  ];
}

function wiringRows({ alone, aloneOnEmptyHost, together, ports }: HostWork): Line[] {
  const other = (pick: (work: HostWork) => readonly number[] | null) => (work: HostWork) => {
    const times = pick(work);
    return times ? pair(times, 0.99) : '';
  };
  return [
    ...line(aloneOnEmptyHost, (times) => [
      'tap appears → ACTIVE, host with one port more: median, p99',
      pair(times, 0.99),
      '50 ms',
    ]),
    ...line(alone, (times) => [`… host with ${ports} ports: median, p99`, pair(times, 0.99), '50 ms'], {
      of: other((work) => work.alone),
    }),
    ...line(together, (times) => [`… ${times.length} at once: median, p99`, pair(times, 0.99), '200 ms (p99)'], {
      of: other((work) => work.together),
    }),
  ];
}

function restRows({ rest, ports }: HostWork): Line[] {
  return [
    ...line(
      rest,
      ({ pssMb }) => [`memory of agent and helper with ${ports} ports (PSS)`, `${pssMb.toFixed(0)} MB`, '150 MB'],
      {
        of: ({ rest: other }) => (other ? `${other.pssMb.toFixed(0)} MB` : ''),
      },
    ),
    ...line(
      rest,
      ({ cores, seconds }) => [
        `CPU at rest, with all it runs, over ${seconds} s`,
        `${(cores * 100).toFixed(2)} % of a core`,
        '0.5 %',
      ],
      { of: ({ rest: other }) => (other ? `${(other.cores * 100).toFixed(2)} %` : '') },
    ),
  ];
}

function line<T>(value: T | null, cells: (value: T) => Row, { of }: Pick<Line, 'of'> = {}): Line[] {
  return value === null ? [] : [{ cells: cells(value), ...(of && { of }) }];
}

function apiTable({ withAgent, without }: NonNullable<HostWork['api']>): string {
  const head: Row = [
    'operation, 8 clients',
    'with the agent /s',
    'p50 ms',
    'server CPU ms',
    'without /s',
    'p50 ms',
    'server CPU ms',
  ];
  const cells = (figures: Figures | undefined) =>
    figures
      ? [figures.perSecond.toFixed(0), figures.p50Ms.toFixed(2), figures.serverCpuMs?.toFixed(2) ?? '']
      : ['', '', ''];
  return table([
    head,
    ...Object.keys(withAgent).map((name): Row => [name, ...cells(withAgent[name]), ...cells(without[name])]),
  ]);
}

function floorText({ floor }: HostWork): string {
  const { each, lines } = floor!;
  const parts = (Object.keys(each) as (keyof typeof each)[]).map(
    (tool) => `${tool} ${lines[tool]} lines ${ms(each[tool])}`,
  );
  return parts.join(', ');
}

function commandsText(commands: HostWork['start']['commands']): string {
  return Object.entries(commands)
    .map(([name, { count: times, ms: all }]) => `${times} × ${name} (${ms(all)})`)
    .join(', ');
}

function count(commands: HostWork['start']['commands']): number {
  return Object.values(commands).reduce((sum, one) => sum + one.count, 0);
}

function pair(times: readonly number[], share: number): string {
  const sorted = [...times].sort((a, b) => a - b);
  return `${ms(median(sorted))}, ${ms(percentile(sorted, share))}`;
}

function ms(value: number): string {
  return value < 2_000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(1)} s`;
}

function table(rows: readonly Row[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? '').length)));
  const print = (cells: Row) =>
    `| ${widths.map((width, at) => (at === 0 ? (cells[at] ?? '').padEnd(width) : (cells[at] ?? '').padStart(width))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [print(rows[0]!), rule, ...rows.slice(1).map(print)].join('\n');
}
