import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Deployment } from '../../support/deployment.ts';
import { RecordingNova } from '../../support/nova.ts';
import { until } from '../../support/wait.ts';
import { Keystone } from '../openstack/keystone.ts';
import { makeOurs } from '../openstack/ours.ts';
import { type Peer, startPeer } from '../openstack/peer.ts';

/** Events for a Nova that a real Keystone's catalog names, and that asks this Keystone whose tokens it is shown. */
const region = `nova-${process.pid}`;
const undo = new AsyncDisposableStack();
let peer: Peer;
let keystone: Keystone;
let nova: RecordingNova;
let ours: Deployment;
/** What Keystone said of each token. */
const callers: { user: string; roles: string[] }[] = [];

beforeAll(async () => {
  peer = await startPeer(undo, 'keystone');
  keystone = new Keystone(peer);
  const admin = await keystone.token(peer.accounts.admin);
  nova = undo.use(await RecordingNova.start());
  nova.knows = async (token) => {
    const facts = await keystone
      .ask(admin, 'GET', '/auth/tokens', undefined, { 'x-subject-token': token })
      .catch(() => null);
    if (facts === null) return false;
    callers.push({ user: facts.token.user.name, roles: facts.token.roles.map(({ name }: { name: string }) => name) });
    return true;
  };
  await register(admin, nova.url);
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-nova-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const { user, password, project } = peer.accounts.neutron;
  ours = undo.use(
    await makeOurs(peer, {
      folder,
      token: admin,
      server: {
        DEFAULT: { send_events_interval: 0 },
        nova: {
          auth_type: 'password',
          auth_url: peer.keystoneUrl,
          ...{ username: user, password, project_name: project },
          ...{ user_domain_name: 'Default', project_domain_name: 'Default' },
          region_name: region,
        },
      },
    }),
  );
  await ours.start();
});
afterAll(() => undo.disposeAsync());

/** Puts Nova in the catalog, and takes it out in the end. */
async function register(admin: string, url: string): Promise<void> {
  const post = (path: string, body: object) => keystone.ask(admin, 'POST', path, body);
  const drop = (path: string) => undo.defer(() => keystone.ask(admin, 'DELETE', path).then(() => {}));
  await post('/regions', { region: { id: region } });
  drop(`/regions/${region}`);
  const { service } = await post('/services', { service: { name: region, type: 'compute' } });
  drop(`/services/${service.id}`);
  const { endpoint } = await post('/endpoints', {
    endpoint: { service_id: service.id, interface: 'public', region_id: region, url },
  });
  drop(`/endpoints/${endpoint.id}`);
}

it('Nova is found in the region, shown a token of a service, and a fresh one when that was revoked', async () => {
  const network = await ours.api.create('network', { name: 'n' });
  const port = await ours.api.create('port', {
    network_id: network.id,
    device_id: randomUUID(),
    device_owner: 'compute:nova',
  });
  const rename = (name: string) => ours.api.expect('PUT', `/v2.0/ports/${port.id}`, { port: { name } });
  await rename('first');
  await until('the first event', () => nova.events.length === 1);
  expect(nova.events).toEqual([{ name: 'network-changed', server_uuid: port.device_id, tag: port.id }]);
  expect(callers).toEqual([
    { user: peer.accounts.neutron.user, roles: expect.arrayContaining(['service']) as unknown as string[] },
  ]);
  await keystone.revoke(nova.requests[0]!.token);
  await rename('second');
  await until('the second event', () => nova.events.length === 2);
  expect(nova.refusals).toBe(1);
  expect(nova.requests[1]!.token).not.toBe(nova.requests[0]!.token);
  expect(ours.server.output).not.toContain(nova.requests[1]!.token);
});
