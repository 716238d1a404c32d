import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { AgentsReport } from '../../bench/agents/report.ts';
import { project } from '../support/programs.ts';

const AGENTS = 10;

test('the load of simulated agents measures what it should, and nothing is lost on the way', async () => {
  const options = ['--agents', AGENTS, '--at-once', 5, '--database', 'sqlite', '--seconds', 6];
  const more = ['--updates', 3, '--ports', 3, '--report-interval', 4, '--json'];
  const { stdout } = await promisify(execFile)(join(project, 'setup/node'), [
    join(project, 'bench/agents.ts'),
    ...[...options, ...more].map(String),
  ]);
  const report: AgentsReport = JSON.parse(stdout);
  // Calls of agents have a minute. Heartbeats have four seconds: of those a busy machine may lose one.
  expect(report).toMatchObject({ agents: AGENTS, atOnce: 5, failures: 0, firstFailure: null, reportedDown: 0 });
  expect(report.polls).toBeGreaterThan(5);
  // Every agent reports, whether others are at it or not.
  expect(report.rest.beats).toBeGreaterThanOrEqual(AGENTS);
  expect(report.rest.withAgents.broker).toBeGreaterThan(0);
  expect(report.updates).toMatchObject({ count: 3, lost: 0 });
  expect(report.updates.fromRequest.median).toBeGreaterThan(0);
  expect(report.updates.toLastAgent.most).toBeGreaterThanOrEqual(report.updates.toFirstAgent.most);
  expect(report.updates.deliveriesPerUpdate).toBe(AGENTS);
  const { ours, recorded, deliveries } = report.perPort;
  expect(recorded).toMatchObject({ 'push by fan-out': 4, 'reply to update_device_up': 1 });
  expect(ours).toMatchObject({ 'port_create_end to one host': 1, 'reply to update_device_up': 1 });
  // To the DHCP agent, and to everybody who may have a port in its group.
  expect(deliveries).toBe(1 + AGENTS);
  // Each kind as often as the real server at most: more is work that every agent of a cloud has with every port.
  expect(Object.entries(ours).filter(([kind, count]) => count > (recorded[kind] ?? 0))).toEqual([]);
});
