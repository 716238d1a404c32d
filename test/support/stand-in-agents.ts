import { DatabaseSync } from 'node:sqlite';
import type { Json } from './api.ts';
import { createStateReports } from './bus.ts';
import type { Deployment } from './deployment.ts';

/** Reports agents to a server as running ones do, so that it has somebody to bind to and to schedule on. */
export async function reportAgents(deployment: Deployment, agents: readonly Json[]): Promise<void> {
  await using reports = await createStateReports(`${deployment.folder}/bus.sock`);
  for (const agent of agents) {
    await reports.report({
      binary: agent.binary,
      host: agent.host,
      topic: agent.topic,
      agent_type: agent.agent_type,
      configurations: agent.configurations,
      ...(agent.availability_zone === null ? {} : { availability_zone: agent.availability_zone }),
      start_flag: true,
    });
  }
}

/** All agents were last heard of then, ms since the epoch: whether they are alive is no matter of how long a test takes. */
export function setHeartbeats(databaseFile: string, atMs: number): void {
  using database = new DatabaseSync(databaseFile);
  database.exec('PRAGMA busy_timeout = 10000');
  database.prepare('UPDATE agents SET heartbeat_timestamp = ?').run(atMs);
}
