import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { adminContext } from '../../src/lib/context.ts';
import { connectLocalBus } from '../../src/rpc/local/connect.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { sharedDatabase } from '../support/shared-database.ts';
import { until } from '../support/wait.ts';

/** A server of several processes: one address, one database, and a supervisor that keeps them running. */
let folder: string;
let connection: string;
let deployment: Deployment;

// One for all tests, the last of which ends it: a start of four processes is seconds of a processor.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-workers-'));
  connection = await sharedDatabase(folder);
  deployment = await makeDeployment({
    folder: join(folder, 'state'),
    server: { DEFAULT: { api_workers: 3, rpc_workers: 2 }, database: { connection }, quotas: { quota_port: -1 } },
  });
  await deployment.start();
  await deployment.server.ready('all workers', () => deployment.server.output.includes('all workers serve'));
});
afterAll(async () => {
  await deployment?.close();
  await rm(folder, { recursive: true, force: true });
});

async function workers(): Promise<number[]> {
  const pid = (await deployment.server.pid())!;
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

describe('several workers', () => {
  it('answer together, lose nothing that was acknowledged when one is killed, and it is replaced', async () => {
    const before = await workers();
    expect(before).toHaveLength(3);
    const { id: network_id } = await deployment.api.create('network', {});
    await deployment.api.create('subnet', { network_id, ip_version: 4, cidr: '10.0.0.0/16' });
    const acknowledged: string[] = [];
    let over = false;
    const clients = Array.from({ length: 12 }, async () => {
      while (!over) {
        // A connection to the killed worker breaks; the client asks again.
        const answer = await deployment.api.request('POST', '/v2.0/ports', { port: { network_id } }).catch(() => null);
        if (answer?.status === 201) acknowledged.push(answer.body.port.id);
        else if (answer !== null) expect(answer.status).toBe(503);
      }
    });
    await until('some are made', () => acknowledged.length > 60);
    process.kill(before[1]!, 'SIGKILL');
    const after = acknowledged.length;
    await until('others are made', () => acknowledged.length > after + 60);
    await until('there are three again', async () => (await workers()).length === 3);
    over = true;
    await Promise.all(clients);
    expect(await workers()).not.toEqual(before);
    const database = await openDatabase({ connection });
    const rows = await database.db.selectFrom('ports').select('id').execute();
    const broken = await brokenInvariants(database.db);
    await database.close();
    const there = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
    expect(broken).toEqual([]);
  });

  it('answer agents, as many of them as are asked for', async () => {
    const agent = connectLocalBus({ socketPath: join(folder, 'state', 'bus.sock'), program: 'agent' });
    const state = { binary: 'b', host: 'h', topic: 'N/A', agent_type: 'Linux bridge agent', configurations: {} };
    const args = {
      agent_state: { agent_state: { ...state, start_flag: true } },
      time: `${new Date().toISOString().slice(0, -1)}000`,
    };
    const answers: unknown[] = [];
    for (let i = 0; i < 4; i++)
      answers.push(await agent.call({ topic: 'q-reports-plugin' }, 'report_state', args, adminContext()));
    expect(answers).toEqual(['new', 'alive', 'alive', 'alive']);
    expect((await deployment.api.list('agent', '')).map(({ host, alive }) => [host, alive])).toEqual([['h', true]]);
    await agent.close();
  });

  it('end with their supervisor, however it ends', async () => {
    const before = await workers();
    await deployment.server.kill9();
    const gone = (pid: number) => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    };
    await until('no worker is left', () => before.every(gone));
    await deployment.start();
    expect(await deployment.server.stop()).toBe(0);
  });
});
