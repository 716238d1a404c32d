import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeDeployment } from '../test/support/deployment.ts';
import { call, type Figures, type Server } from './load.ts';
import { processTree, pssMb } from './processes.ts';
import { type RowName, rowNames, runRows } from './rows.ts';
import { median, medianFigures, type Report, renderTable } from './table.ts';

const usage = `usage: npm run bench [-- OPTIONS]

  Measures our server, started for this with a temporary state folder and port, or another one.

  --url URL            measure the server there instead (the real Neutron: bench/peer)
  --header NAME:VALUE  sent with every request (X-Auth-Token, X-Project-Id …; repeatable)
  --server-pid PID     its process, for CPU time and memory (repeatable)
  --label NAME         name in table and file; default ours, or the URL's host
  --what TEXT          what that server runs: auth, database, queue, plugins
  --compare FILE       a report of an earlier run: prints ratios to it
  --rows A,B           only these rows: ${rowNames.join(', ')}
  --runs N             default 3; the median counts
  --seconds S          per row and run, default 5
  --clients N          default 8
  --ports N            length of the long list, default 10000
  --keep-alive on|off  default on
  --out FILE           default bench/results/LABEL.json
`;

const { values } = parseArgs({
  options: {
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
    out: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

interface Measured {
  rows: Map<RowName, Figures>;
  coldStartMs: number | null;
  idlePssMb: number | null;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function measure(server: Server): Promise<Map<RowName, Figures>> {
  return await runRows(server, {
    clients: Number(values.clients),
    keepAlive: values['keep-alive'] !== 'off',
    seconds: Number(values.seconds),
    ports: Number(values.ports),
    only: values.rows ? new Set(values.rows.split(',').map((name) => name.trim())) : null,
    onRow: (name, figures) =>
      say(
        `  ${name.padEnd(32)}${figures.perSecond.toFixed(1).padStart(10)}/s  p50 ${figures.p50Ms.toFixed(2)} ms${figures.errors ? `  ${figures.errors} errors: ${figures.firstError}` : ''}`,
      ),
  });
}

/** Groups as the other server has them (its agents enforce them, nobody is there here), and room for everything. */
const asMeasured = {
  quotas: Object.fromEntries(
    ['network', 'subnet', 'port', 'security_group', 'security_group_rule'].map((name) => [`quota_${name}`, -1]),
  ),
  securitygroup: { enable_security_group: true, firewall_driver: 'noop' },
};

async function measureOurs(): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-bench-'));
  try {
    // The first start reads the program from disk; the one that is measured finds it in memory.
    const deployment = await makeDeployment({ folder, server: asMeasured });
    await deployment.start();
    await deployment.server.stop();
    await using running = deployment;
    const from = performance.now();
    running.server.start();
    const server: Server = { url: new URL(`http://127.0.0.1:${running.port}`), headers: {}, pids: [] };
    await running.server.ready('its first answer', () => call(server, 'GET', '/v2.0/networks'), 20_000);
    const coldStartMs = performance.now() - from;
    const pid = (await running.server.pid())!;
    await new Promise((resolve) => setTimeout(resolve, 2000)); // idle is what is measured
    const idlePssMb = pssMb([pid]);
    const rows = await measure({ ...server, pids: processTree([pid]) });
    return { rows, coldStartMs, idlePssMb };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureOther(url: string): Promise<Measured> {
  const headers = Object.fromEntries(
    values.header.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const pids = values['server-pid'].map(Number);
  const server: Server = { url: new URL(url), headers, pids };
  const idlePssMb = pids.length > 0 ? pssMb(pids) : null;
  return { rows: await measure(server), coldStartMs: null, idlePssMb };
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(usage);
  const label = values.label ?? (values.url ? new URL(values.url).host : 'ours');
  const runs: Measured[] = [];
  for (let run = 1; run <= Number(values.runs); run++) {
    say(`run ${run} of ${values.runs}: ${label}`);
    runs.push(values.url ? await measureOther(values.url) : await measureOurs());
  }
  const of = (name: RowName) => runs.flatMap((run) => run.rows.get(name) ?? []);
  const middle = (pick: (run: Measured) => number | null) =>
    runs.every((run) => pick(run) !== null) ? median(runs.map((run) => pick(run)!)) : null;
  const report: Report = {
    label,
    url: values.url ?? 'started for this',
    when: new Date().toISOString(),
    what:
      values.what ??
      (values.url
        ? 'not said'
        : 'no auth, SQLite, local bus, ML2 with linuxbridge, port_security and security groups, no agents'),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
    keepAlive: values['keep-alive'] !== 'off',
    clients: Number(values.clients),
    runs: runs.length,
    rows: Object.fromEntries(
      rowNames.filter((name) => of(name).length > 0).map((name) => [name, medianFigures(of(name))]),
    ),
    coldStartMs: middle((run) => run.coldStartMs),
    idlePssMb: middle((run) => run.idlePssMb),
  };
  const file = values.out ?? join(import.meta.dirname, 'results', `${label.replace(/[^\w.-]/g, '_')}.json`);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 1)}\n`);
  const other: Report | null = values.compare ? JSON.parse(await readFile(values.compare, 'utf8')) : null;
  process.stdout.write(`${renderTable(report, other)}\n`);
  say(`written: ${file}`);
}

await main();
