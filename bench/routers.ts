import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBeside, renderBeside } from './routers/beside.ts';
import { type ByHandFigures, measureByHand, readRouters } from './routers/by-hand.ts';
import { type FloatingFigures, measureFloating } from './routers/floating.ts';
import { layRouters } from './routers/ground.ts';
import { renderRouters } from './routers/report.ts';
import { openRouterSite } from './routers/site.ts';
import { type RestFigures, rest, type SyncFigures, syncRouters } from './routers/sync.ts';

const allRows = ['byhand', 'restart', 'rest', 'floating'];

const usage = `usage: npm run bench -- --routers 200 [OPTIONS]

  The L3 agent's work on a host with many routers, on emulated hosts: the first full sync beside the same state applied
  by hand, a restart where everything is in place, a minute of rest behind it, and how long a floating IP takes. Needs root.

  --routers N         default 200
  --interfaces N      of each router, default 2
  --floating-ips N    of each router, default 5
  --rows A,B          of ${allRows.join(',')}; default all
  --times N           floating IPs that are timed, default 20
  --metadata on|off   whether each router has a metadata proxy (haproxy), default off
  --real-agent        something else: ours and then the real agent (Debian's packages), each on our server with MariaDB and
                      RabbitMQ: the first full sync, and floating IPs. The real one takes minutes for what takes ours seconds
  --out FOLDER        for routers.json and routers.log (the agent's log), default bench/results
  --json              the report as JSON instead of a table
`;

export interface RoutersReport {
  readonly when: string;
  readonly machine: string;
  /** Load averages of the machine before and after. */
  readonly load: readonly [string, string];
  readonly routers: number;
  readonly interfaces: number;
  readonly floatingIps: number;
  readonly metadata: boolean;
  readonly sync: SyncFigures;
  readonly byHand: ByHandFigures | null;
  readonly restart: SyncFigures | null;
  readonly rest: RestFigures | null;
  readonly floating: FloatingFigures | null;
}

const { values } = parseArgs({
  options: {
    routers: { type: 'string', default: '200' },
    interfaces: { type: 'string', default: '2' },
    'floating-ips': { type: 'string', default: '5' },
    rows: { type: 'string', default: allRows.join(',') },
    times: { type: 'string', default: '20' },
    metadata: { type: 'string', default: 'off' },
    'real-agent': { type: 'boolean', default: false },
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
  const counts = {
    count: Number(values.routers),
    interfaces: Number(values.interfaces),
    floatingIps: Number(values['floating-ips']),
  };
  if (values['real-agent']) return await beside(counts);
  const metadata = values.metadata === 'on';
  await using site = await openRouterSite({ enable_metadata_proxy: metadata });
  say(`${counts.count} routers in the API`);
  const laid = await layRouters(site, counts);
  const before = await loadAverage();
  say('the first sync');
  const sync = await syncRouters(site, counts.count);
  await site.l3Agent.stop();
  const byHand = rows.has('byhand') ? await handFigures(site) : null;
  if (rows.has('restart')) say('a restart');
  const restart = rows.has('restart') ? await syncRouters(site, counts.count) : null;
  if (rows.has('rest')) say('a minute of rest');
  const resting = rows.has('rest') && restart ? await rest(site) : null;
  if (rows.has('floating')) say(`${values.times} floating IPs`);
  const floating = rows.has('floating') ? await floatingFigures(site, laid[0]!) : null;
  await writeFile(join(out, 'routers.log'), site.log());
  const report: RoutersReport = {
    when: new Date().toISOString(),
    machine: machine(),
    load: [before, await loadAverage()],
    routers: counts.count,
    interfaces: counts.interfaces,
    floatingIps: counts.floatingIps,
    ...{ metadata, sync, byHand, restart, rest: resting, floating },
  };
  await writeFile(join(out, 'routers.json'), `${JSON.stringify(report, null, 1)}\n`);
  process.stdout.write(`${values.json ? JSON.stringify(report, null, 1) : renderRouters(report)}\n`);
}

/** The real agent beside ours. */
async function beside(counts: { count: number; interfaces: number; floatingIps: number }): Promise<void> {
  const options = { ...counts, times: Number(values.times), say };
  const before = await loadAverage();
  const figures = await measureBeside(options);
  const load = [before, await loadAverage()];
  const report = { when: new Date().toISOString(), machine: machine(), load, ...counts, figures };
  await writeFile(join(values.out, 'routers-beside.json'), `${JSON.stringify(report, null, 1)}\n`);
  const text = `${renderBeside(figures, options)}\n${machine()}; load average ${load[0]} before, ${load[1]} after`;
  process.stdout.write(`${values.json ? JSON.stringify(report, null, 1) : text}\n`);
}

const machine = (): string => `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;

async function handFigures(site: Awaited<ReturnType<typeof openRouterSite>>): Promise<ByHandFigures> {
  say('the same by hand');
  const routers = await readRouters(site.host);
  const hosts = {
    inTurn: await site.lab.addHost({ name: 'byhand1' }),
    sideBySide: await site.lab.addHost({ name: 'byhand2' }),
  };
  const figures = await measureByHand(hosts, routers);
  for (const host of Object.values(hosts)) await host.close();
  return figures;
}

async function floatingFigures(
  site: Awaited<ReturnType<typeof openRouterSite>>,
  laid: Awaited<ReturnType<typeof layRouters>>[number],
): Promise<FloatingFigures> {
  const { bridgeAgent, l3Agent, deployment, host } = site;
  bridgeAgent.start();
  await bridgeAgent.ready('alive', () => deployment.isAlive(bridgeAgent.name, host.name));
  if (!l3Agent.running) await syncRouters(site, Number(values.routers));
  return await measureFloating(site, laid, Number(values.times));
}

async function loadAverage(): Promise<string> {
  return (await readFile('/proc/loadavg', 'utf8')).split(' ', 1)[0]!;
}

await main();
