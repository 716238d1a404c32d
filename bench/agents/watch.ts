import type { ApiClient } from '../../test/support/api.ts';
import { cpuMs, machineCpuMs } from '../processes.ts';
import type { Cores } from './report.ts';

/** Looks at the list of agents every second, as an operator's monitoring would. */
export class AliveWatch {
  /** Agents that run, and must be alive in every look. */
  readonly running = new Set<string>();
  polls = 0;
  reportedDown = 0;
  readonly #api: ApiClient;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();

  constructor(api: ApiClient) {
    this.#api = api;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking = this.#look();
    }, 1_000);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    // Who starts while the question is under way need not be in the answer.
    const running = [...this.running];
    const agents = await this.#api.list('agent', 'binary=neutron-linuxbridge-agent&fields=host&fields=alive');
    const alive = new Set(agents.filter((agent) => agent.alive).map(({ host }) => host));
    this.polls += 1;
    this.reportedDown += running.filter((host) => !alive.has(host)).length;
  }
}

/** @param pids null where there is no such process. @returns a look at the clock: tells what was used since */
export function watchCores(pids: {
  server: number;
  broker: number;
  database: number | null;
  agents: number;
}): () => Cores {
  const look = () => ({
    server: cpuMs([pids.server], { ended: true }),
    broker: cpuMs([pids.broker], { ended: true }),
    database: pids.database === null ? 0 : cpuMs([pids.database], { ended: true }),
    agents: cpuMs([pids.agents]),
    machine: machineCpuMs(),
  });
  const before = look();
  const began = performance.now();
  return () => {
    const after = look();
    const wallMs = performance.now() - began;
    const of = (name: keyof typeof before) => (after[name] - before[name]) / wallMs;
    const [server, broker, database, agents] = [of('server'), of('broker'), of('database'), of('agents')];
    const beside = Math.max(0, of('machine') - server - broker - database - agents);
    return { server, broker, database, agents, beside };
  };
}
