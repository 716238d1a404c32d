import { describe, expect, it, vi } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { outboxCounts } from '../../db/outbox.ts';
import { temporaryDatabase } from '../../db/temporary.ts';
import { createFixture, type Fixture } from '../fixture.ts';
import { stopPointFromEnvironment } from './stop-point.ts';

const waiting = async (f: Fixture) => (await outboxCounts(f.database.db)).total;

/** Stands for the death of the process: what the code after that point would have done is not done. */
class Died extends Error {}

function dieAt(point: string) {
  return (name: string) => {
    if (name === point) throw new Died();
  };
}

describe('after a commit', () => {
  it('agents are told in the order of the changes, and nothing is left to do', async () => {
    await using f = await createFixture();
    await f.dhcpAgent();
    const network = await f.network();
    const subnet = await f.subnet(network.id);
    const port = await f.port(network.id);
    await f.plugin.collections.ports.update!(f.context, port.id, { fixed_ips: [{ ip_address: '10.0.0.77' }] });
    // What is told is what is true when it is told: an update of a port that is gone by then would be left out.
    await f.plugin.idle();
    await f.plugin.collections.ports.delete!(f.context, port.id);
    await f.plugin.collections.subnets.delete!(f.context, subnet.id);
    expect((await f.told()).map(({ method }) => method)).toEqual([
      'network_create_end',
      'subnet_create_end',
      'port_create_end',
      'port_update_end',
      'port_update',
      'port_delete_end',
      'port_delete',
      'subnet_delete_end',
    ]);
    expect(await waiting(f)).toBe(0);
  });

  it('a change that fails leaves nothing to do', async () => {
    await using f = await createFixture();
    await f.dhcpAgent();
    const network = await f.network();
    await f.subnet(network.id, { cidr: '10.0.0.0/30' });
    await f.told();
    const inputs = [1, 2].map(() => ({ network_id: network.id, project_id: 'p1' }));
    await f.plugin.collections.ports.createBulk!(f.context, inputs).catch(() => {});
    expect(await f.told()).toEqual([]);
    expect(await waiting(f)).toBe(0);
  });
});

describe('a server that dies', () => {
  it.each(['before_bind', 'before_tell'])('%s leaves what another one completes', async (point) => {
    const database = await temporaryDatabase();
    const dying = await createFixture({}, { database, stopPoint: dieAt(point) });
    await dying.bridgeAgent();
    await dying.dhcpAgent();
    const network = await dying.network();
    await dying.subnet(network.id);
    await dying.told();
    await expect(dying.port(network.id, { name: 'x', 'binding:host_id': 'host1' })).rejects.toThrow(Died);
    await dying.plugin.close();

    const next = await createFixture({}, { database });
    next.clock.nowMs = dying.clock.nowMs + 2_000;
    await next.plugin.start();
    await eventually(async () => expect(await waiting(next)).toBe(0));
    const query = { filters: { name: ['x'] }, fields: null, sorts: [], limit: null, marker: null, pageReverse: false };
    const [port] = (await next.plugin.collections.ports.list(next.context, query)).items!;
    expect(port).toMatchObject({ 'binding:vif_type': 'bridge', revision_number: 2 });
    expect(await next.told()).toMatchObject([
      { method: 'port_update', args: { port: { id: port!.id } } },
      { to: 'dhcp_agent.host1', method: 'port_create_end', args: { payload: { port: { id: port!.id } } } },
    ]);
    // Under the id of the request that a client waited for.
    const asked = next.transport.sent.filter(({ method }) => method.startsWith('port_'));
    expect(asked.map(({ context }) => context.requestId)).toEqual(asked.map(() => dying.context.requestId));
    await next.plugin.close();
    await database.close();
  });

  it('is not mistaken for one that is only slow: its work is left alone for two seconds', async () => {
    const database = await temporaryDatabase();
    const dying = await createFixture({}, { database, stopPoint: dieAt('before_tell') });
    await dying.dhcpAgent();
    const network = await dying.network();
    await dying.subnet(network.id);
    await dying.told();
    await expect(dying.port(network.id)).rejects.toThrow(Died);
    const next = await createFixture({}, { database });
    next.clock.nowMs = dying.clock.nowMs + 1_999;
    await next.plugin.start();
    await next.plugin.close();
    expect(await waiting(next)).toBe(1);
    await dying.plugin.close();
    await database.close();
  });
});

