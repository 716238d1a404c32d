import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member, type Port } from '../fixture.ts';
import type { PortBinding } from './port-bindings.ts';

let f: Fixture;
let port: Port;
let bindings: Collection<PortBinding>;
beforeEach(async () => {
  f = await createFixture();
  await f.bridgeAgent('host1');
  await f.bridgeAgent('host2');
  const network = await f.network();
  port = await f.port(network.id, { 'binding:host_id': 'host1', device_owner: 'compute:nova' });
  bindings = f.plugin.children['ports/bindings']!(port.id);
  await f.told();
});
afterEach(() => f[Symbol.asyncDispose]());

const add = (host: string, input: Input = {}) =>
  bindings.create!(f.context, { host, vnic_type: 'normal', profile: {}, ...input });
const activate = (host: string) =>
  f.plugin.routes['PUT ports/{port_id}/bindings/{host}/activate']!({
    context: f.context,
    params: { port_id: port.id, host },
    input: {},
    parameters: [],
    ifRevision: null,
  });
const reread = () => f.plugin.collections.ports.get(f.context, port.id);

describe('bindings of a port', () => {
  it('begin with the active one', async () => {
    expect(await all(bindings)).toEqual([
      {
        host: 'host1',
        vif_type: 'bridge',
        vnic_type: 'normal',
        status: 'ACTIVE',
        profile: {},
        vif_details: expect.objectContaining({ connectivity: 'l2' }),
      },
    ]);
  });

  it('can be prepared on another host, wired and inactive, while the port stays as it is', async () => {
    const before = await reread();
    expect(await add('host2', { profile: { a: 1 } })).toMatchObject({
      host: 'host2',
      vif_type: 'bridge',
      status: 'INACTIVE',
      profile: { a: 1 },
    });
    expect(await reread()).toEqual(before);
    expect(await all(bindings, { filters: { status: ['INACTIVE'] } })).toHaveLength(1);
    expect(await failure(add('host2'))).toEqual({
      type: 'PortBindingAlreadyExists',
      message: `Binding for port ${port.id} on host host2 already exists.`,
    });
  });

  it('are refused where no driver could wire the port, and nothing is kept', async () => {
    expect((await failure(add('elsewhere'))).type).toBe('PortBindingError');
    expect(await all(bindings)).toHaveLength(1);
  });

  it('change places when another is activated, and both hosts hear of it', async () => {
    await add('host2');
    expect(await activate('host2')).toMatchObject({ host: 'host2', status: 'ACTIVE', vif_type: 'bridge' });
    expect(await reread()).toMatchObject({ 'binding:host_id': 'host2', 'binding:vif_type': 'bridge', status: 'DOWN' });
    expect(await all(bindings)).toMatchObject([
      { host: 'host1', status: 'INACTIVE', vif_type: 'unbound' },
      { host: 'host2', status: 'ACTIVE', vif_type: 'bridge' },
    ]);
    const told = await f.told();
    expect(told.map(({ method, args }) => [method, args.host])).toEqual([
      ['binding_deactivate', 'host1'],
      ['binding_activate', 'host2'],
    ]);
    expect((await failure(activate('host2'))).type).toBe('PortBindingAlreadyActive');
    expect((await failure(activate('host3'))).type).toBe('PortBindingNotFound');
  });

  it('let the port become ACTIVE when the agent of the new host has wired it', async () => {
    await add('host2');
    await activate('host2');
    await f.ask('update_device_up', { device: `tap${port.id.slice(0, 11)}`, host: 'host1', agent_id: 'a' });
    expect((await reread()).status).toBe('DOWN');
    await f.ask('update_device_up', { device: `tap${port.id.slice(0, 11)}`, host: 'host2', agent_id: 'a' });
    expect((await reread()).status).toBe('ACTIVE');
  });

  it('are changed and deleted one by one; without the active one the port is unbound', async () => {
    await add('host2');
    expect(await bindings.update!(f.context, 'host2', { profile: { x: 'y' } })).toMatchObject({
      host: 'host2',
      status: 'INACTIVE',
      profile: { x: 'y' },
    });
    expect(await bindings.update!(f.context, 'host1', { profile: { z: 1 } })).toMatchObject({
      host: 'host1',
      status: 'ACTIVE',
      vif_type: 'bridge',
      profile: { z: 1 },
    });
    await bindings.delete!(f.context, 'host2');
    expect((await failure(bindings.delete!(f.context, 'host2'))).type).toBe('PortBindingNotFound');
    await bindings.delete!(f.context, 'host1');
    expect(await reread()).toMatchObject({ 'binding:host_id': '', 'binding:vif_type': 'unbound', status: 'DOWN' });
  });

  it('make room when the port itself moves to a host that was prepared', async () => {
    await add('host2');
    await f.plugin.collections.ports.update!(f.context, port.id, { 'binding:host_id': 'host2' });
    expect(await all(bindings)).toMatchObject([{ host: 'host2', status: 'ACTIVE', vif_type: 'bridge' }]);
  });

  it('are for guests only, and for who sees the port', async () => {
    const other = await f.port(port.network_id, { 'binding:host_id': 'host1' });
    expect(await failure(all(f.plugin.children['ports/bindings']!(other.id)))).toEqual({
      type: 'BadRequest',
      message: `Bad port request: Invalid port ${other.id}. Operation only valid on compute ports.`,
    });
    expect((await failure(all(bindings, {}, member('p2')))).type).toBe('PortNotFound');
  });
});
