import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { HostWork, HostWorkReport } from './host/figures.ts';
import { measureOurs, measurePeer } from './host/measure.ts';
import { renderHostWork } from './host/report.ts';
import { openCloudSite, openLocalSite } from './host/site.ts';

const allRows = ['floor', 'restart', 'rest', 'wiring', 'changes', 'api'];

const usage = `usage: npm run bench -- --host 500 [OPTIONS]

  The bridge agent's work on a host with many ports and security groups, on emulated hosts: from the agent's start to
  the last port ACTIVE beside the same state applied by hand, a restart, rules and members that change, taps that
  appear, memory and CPU at rest, and the API meanwhile. Needs root.

  --host N           ports on the host, default 500
  --members N        of the remote group, default 1000
  --rows A,B         of ${allRows.join(',')}; default all
  --seconds S        at rest, default 120
  --queue WHERE      local (default: SQLite and the local bus), or rabbitmq (with MariaDB)
  --peer N,N         then the real agent (Debian's packages) on hosts with so many ports, on our server with RabbitMQ
  --peer-server WHO  ours (default) or python: whose server the real agent asks
  --out FOLDER       for host.json and host.log (the agent's log), default bench/results
  --json             the report as JSON instead of tables
`;

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '500' },
    members: { type: 'string', default: '1000' },
    rows: { type: 'string', default: allRows.join(',') },
    seconds: { type: 'string', default: '120' },
    queue: { type: 'string', default: 'local' },
    peer: { type: 'string', default: '' },
    'peer-server': { type: 'string', default: 'ours' },
    out: { type: 'string', default: join(import.meta.dirname, 'results') },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(usage);
  const rows = new Set(values.rows.split(','));
  for (const row of rows) if (!allRows.includes(row)) throw new Error(`--rows ${row}: must be ${allRows.join(', ')}`);
  const { out } = values;
  await mkdir(out, { recursive: true });
  const keepLog = (log: string) => writeFile(join(out, 'host.log'), log);
  const given = { rows, seconds: Number(values.seconds), remoteMembers: Number(values.members), say, keepLog };
  const before = await loadAverage();
  const ours = await measureWith(values.queue === 'local' ? openLocalSite() : openCloudSite('ours'), (site) =>
    measureOurs(site, { ...given, ports: Number(values.host) }),
  );
  const peer: HostWork[] = [];
  for (const ports of values.peer.split(',').filter(Boolean).map(Number)) {
    const site = openCloudSite(values['peer-server'] === 'python' ? 'python' : 'ours');
    peer.push(await measureWith(site, (open) => measurePeer(open, { ...given, ports })));
  }
  const report: HostWorkReport = {
    when: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
    load: [before, await loadAverage()],
    remoteMembers: given.remoteMembers,
    ours,
    peer,
  };
  await writeFile(join(out, 'host.json'), `${JSON.stringify(report, null, 1)}\n`);
  process.stdout.write(`${values.json ? JSON.stringify(report, null, 1) : renderHostWork(report)}\n`);
}

async function measureWith<S extends AsyncDisposable>(
  opening: Promise<S>,
  measure: (site: S) => Promise<HostWork>,
): Promise<HostWork> {
  await using site = await opening;
  return await measure(site);
}

async function loadAverage(): Promise<string> {
  return (await readFile('/proc/loadavg', 'utf8')).split(' ', 1)[0]!;
}

await main();