describe('a queue that is away', () => {
  it('gets its messages later', async () => {
    await using f = await createFixture();
    await f.dhcpAgent();
    const network = await f.network();
    await f.subnet(network.id);
    await f.told();
    const cast = vi.spyOn(f.transport, 'cast').mockRejectedValue(new Error('no connection'));
    const first = await f.port(network.id);
    const second = await f.port(network.id);
    await f.plugin.idle();
    expect(await waiting(f)).toBe(2);
    expect(f.complaints.map(({ message }) => message)).toEqual(Array(2).fill('task failed; it will be tried again'));
    cast.mockRestore();
    f.clock.nowMs += 2_000;
    await f.plugin.start();
    await eventually(async () => expect(await waiting(f)).toBe(0));
    expect((await f.told()).map(({ args }) => args.payload.port.id)).toEqual([first.id, second.id]);
  });
});

describe('of several tasks of one resource', () => {
  it('those behind one that failed wait for it', async () => {
    await using f = await createFixture();
    await f.dhcpAgent();
    const network = await f.network();
    await f.subnet(network.id);
    const port = await f.port(network.id);
    await f.told();
    const cast = vi.spyOn(f.transport, 'cast').mockRejectedValueOnce(new Error('no connection'));
    const { ports } = f.plugin.collections;
    await Promise.all(
      ['10.0.0.77', '10.0.0.78'].map((ip_address) =>
        ports.update!(f.context, port.id, { fixed_ips: [{ ip_address }] }),
      ),
    );
    await f.plugin.idle();
    expect(await waiting(f)).toBe(2);
    expect(await f.told()).toEqual([]);
    cast.mockRestore();
    f.clock.nowMs += 2_000;
    await f.plugin.start();
    await eventually(async () => expect(await waiting(f)).toBe(0));
    expect((await f.told()).map(({ method }) => method)).toEqual([
      'port_update_end',
      'port_update',
      'port_update_end',
      'port_update',
    ]);
  });
});

describe('a task that comes when one of its resource failed before', () => {
  it('waits for that one, and comes after it', async () => {
    await using f = await createFixture();
    await f.dhcpAgent();
    const network = await f.network();
    await f.subnet(network.id);
    const port = await f.port(network.id);
    await f.told();
    const cast = vi.spyOn(f.transport, 'cast').mockRejectedValueOnce(new Error('no connection'));
    const { ports } = f.plugin.collections;
    for (const ip_address of ['10.0.0.77', '10.0.0.78']) {
      await ports.update!(f.context, port.id, { fixed_ips: [{ ip_address }] });
      await f.plugin.idle();
    }
    expect(await waiting(f)).toBe(2);
    expect(await f.told()).toEqual([]);
    cast.mockRestore();
    f.clock.nowMs += 2_000;
    await f.plugin.start();
    await eventually(async () => expect(await waiting(f)).toBe(0));
    expect(await f.told()).toHaveLength(4);
    await ports.update!(f.context, port.id, { fixed_ips: [{ ip_address: '10.0.0.79' }] });
    await f.plugin.idle();
    expect(await waiting(f)).toBe(0);
  });
});

describe('the stop point of the environment', () => {
  it('kills at the named place only', () => {
    const die = vi.fn();
    const stop = stopPointFromEnvironment({ NEUTRINO_TEST_STOP_AT: 'before_tell' }, die);
    stop('before_bind');
    expect(die).not.toHaveBeenCalled();
    stop('before_tell');
    expect(die).toHaveBeenCalledOnce();
  });

  it('is not there otherwise', () => {
    const die = vi.fn();
    stopPointFromEnvironment({}, die)('before_bind');
    expect(die).not.toHaveBeenCalled();
  });
});
