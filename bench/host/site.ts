import { readFileSync } from 'node:fs';
import { Cloud } from '../../test/compat/mixes/cloud.ts';
import type { ApiClient } from '../../test/support/api.ts';
import { type Deployment, makeDeployment } from '../../test/support/deployment.ts';
import { type EmulatedHost, openLab } from '../../test/support/hosts.ts';
import { type Program, Program as Started, writeConfig } from '../../test/support/programs.ts';

/** Whose agent. */
export type Kind = 'ours' | 'python';

/** An agent that can be started, and what it writes. */
export interface HostAgent {
  readonly program: Program;
  readonly host: EmulatedHost;
  /** Its log since the beginning; empty where it keeps none that we read. */
  log(): string;
}

/** A server with hosts for agents. Everything is temporary and lives in namespaces of its own. */
export interface Site extends AsyncDisposable {
  readonly api: ApiClient;
  /** What server and queue there are, for the report. */
  readonly what: string;
  /** Attributes of a network that its agents serve. */
  readonly network: Readonly<Record<string, unknown>>;
  /** Only where the server is ours and on this machine's loopback. */
  readonly deployment: Deployment | null;
  addHost(name: string): Promise<EmulatedHost>;
  /** An agent that does not run yet. @param debug whether its log tells of commands and calls */
  makeAgent(kind: Kind, host: EmulatedHost, debug: boolean): Promise<HostAgent>;
}

/** No limits: it is the host that is measured. */
const quotas = { quota_port: -1, quota_security_group: -1, quota_security_group_rule: -1 };

/** Our server on SQLite and the local bus, as `neutrino up` has it. */
export async function openLocalSite(): Promise<Site> {
  await using undo = new AsyncDisposableStack();
  const lab = undo.use(await openLab());
  const deployment = undo.use(
    await makeDeployment({
      folder: `${lab.folder}/state`,
      server: { securitygroup: { enable_security_group: true }, quotas, DEFAULT: { log_dir: lab.folder } },
    }),
  );
  await deployment.start();
  const programs = undo.adopt(new Set<Program>(), (all) => endAll(all));
  const parts = undo.move();
  return {
    api: deployment.api,
    what: 'our server on SQLite, local bus',
    network: {},
    deployment,
    addHost: (name) => lab.addHost({ name }),
    async makeAgent(kind, host, debug) {
      if (kind !== 'ours') throw new Error('agents of Python need a site with RabbitMQ');
      const logFile = `${host.folder}/agent.log`;
      const file = await writeConfig(host.folder, 'agent.conf', {
        DEFAULT: {
          state_path: `${host.folder}/agent`,
          host: host.name,
          transport_url: `local://${deployment.folder}/bus.sock`,
          debug,
          log_file: logFile,
        },
        securitygroup: { enable_security_group: true, firewall_driver: 'iptables' },
      });
      const program = new Started({ name: 'neutron-linuxbridge-agent', host, args: ['--config-file', file] });
      programs.add(program);
      return { program, host, log: () => readFileSync(logFile, 'utf8') };
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function endAll(programs: ReadonlySet<Program>): Promise<void> {
  for (const program of programs) await program[Symbol.asyncDispose]();
}

/** MariaDB, RabbitMQ and a server, ours or Python's, on a controller, and hosts for agents of both kinds. */
export async function openCloudSite(server: Kind): Promise<Site> {
  const cloud = await Cloud.raise(server);
  return {
    api: cloud.api,
    what: `${server === 'ours' ? 'our server' : "Python's server"} on MariaDB, RabbitMQ`,
    network: { 'provider:network_type': 'flat', 'provider:physical_network': 'physnet1' },
    deployment: null,
    addHost: (name) => cloud.addHost(name),
    async makeAgent(kind, host, debug) {
      const program = await cloud.makeAgent('neutron-linuxbridge-agent', kind, host, {
        groups: true,
        ...(kind === 'ours' && { debug }),
      });
      return { program, host, log: () => program.output };
    },
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  };
}
