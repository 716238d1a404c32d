import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import type { RecentUsage } from '../../src/lib/recent-usage.ts';
import { reportTime, StateReports } from '../../src/rpc/contract.ts';
import { connectLocalBus } from '../../src/rpc/local/connect.ts';
import { ApiClient, type HttpAnswer } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { administrator, authtoken, memberOf } from '../support/identity.ts';
import { until } from '../support/wait.ts';

/** What the pages of agents, usage and guests ask for, at a server of several processes behind Keystone. */
let folder: string;
let keystone: FakeKeystone;
let server: Deployment;
let admin: ApiClient;
let member: ApiClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-usage-'));
  keystone = await FakeKeystone.start();
  server = await makeDeployment({
    folder,
    server: {
      DEFAULT: { auth_strategy: 'keystone', api_workers: 2, rpc_workers: 1 },
      neutrino: { plug_command: '/opt/neutrino/bin/neutrino plug' },
      keystone_authtoken: { ...authtoken(keystone), token_cache_time: -1 },
    },
  });
  server.server.start();
  await server.server.ready('all workers', () => server.server.output.includes('all workers serve'));
});
afterAll(async () => {
  await server?.close();
  await keystone?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  admin = new ApiClient(server, keystone.add(administrator));
  member = new ApiClient(server, keystone.add(memberOf('one')));
});

const ask = (client: ApiClient, path: string, method = 'GET') => client.request(method, path);
const errorOf = ({ status, body }: HttpAnswer) => [status, body?.NeutronError?.type ?? body?.error?.title];

describe('the last hour', () => {
  it('is told at every process, of all of them', async () => {
    const network = await member.create('network', {});
    await member.create('port', { network_id: network.id });
    const told = async (): Promise<RecentUsage> => (await ask(admin, '/dashboard/usage')).body;
    await until('a sample of the load', async () => (await told()).load.some(({ requests }) => requests > 0), {
      timeoutMs: 120_000,
    });
    await until('a count of ports', async () => (await told()).ports.length > 0, { timeoutMs: 120_000 });
    const { from, until: now, step, load } = await told();
    expect([now - from, step]).toEqual([3600, 10]);
    for (const { at, p50, p95 } of load) {
      expect(at % 10).toBe(0);
      expect(p95!).toBeGreaterThanOrEqual(p50!);
    }
  });

  it('is not for tenants, and not for strangers', async () => {
    expect(errorOf(await ask(member, '/dashboard/usage'))).toEqual([403, 'PolicyNotAuthorized']);
    expect(errorOf(await ask(new ApiClient(server), '/dashboard/usage'))).toEqual([401, 'Unauthorized']);
    expect(errorOf(await ask(new ApiClient(server, 'no-token'), '/dashboard/usage'))).toEqual([401, 'Unauthorized']);
  });

  it('is read only', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      expect((await ask(admin, '/dashboard/usage', method)).status, method).toBe(405);
    }
  });

  it.each([
    '/dashboard/usage/',
    '/dashboard/usage/../usage',
    '/dashboard/usage%2f',
    '/dashboard/usage/secret',
    '/dashboard/USAGE',
    '/dashboard/%75sage',
  ])('has one path, which %s is not', async (path) => {
    expect(await typed(path)).toBe(404);
  });
});

it('how a guest is plugged on the host is told to administrators', async () => {
  expect((await ask(admin, '/dashboard/plug')).body).toEqual({ command: '/opt/neutrino/bin/neutrino plug' });
  expect((await ask(member, '/dashboard/plug')).body).toEqual({ command: null });
  expect(errorOf(await ask(new ApiClient(server), '/dashboard/plug'))).toEqual([401, 'Unauthorized']);
});

describe('the history of an agent', () => {
  let id: string;

  beforeAll(async () => {
    const bus = connectLocalBus({ socketPath: join(folder, 'bus.sock'), program: 'agent' });
    const state = {
      ...{ binary: 'neutron-dhcp-agent', host: 'h1', topic: 'dhcp_agent', agent_type: 'DHCP agent' },
      ...{
        configurations: { last_error: { at: '2026-11-29T12:00:00.000Z', what: '<b>', count: 1 } },
        start_flag: true,
      },
    };
    const reports = new StateReports(bus);
    for (let i = 0; i < 2; i++) await reports.report({ ...state, uuid: String(i) }, reportTime(new Date()));
    await bus.close();
    const [agent] = await new ApiClient(server, keystone.add(administrator)).list('agent');
    id = agent!.id;
    expect(agent!.configurations).toEqual(state.configurations);
  });

  it('is told to administrators', async () => {
    const { status, body } = await ask(admin, `/v2.0/agents/${id}/history`);
    expect(status).toBe(200);
    expect(body.history.agent_down_time).toBe(75);
    expect(body.history.events).toEqual([{ at: expect.any(String), started: true, silent_since: null }]);
  });

  it('is not there for tenants, as the agent itself', async () => {
    expect(errorOf(await ask(member, `/v2.0/agents/${id}/history`))).toEqual(
      errorOf(await ask(member, `/v2.0/agents/${id}/dhcp-networks`)),
    );
    expect((await ask(member, `/v2.0/agents/${id}/history`)).status).toBeGreaterThanOrEqual(403);
  });

  it.each(['not-an-id', "'%20or%201=1--", '..%2f..', '%00', 'x'.repeat(5_000)])('of %.20s is none', async (name) => {
    const { status } = await ask(admin, `/v2.0/agents/${name}/history`);
    expect([400, 404]).toContain(status);
  });

  it('is read only', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const { status } = await ask(admin, `/v2.0/agents/${id}/history`, method);
      expect([404, 405], method).toContain(status);
    }
  });
});

/** The status of a request whose path nothing makes a tidy one. */
function typed(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-auth-token': keystone.add(administrator) };
    request({ host: '127.0.0.1', port: server.port, path, headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    })
      .on('error', reject)
      .end();
  });
}
