import { percentile } from '../load.ts';
import type { RoutersReport } from '../routers.ts';
import { median } from '../table.ts';
import type { SyncFigures } from './sync.ts';

export function renderRouters(report: RoutersReport): string {
  const { routers, interfaces, floatingIps, sync, byHand, restart, floating } = report;
  const rows: [string, string, string][] = [
    ['figure', 'ours', 'wanted'],
    [`full sync of ${routers} routers, nothing there: process start → all as they should be`, ms(sync.fromExecMs), ''],
    ['… from the first answer', ms(sync.fromFirstAnswerMs), ''],
    ['… CPU of the agent and its commands', ms(sync.agentCpuMs), ''],
    ['memory of agent and helper (PSS)', `${sync.pssMb.toFixed(0)} MB`, ''],
  ];
  if (byHand) {
    const { inTurnMs, sideBySideMs, sideBySideCpuMs } = byHand;
    const cpu = (floor: number) => `${ms(floor)}; ${(sync.agentCpuMs / floor).toFixed(1)} ×`;
    const times = (floor: number) => `${(sync.fromFirstAnswerMs / floor).toFixed(1)} ×`;
    rows.push(
      ['… the same by hand, one router after the other; eight at a time', `${ms(inTurnMs)}; ${ms(sideBySideMs)}`, ''],
      ['… as a multiple of it', `${times(inTurnMs)}; ${times(sideBySideMs)}`, '2 ×'],
      ['… its CPU; that of the sync as a multiple', cpu(sideBySideCpuMs), ''],
    );
  }
  if (restart) {
    rows.push(
      ['restart with all in place', ms(restart.fromExecMs), ''],
      ['… CPU of the agent and its commands', ms(restart.agentCpuMs), ''],
      ['… commands; commands that write', `${count(restart.commands)}; ${count(restart.writing)}`, '; 0'],
    );
  }
  if (report.rest) {
    const share = (report.rest.cpuMs / report.rest.ms) * 100;
    rows.push(['CPU of the agent and its commands at rest, of one core', `${share.toFixed(1)} %`, '1 %']);
  }
  if (floating) {
    rows.push(
      ['floating IP: request → first datagram with the guest, median, most', pair(floating.fromRequestMs), ''],
      ['… from the answer', pair(floating.fromAnswerMs), ''],
    );
  }
  const notes = [
    `${routers} routers, ${interfaces} interfaces and ${floatingIps} floating IPs each, ${report.metadata ? 'with' : 'without'} metadata proxies; our server on SQLite, local bus`,
    `commands of the sync: ${commandsText(sync.commands)}`,
    ...(restart ? [`commands of the restart: ${commandsText(restart.commands)}`] : []),
    `${report.machine}; load average ${report.load[0]} before, ${report.load[1]} after; ${report.when.slice(0, 10)}`,
  ];
  return [table(rows), '', ...notes].join('\n');
}

function table(rows: readonly [string, string, string][]): string {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const print = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [print(rows[0]!), rule, ...rows.slice(1).map(print)].join('\n');
}

function commandsText(commands: SyncFigures['commands']): string {
  return Object.entries(commands)
    .map(([name, { count: times, ms: all }]) => `${times} × ${name} (${ms(all)})`)
    .join(', ');
}

const count = (commands: SyncFigures['commands']): number =>
  Object.values(commands).reduce((sum, one) => sum + one.count, 0);

function pair(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  return `${ms(median(sorted))}, ${ms(percentile(sorted, 1))}`;
}

const ms = (value: number): string => (value < 2_000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(1)} s`);
