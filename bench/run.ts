import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Figures, Server } from './load.ts';
import { pssMb } from './processes.ts';
import { type RowName, rowNames, runRows } from './rows.ts';
import { localIdentity, openGround, Peer, type Started, startOurs } from './servers.ts';
import { median, medianFigures, type Report, renderTable } from './table.ts';

const usage = `usage: npm run bench [-- OPTIONS]

  Measures our server, started for this with a temporary state folder and port, or another one.

  --peer FOLDER        measure the real Neutron that bench/peer/peer-up started, too, in turn with ours: a run of ours, one
                       of it, and so on. Both ask its Keystone
  --database WHERE     what ours works on: sqlite (default), mariadb or postgresql (a server of its own), peer (the MariaDB of
                       --peer, in a database that is emptied), or an URL of oslo.db
  --queue WHERE        local (default), rabbitmq (a broker of its own), peer, or an URL of oslo.messaging
  --workers N          api_workers of ours, default 1
  --url URL            measure the server there instead
  --header NAME:VALUE  sent with every request to it (X-Auth-Token, X-Project-Id …; repeatable)
  --server-pid PID     its process, for CPU time and memory (repeatable)
  --label NAME         name in table and file; default ours, or the URL's host
  --what TEXT          what that server runs: auth, database, queue, plugins
  --compare FILE       a report of an earlier run: prints ratios to it
  --rows A;B           only these rows: ${rowNames.join('; ')}
  --runs N             default 3; the median counts
  --seconds S          per row and run, default 5
  --clients N          default 8
  --ports N            length of the long list, default 10000
  --keep-alive on|off  default on
  --out FOLDER         for the reports LABEL.json, default bench/results
  --agents N           something else: many agents on one server (bench/agents.ts; -- --agents 1000 --help)
  --host N             something else: the work of one agent on a host with N ports (bench/host.ts; -- --host 500 --help)
  --routers N          something else: the L3 agent on a host with N routers (bench/routers.ts; -- --routers 200 --help)
`;

// Programs of their own, with options of their own.
const asks = (option: string) => process.argv.some((word) => word === option || word.startsWith(`${option}=`));
if (asks('--agents')) {
  await import('./agents.ts');
  process.exit();
}
if (asks('--host')) {
  await import('./host.ts');
  process.exit();
}
if (asks('--routers')) {
  await import('./routers.ts');
  process.exit();
}

