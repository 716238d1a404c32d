import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { freePort } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/** A server whose RabbitMQ has never answered: the API serves, changes wait in the outbox. */
let folder: string;
let deployment: Deployment;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-away-'));
  const transport_url = `rabbit://guest:hush@127.0.0.1:${await freePort()}/`;
  deployment = await makeDeployment({
    folder,
    server: { DEFAULT: { transport_url }, healthcheck: { queue_timeout: 1 } },
  });
  await deployment.start();
});
afterEach(async () => {
  await deployment.close();
  await rm(folder, { recursive: true, force: true });
});

it('serves the API, says at /healthcheck what is away, and ends in order', async () => {
  const { api, server } = deployment;
  const network = await api.create('network', {});
  await api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
  const port = await api.create('port', { network_id: network.id, 'binding:host_id': 'nowhere' });
  await api.request('PUT', `/v2.0/ports/${port.id}`, { port: { admin_state_up: false } });
  await until('it says so', async () => {
    const answer = await fetch(`http://127.0.0.1:${deployment.port}/healthcheck`);
    return answer.status === 503 && /^queue: away for \d+ s$/.test(await answer.text());
  });
  await server.signal('SIGTERM');
  expect(await server.finished()).toMatchObject({ code: 0 });
  expect(server.output).toMatch(/ stopped\b/);
  expect(server.output).not.toContain('hush');
});
