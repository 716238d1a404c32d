import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { outboxCounts } from '../../db/outbox.ts';
import { temporaryDatabase } from '../../db/temporary.ts';
import { tapName } from '../../lib/names.ts';
import type { ServerEvent } from '../../lib/server-event.ts';
import { createFixture, type Fixture, type Port } from '../fixture.ts';
import type { Nova } from './contract.ts';

/** Takes what it is sent, or refuses it. */
class RecordingNova implements Nova {
  statusChanges = true;
  dataChanges = true;
  intervalMs = 0;
  readonly batches: (readonly ServerEvent[])[] = [];
  away = false;
  closed = false;

  get events(): ServerEvent[] {
    return this.batches.flat();
  }

  async send(events: readonly ServerEvent[]): Promise<void> {
    if (this.away) throw new Error('connect ECONNREFUSED');
    this.batches.push(events);
  }

  close(): void {
    this.closed = true;
  }
}

const SERVER = '8f6f5d5a-3c0e-4d0f-9a57-2f9d3d1c7b11';
const guest = { device_id: SERVER, device_owner: 'compute:nova', 'binding:host_id': 'host1' };

let nova: RecordingNova;
let f: Fixture;
beforeEach(async () => {
  nova = new RecordingNova();
  f = await createFixture({}, { nova });
  await f.bridgeAgent('host1');
  await f.bridgeAgent('host2');
});
afterEach(() => f[Symbol.asyncDispose]());

const up = (port: Port, host = 'host1') =>
  f.ask('update_device_up', { device: tapName(port.id), agent_id: 'lb', host });
const down = (port: Port, host = 'host1') =>
  f.ask('update_device_down', { device: tapName(port.id), agent_id: 'lb', host });
const details = (port: Port) =>
  f.ask('get_devices_details_list', { devices: [tapName(port.id)], agent_id: 'lb', host: 'host1' });
const update = (port: Port, changes: object) =>
  f.plugin.collections.ports.update!(f.context, port.id, changes as Record<string, unknown>);
const waiting = async () => (await outboxCounts(f.database.db)).total;

async function told(): Promise<ServerEvent[]> {
  await f.plugin.idle();
  const events = nova.events;
  nova.batches.length = 0;
  return events;
}

const event = (name: ServerEvent['name'], port: Port, status?: ServerEvent['status']) => ({
  name,
  server_uuid: SERVER,
  tag: port.id,
  ...(status && { status }),
});

describe('Nova is told', () => {
  it('that a card works, does not work any more, and is gone', async () => {
    const port = await f.port((await f.network()).id, guest);
    expect(await told()).toEqual([]);
    await details(port);
    await up(port);
    expect(await told()).toEqual([event('network-vif-plugged', port, 'completed')]);
    await up(port);
    expect(await told()).toEqual([]);
    await down(port);
    expect(await told()).toEqual([event('network-vif-unplugged', port, 'completed')]);
    await f.plugin.collections.ports.delete!(f.context, port.id);
    expect(await told()).toEqual([event('network-vif-deleted', port)]);
    expect(await waiting()).toBe(0);
  });

  it('that a card works again, when its agent looked at it anew', async () => {
    const port = await f.port((await f.network()).id, guest);
    await up(port);
    await told();
    await details(port);
    expect(await told()).toEqual([]);
    await up(port);
    expect(await told()).toEqual([event('network-vif-plugged', port, 'completed')]);
  });

  it('of every update by a client', async () => {
    const port = await f.port((await f.network()).id, guest);
    await update(port, { name: 'new' });
    expect(await told()).toEqual([event('network-changed', port)]);
  });

  it('first that the card does not work when the port is moved', async () => {
    const port = await f.port((await f.network()).id, guest);
    await up(port);
    await told();
    await update(port, { 'binding:host_id': 'host2' });
    expect(await told()).toEqual([event('network-vif-unplugged', port, 'completed'), event('network-changed', port)]);
  });

  it('when a port becomes down because its binding goes away or another becomes the active one', async () => {
    const port = await f.port((await f.network()).id, guest);
    const bindings = f.plugin.children['ports/bindings']!(port.id);
    await up(port);
    await bindings.create!(f.context, { host: 'host2', vnic_type: 'normal', profile: {} });
    await told();
    const call = { params: { port_id: port.id, host: 'host2' }, input: {}, parameters: [], ifRevision: null };
    await f.plugin.routes['PUT ports/{port_id}/bindings/{host}/activate']!({ context: f.context, ...call });
    expect(await told()).toEqual([event('network-vif-unplugged', port, 'completed')]);
    await up(port, 'host2');
    await told();
    await bindings.delete!(f.context, 'host2');
    expect(await told()).toEqual([event('network-vif-unplugged', port, 'completed')]);
  });

  it('that the card is there on the host the guest moves to, while the port stays as it is', async () => {
    const port = await f.port((await f.network()).id, guest);
    await up(port);
    await told();
    await up(port, 'host2');
    expect(await told()).toEqual([event('network-vif-plugged', port, 'completed')]);
    expect(await f.plugin.collections.ports.get(f.context, port.id)).toMatchObject({
      'binding:host_id': 'host1',
      status: 'ACTIVE',
    });
  });

  it('nothing by DHCP alone while a guest moves', async () => {
    const network = await f.network();
    await f.dhcpAgent();
    await f.subnet(network.id);
    const still = await f.port(network.id, guest);
    const moving = await f.port(network.id, { ...guest, 'binding:profile': { migrating_to: 'host2' } });
    for (const port of [still, moving]) {
      await up(port);
      await f.ask('dhcp_ready_on_ports', { port_ids: [port.id] });
    }
    expect(await told()).toEqual([event('network-vif-plugged', still, 'completed')]);
  });

  it.each([
    ['no guest', { ...guest, device_owner: 'network:dhcp' }],
    ['no server', { ...guest, device_id: '' }],
    ['another kind of name', { ...guest, device_id: 'vm1' }],
  ])('nothing of %s', async (_, input) => {
    const port = await f.port((await f.network()).id, input);
    await up(port);
    await update(port, { name: 'new' });
    await down(port);
    await f.plugin.collections.ports.delete!(f.context, port.id);
    expect(await told()).toEqual([]);
  });

  it.each([
    [{ statusChanges: false }, ['network-changed', 'network-vif-deleted']],
    [{ dataChanges: false }, ['network-vif-plugged', 'network-vif-unplugged']],
  ])('only what it wants to know: %j', async (wants, names) => {
    Object.assign(nova, wants);
    const port = await f.port((await f.network()).id, guest);
    await up(port);
    await up(port, 'host2');
    await down(port);
    await update(port, { name: 'new' });
    await f.plugin.collections.ports.delete!(f.context, port.id);
    expect([...new Set((await told()).map(({ name }) => name))]).toEqual(names);
  });
});