const { values } = parseArgs({
  options: {
    peer: { type: 'string' },
    database: { type: 'string', default: 'sqlite' },
    queue: { type: 'string', default: 'local' },
    workers: { type: 'string', default: '1' },
    url: { type: 'string' },
    header: { type: 'string', multiple: true, default: [] },
    'server-pid': { type: 'string', multiple: true, default: [] },
    label: { type: 'string' },
    what: { type: 'string' },
    compare: { type: 'string' },
    rows: { type: 'string' },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    clients: { type: 'string', default: '8' },
    ports: { type: 'string', default: '10000' },
    'keep-alive': { type: 'string', default: 'on' },
    out: { type: 'string', default: join(import.meta.dirname, 'results') },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

interface Measured {
  rows: Map<RowName, Figures>;
  coldStartMs: number | null;
  idlePssMb: number | null;
}

/** A server that is measured run by run. */
interface Subject {
  readonly label: string;
  readonly url: string;
  readonly what: string;
  start(): Promise<Started>;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const keepAlive = values['keep-alive'] !== 'off';

async function measure({ start }: Subject): Promise<Measured> {
  await using started = await start();
  const rows = await runRows(started.server, {
    clients: Number(values.clients),
    keepAlive,
    seconds: Number(values.seconds),
    ports: Number(values.ports),
    only: values.rows ? new Set(values.rows.split(';').map((name) => name.trim())) : null,
    onRow: (name, figures) => say(rowLine(name, figures)),
  });
  return { rows, coldStartMs: started.coldStartMs, idlePssMb: started.idlePssMb };
}

function rowLine(name: string, { perSecond, p50Ms, strangeCores, errors, firstError }: Figures): string {
  const failed = errors ? `  ${errors} errors: ${firstError}` : '';
  const speed = `${perSecond.toFixed(perSecond < 10 ? 3 : 1).padStart(10)}/s  p50 ${p50Ms.toFixed(2)} ms`;
  return `  ${name.padEnd(40)}${speed}  beside it ${strangeCores.toFixed(2)} cores${failed}`;
}

function subjects(): Subject[] {
  if (values.url !== undefined) return [other(values.url)];
  const peer = values.peer === undefined ? null : new Peer(values.peer);
  const keystone = peer === null ? 'Keystone (imitated)' : 'Keystone';
  const ours: Subject = {
    label: values.label ?? 'ours',
    url: 'started for this',
    what:
      values.what ??
      `${keystone}, policy, quotas, default groups, ${ground()}, ML2 (VXLAN) with linuxbridge, port_security, no agents`,
    start: async () => {
      await using stop = new AsyncDisposableStack();
      const identity = stop.use(peer === null ? await localIdentity() : await peer.identity());
      const ground = stop.use(await openGround({ database: values.database, queue: values.queue }, peer));
      const started = stop.use(await startOurs(identity, ground, Number(values.workers)));
      const parts = stop.move();
      return { ...started, [Symbol.asyncDispose]: () => parts.disposeAsync() };
    },
  };
  const real: Subject | null = peer && {
    label: 'neutron',
    url: 'as peer-up started it',
    what: 'Neutron of Debian, Keystone, memcached, MariaDB, RabbitMQ, ML2 (VXLAN) with linuxbridge, l2population',
    start: () => peer.realServer(),
  };
  return real === null ? [ours] : [ours, real];
}

/** What ours works on, without the secrets of URLs. */
function ground(): string {
  const shown = (where: string) => (where.includes(':') ? where.slice(0, where.indexOf(':')) : where);
  const workers = Number(values.workers) > 1 ? `, ${values.workers} workers` : '';
  return `database ${shown(values.database)}, queue ${shown(values.queue)}${workers}`;
}

function other(url: string): Subject {
  const headers = Object.fromEntries(
    values.header.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const pids = values['server-pid'].map(Number);
  const bare = { tenant: null, beside: [], seed: null, throwaway: false };
  const server: Server = { url: new URL(url), headers, project: headers['X-Project-Id'] ?? null, pids, ...bare };
  const idlePssMb = pids.length > 0 ? pssMb(pids) : null;
  const started = { server, coldStartMs: null, idlePssMb, [Symbol.asyncDispose]: async () => {} };
  return {
    label: values.label ?? server.url.host,
    url,
    what: values.what ?? 'not said',
    start: async () => started,
  };
}

function reportOf({ label, url, what }: Subject, runs: readonly Measured[]): Report {
  const of = (name: RowName) => runs.flatMap((run) => run.rows.get(name) ?? []);
  const middle = (pick: (run: Measured) => number | null) =>
    runs.every((run) => pick(run) !== null) ? median(runs.map((run) => pick(run)!)) : null;
  return {
    label,
    url,
    when: new Date().toISOString(),
    what,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
    keepAlive,
    clients: Number(values.clients),
    runs: runs.length,
    rows: Object.fromEntries(
      rowNames.filter((name) => of(name).length > 0).map((name) => [name, medianFigures(of(name))]),
    ),
    coldStartMs: middle((run) => run.coldStartMs),
    idlePssMb: middle((run) => run.idlePssMb),
  };
}

async function write(report: Report): Promise<void> {
  const file = join(values.out, `${report.label.replace(/[^\w.-]/g, '_')}.json`);
  await mkdir(values.out, { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 1)}\n`);
  say(`written: ${file}`);
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(usage);
  const measured = subjects().map((subject) => ({ subject, runs: [] as Measured[] }));
  for (let run = 1; run <= Number(values.runs); run++) {
    for (const { subject, runs } of measured) {
      say(`run ${run} of ${values.runs}: ${subject.label}`);
      runs.push(await measure(subject));
      // After every run, because runs are long and what comes next may fail.
      await write(reportOf(subject, runs));
    }
  }
  const reports = measured.map(({ subject, runs }) => reportOf(subject, runs));
  const recorded: Report | null = values.compare ? JSON.parse(await readFile(values.compare, 'utf8')) : null;
  process.stdout.write(`${renderTable(reports[0]!, reports[1] ?? recorded)}\n`);
}

await main();
