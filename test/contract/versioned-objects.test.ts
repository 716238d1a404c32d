import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { adminContext } from '../../src/lib/context.ts';
import { objectTopic, type PushMethods } from '../../src/rpc/contract.ts';
import { connectBus } from '../support/bus.ts';
import { makeDeployment } from '../support/deployment.ts';
import { until } from '../support/wait.ts';

it('the program pushes ports to who listens on its bus, from the moment it does, and answers who asks', async () => {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-objects-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const server = undo.use(await makeDeployment({ folder }));
  await server.start();
  const network = await server.api.create('network', { name: 'n' });
  const unheard = await server.api.create('port', { network_id: network.id });

  const bus = undo.use(await connectBus(`${folder}/bus.sock`));
  const heard: PushMethods['push']['args'][] = [];
  await bus.listen(objectTopic('Port', '1.7'), 'host1', [
    { version: '1.1', methods: { push: async (args) => heard.push(args) } },
  ]);
  const port = await server.api.create('port', { network_id: network.id, name: 'p' });
  await until('the first', () => heard.length === 1);
  await server.api.remove('port', port.id);
  await until('the second', () => heard.length === 2);
  expect(heard).toMatchObject([
    { event_type: 'updated', resource_list: [{ 'versioned_object.data': { id: port.id, name: 'p', status: 'DOWN' } }] },
    { event_type: 'deleted', resource_list: [{ 'versioned_object.data': { id: port.id } }] },
  ]);

  const target = { topic: 'q-plugin', version: '1.1' };
  const asked = { resource_type: 'Port', version: '1.7' };
  expect(await bus.call(target, 'bulk_pull', asked, adminContext())).toMatchObject([
    { 'versioned_object.name': 'Port', 'versioned_object.data': { id: unheard.id } },
  ]);
  await expect(
    bus.call(target, 'bulk_pull', { ...asked, resource_type: 'NoSuch' }, adminContext()),
  ).rejects.toMatchObject({ type: 'InvalidResourceTypeClass', module: 'neutron.api.rpc.handlers.resources_rpc' });
});
