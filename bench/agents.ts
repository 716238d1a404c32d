import { parseArgs } from 'node:util';
import { type AgentsOptions, measureAgents } from './agents/measure.ts';
import { renderAgents } from './agents/report.ts';

const usage = `usage: npm run bench -- --agents 1000 [OPTIONS]

  One neutron-server of ours with RabbitMQ and a database, all started for this, and agents that speak the wire: heartbeats,
  device details, port updates.

  --agents N           default 1000
  --at-once N          how many of them start at the same moment, default 200
  --database KIND      mariadb (default), postgresql or sqlite
  --seconds S          of heartbeats alone, default 120
  --updates N          port updates, one a second, default 60
  --ports N            ports that are made, bound and wired for their messages, default 10
  --ports-per-agent N  default 2
  --report-interval S  default 30
  --to-host            with [neutrino] port_update_to_host
  --profile FOLDER     the server writes a CPU profile there when it ends
  --json               the report as JSON instead of tables
`;

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '1000' },
    'at-once': { type: 'string', default: '200' },
    database: { type: 'string', default: 'mariadb' },
    seconds: { type: 'string', default: '120' },
    updates: { type: 'string', default: '60' },
    ports: { type: 'string', default: '10' },
    'ports-per-agent': { type: 'string', default: '2' },
    'report-interval': { type: 'string', default: '30' },
    'to-host': { type: 'boolean', default: false },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

function options(): AgentsOptions {
  const { database, profile } = values;
  if (database !== 'mariadb' && database !== 'postgresql' && database !== 'sqlite')
    throw new Error(`--database ${database}: must be mariadb, postgresql or sqlite`);
  const agents = Number(values.agents);
  return {
    agents,
    atOnce: Math.min(Number(values['at-once']), agents),
    database,
    seconds: Number(values.seconds),
    updates: Number(values.updates),
    ports: Number(values.ports),
    portsPerAgent: Number(values['ports-per-agent']),
    reportIntervalMs: Number(values['report-interval']) * 1000,
    toHost: values['to-host'],
    env: profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` },
    say: (text) => void process.stderr.write(`${text}\n`),
  };
}

if (values.help) process.stdout.write(usage);
else {
  const report = await measureAgents(options());
  process.stdout.write(`${values.json ? JSON.stringify(report, null, 1) : renderAgents(report)}\n`);
}