describe('events', () => {
  it('are sent at once, and those that come within the interval together when it is over', async () => {
    nova.intervalMs = 300;
    const port = await f.port((await f.network()).id, guest);
    // The interval is over when the test says so: a slow machine may take longer than that for one update.
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    try {
      await up(port);
      await f.plugin.idle();
      for (const name of ['a', 'b', 'c']) await update(port, { name });
      vi.advanceTimersByTime(nova.intervalMs - 1);
      for (const name of ['d', 'e']) await update(port, { name });
      expect(nova.batches).toHaveLength(1);
      vi.advanceTimersByTime(1);
      await f.plugin.idle();
      expect(nova.batches.map((batch) => batch.length)).toEqual([1, 5]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('wait while Nova is away, hold up no agent, and come in order when it is back', async () => {
    await f.dhcpAgent();
    const network = await f.network();
    await f.subnet(network.id);
    nova.away = true;
    const ports: Port[] = [];
    for (let i = 0; i < 3; i++) ports.push(await f.port(network.id, { ...guest, device_id: randomUUID() }));
    for (const port of ports) {
      await update(port, { name: 'new' });
      await f.plugin.collections.ports.delete!(f.context, port.id);
    }
    const methods = (await f.told()).map(({ method }) => method);
    expect(methods.filter((method) => method === 'port_delete_end')).toHaveLength(3);
    expect(await waiting()).toBe(6);
    await f.plugin.start();
    nova.away = false;
    await eventually(async () => expect(await waiting()).toBe(0));
    expect(nova.events.map(({ name, tag }) => [name, tag])).toEqual(
      ports.flatMap(({ id }) => [
        ['network-changed', id],
        ['network-vif-deleted', id],
      ]),
    );
    expect(f.complaints.map(({ message }) => message)).toEqual(['Nova cannot be told; events wait']);
  });

  it('that waited for more than an hour are dropped, and that is said once', async () => {
    nova.away = true;
    const port = await f.port((await f.network()).id, guest);
    await update(port, { name: 'old' });
    await f.plugin.idle();
    f.clock.nowMs += 3_600_001;
    await update(port, { name: 'new' });
    await f.plugin.idle();
    expect(await waiting()).toBe(1);
    expect(f.complaints.map(({ level }) => level)).toEqual(['warn', 'error']);
    expect(f.complaints[1]!.fields).toMatchObject({ dropped: 1 });
  });

  it('of a server that died before it sent them are sent by the next', async () => {
    const database = await temporaryDatabase();
    const parts = { database, nova };
    const stopPoint = (name: string) => {
      if (name === 'before_nova') throw new Error('died');
    };
    const dying = await createFixture({}, { ...parts, stopPoint });
    const port = await dying.port((await dying.network()).id, guest);
    await dying.plugin.collections.ports.update!(dying.context, port.id, { name: 'new' });
    await dying.plugin.idle();
    expect(nova.events).toEqual([]);
    const next = await createFixture({}, parts);
    next.clock.nowMs += 5_001;
    await next.plugin.start();
    await eventually(() => expect(nova.events).toEqual([event('network-changed', port)]));
    await next.plugin.close();
    await dying.plugin.close();
    await database.close();
  });

  it('are sent by one server at a time', async () => {
    const database = await temporaryDatabase();
    const one = await createFixture({}, { database, nova });
    const other = new RecordingNova();
    const two = await createFixture({}, { database, nova: other });
    let release = () => {};
    const sending = new Promise<void>((resolve) => {
      release = resolve;
    });
    vi.spyOn(nova, 'send').mockImplementationOnce(() => sending);
    const port = await one.port((await one.network()).id, guest);
    await one.plugin.collections.ports.update!(one.context, port.id, { name: 'first' });
    await eventually(() => expect(nova.send).toHaveBeenCalled());
    await two.plugin.collections.ports.update!(two.context, port.id, { name: 'second' });
    await two.plugin.idle();
    expect(other.events).toEqual([]);
    release();
    await one.plugin.idle();
    await two.plugin.start();
    await eventually(() => expect(other.events).toEqual([event('network-changed', port)]));
    await one.plugin.close();
    await two.plugin.close();
    await database.close();
  });
});

describe('a plugin without Nova', () => {
  it('notes nothing', async () => {
    await using plain = await createFixture();
    await plain.bridgeAgent('host1');
    const port = await plain.port((await plain.network()).id, guest);
    await plain.ask('update_device_up', { device: tapName(port.id), agent_id: 'lb', host: 'host1' });
    await plain.plugin.collections.ports.update!(plain.context, port.id, { name: 'new' });
    await plain.plugin.idle();
    expect((await outboxCounts(plain.database.db)).total).toBe(0);
  });
});
