import type { Figures } from './load.ts';
import { rowNames } from './rows.ts';

/** What one run of the benchmark writes to a file. */
export interface Report {
  label: string;
  url: string;
  when: string;
  /** What the server runs: auth, database, queue, plugins. */
  what: string;
  machine: string;
  keepAlive: boolean;
  clients: number;
  runs: number;
  rows: Partial<Record<string, Figures>>;
  /** From exec to the first 200 of `GET /v2.0/networks`, in ms; only where we start the server. */
  coldStartMs: number | null;
  /** Memory of the server's processes, idle, in MB of PSS. */
  idlePssMb: number | null;
}

/** The median of several runs, figure by figure. */
export function medianFigures(runs: readonly Figures[]): Figures {
  const middle = (pick: (figures: Figures) => number) => median(runs.map(pick));
  return {
    requests: middle((one) => one.requests),
    errors: Math.max(...runs.map((one) => one.errors)),
    firstError: runs.find((one) => one.firstError)?.firstError ?? null,
    perSecond: middle((one) => one.perSecond),
    p50Ms: middle((one) => one.p50Ms),
    p99Ms: middle((one) => one.p99Ms),
    maxMs: middle((one) => one.maxMs),
    serverCpuMs: runs.some((one) => one.serverCpuMs === null) ? null : middle((one) => one.serverCpuMs!),
    clientCores: middle((one) => one.clientCores),
    strangeCores: middle((one) => one.strangeCores),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** A Markdown table of a report, with ratios to another when there is one. */
export function renderTable(report: Report, other: Report | null): string {
  const head = [
    'operation',
    '/s',
    'p50 ms',
    'p99 ms',
    'server CPU ms',
    'client cores',
    'beside it',
    ...(other ? [`${other.label} /s`, 'p50 ms', 'CPU ms', 'beside it', 'ratio', 'CPU ratio'] : []),
  ];
  const lines = rowNames.flatMap((name) => {
    const figures = report.rows[name];
    if (!figures) return [];
    const theirs = other?.rows[name];
    const compared = other
      ? theirs
        ? [
            number(theirs.perSecond),
            number(theirs.p50Ms),
            theirs.serverCpuMs === null ? '' : number(theirs.serverCpuMs),
            theirs.strangeCores?.toFixed(2) ?? '',
            `${number(figures.perSecond / theirs.perSecond)} ×`,
            figures.serverCpuMs && theirs.serverCpuMs ? `${number(theirs.serverCpuMs / figures.serverCpuMs)} ×` : '',
          ]
        : ['', '', '', '', '', '']
      : [];
    const bound = figures.clientCores > 0.5 ? ' (client-bound)' : '';
    const failed = figures.errors > 0 ? ` (${figures.errors} errors: ${figures.firstError})` : '';
    return [
      [
        `${name}${failed}`,
        number(figures.perSecond),
        number(figures.p50Ms),
        number(figures.p99Ms),
        figures.serverCpuMs === null ? '' : number(figures.serverCpuMs),
        `${figures.clientCores.toFixed(2)}${bound}`,
        figures.strangeCores.toFixed(2),
        ...compared,
      ],
    ];
  });
  const rows = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const print = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const few = report.rows['tenant lists its 100 of 10,000 ports'];
  const many = report.rows['tenant lists its 100 of 100,000 ports'];
  const notes = [
    few && many ? `a tenant's list among ten times as many ports takes ${timesAsMuch(many, few)}` : '',
    'beside it: cores that neither client nor server, with database and queue, kept busy',
    report.coldStartMs === null ? '' : `cold start to the first answer: ${number(report.coldStartMs)} ms`,
    report.idlePssMb === null ? '' : `memory of the server, idle: ${number(report.idlePssMb)} MB (PSS)`,
    `${report.label}: ${report.what}; ${report.clients} clients, keep-alive ${report.keepAlive ? 'on' : 'off'}, median of ${report.runs}`,
    other
      ? `${other.label}: ${other.what}; ${other.clients} clients, keep-alive ${other.keepAlive ? 'on' : 'off'}, median of ${other.runs}`
      : '',
  ].filter(Boolean);
  return [print(head), rule, ...lines.map(print), '', ...notes].join('\n');
}

function timesAsMuch(one: Figures, other: Figures): string {
  const time = `${number(one.p50Ms / other.p50Ms)} × the time`;
  return one.serverCpuMs && other.serverCpuMs
    ? `${time}, ${number(one.serverCpuMs / other.serverCpuMs)} × the CPU time`
    : time;
}

/** Three significant digits, no exponent. */
function number(value: number): string {
  if (!Number.isFinite(value)) return '';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toFixed(Math.min(digits, 2));
}
