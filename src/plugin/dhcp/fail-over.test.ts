import { afterEach, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import type { Database } from '../../db/database.ts';
import { temporaryDatabase } from '../../db/temporary.ts';
import { agentsHosting } from '../../db/write/network-agents.ts';
import { all, createFixture, type Fixture, type Options } from '../fixture.ts';
import type { PluginParts } from '../parts.ts';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

/**
 * Agents are dead after 2 s of the clock here, and are looked after all the time. No server is silent for long, however slow
 * the machine is: what it leaves another takes at once.
 */
const dutyTimes = { beatMs: 10, lapseMs: 3_600_000, everyMs: 10 };

async function quick(
  core: Options['core'] = {},
  database?: Database,
  more: Partial<PluginParts> = {},
): Promise<Fixture> {
  const f = await createFixture(
    { core: { agent_down_time: 1, ...core } },
    { ...(database && { database }), dutyTimes, ...more },
  );
  opened.push(f);
  return f;
}

const hosts = async (f: Fixture, id: string) =>
  (await agentsHosting(f.database.db, [id])).map(({ host }) => host).toSorted();

/** The server has been up for a while. */
async function settled(f: Fixture, report: () => Promise<unknown>): Promise<void> {
  await f.plugin.start();
  await pass(f, 2, report);
}

/** So often it looks at what is there now: a look that is under way may have seen what was before. */
async function looks(f: Fixture, count: number): Promise<void> {
  const done = () => f.plugin.duties.find(({ name }) => name === 'dhcp fail-over')!.done;
  const before = done();
  await eventually(() => expect(done()).toBeGreaterThan(before + count), { interval: 5 });
}

/** Time passes, while some agents report and one server looks. */
async function pass(f: Fixture, seconds: number, report: () => Promise<unknown>, looking = f): Promise<void> {
  for (let i = 0; i < seconds * 2; i++) {
    f.clock.nowMs += 500;
    await report();
    await looks(looking, 1);
  }
}

it('moves networks from an agent that is dead for long, with the addresses of its ports', async () => {
  const f = await quick();
  await f.dhcpAgent('host1');
  const { id } = await f.network();
  const subnet = await f.subnet(id);
  const port = await f.ask('create_dhcp_port', {
    host: 'host1',
    port: { port: { device_id: 'dhcp-one', network_id: id, fixed_ips: [{ subnet_id: subnet.id }] } },
  });
  await settled(f, () => f.dhcpAgent('host1'));
  await f.told();
  await pass(f, 5, () => f.dhcpAgent('host2'));
  await eventually(async () => expect(await hosts(f, id)).toEqual(['host2']));
  await eventually(async () =>
    expect((await f.plugin.collections.ports.get(f.context, port.id)).device_id).toBe('reserved_dhcp_port'),
  );
  // The dead one is told nothing: it would hear it first thing when it is back.
  const heard: string[] = [];
  await eventually(async () => {
    heard.push(...(await f.told()).map(({ to, method }) => `${to} ${method}`));
    expect(heard).toEqual(['dhcp_agent.host2 network_create_end']);
  });
  const taken = await f.ask('update_dhcp_port', {
    host: 'host2',
    port_id: port.id,
    port: { port: { network_id: id, device_id: 'dhcp-two' } },
  });
  expect(taken).toMatchObject({ device_id: 'dhcp-two', fixed_ips: port.fixed_ips, 'binding:host_id': 'host2' });
});

/** A network that one of two agents serves. */
async function served(f: Fixture): Promise<{ id: string; first: string; other: string }> {
  await f.dhcpAgent('host1');
  await f.dhcpAgent('host2');
  const { id } = await f.network();
  await f.subnet(id);
  const [first] = await hosts(f, id);
  return { id, first: first!, other: first === 'host1' ? 'host2' : 'host1' };
}

it('leaves networks where they are while nobody else lives', async () => {
  const f = await quick();
  const { id, first, other } = await served(f);
  await settled(f, async () => {});
  await pass(f, 10, () => f.bridgeAgent('elsewhere'));
  expect(await hosts(f, id)).toEqual([first]);
  expect(f.complaints.map(({ message }) => message)).toContain(
    'no DHCP agent lives that networks of dead ones could move to',
  );
  await pass(f, 3, () => f.dhcpAgent(other));
  expect(await hosts(f, id)).toEqual([other]);
});

it('leaves networks to an agent that is switched off, or has just begun with many', async () => {
  const f = await quick();
  const { id, first, other } = await served(f);
  await settled(f, () => Promise.all([f.dhcpAgent(first), f.dhcpAgent(other)]));
  const agent = (await all(f.plugin.collections.agents)).find(({ host }) => host === first)!;
  const { update } = f.plugin.collections.agents;
  await update!.call(f.plugin.collections.agents, f.context, agent.id, { admin_state_up: false });
  await pass(f, 5, () => f.dhcpAgent(other));
  expect(await hosts(f, id)).toEqual([first]);
  // Before it is switched on: it has been silent for so long that the next look would take it for dead.
  await f.dhcpAgent(first, { start_flag: true });
  await update!.call(f.plugin.collections.agents, f.context, agent.id, { admin_state_up: true });
  await pass(f, 4, () => f.dhcpAgent(other));
  expect(await hosts(f, id)).toEqual([first]);
  await pass(f, 1, () => f.dhcpAgent(other));
  expect(await hosts(f, id)).toEqual([other]);
});

it('does not take a queue that was away for the death of all agents', async () => {
  const f = await quick();
  const { id, first, other } = await served(f);
  await settled(f, () => Promise.all([f.dhcpAgent(first), f.dhcpAgent(other)]));
  await pass(f, 10, async () => {});
  // One is quicker to come back than the other.
  await pass(f, 1, () => f.dhcpAgent(other));
  await pass(f, 5, () => Promise.all([f.dhcpAgent(first), f.dhcpAgent(other)]));
  expect(await hosts(f, id)).toEqual([first]);
});

it('does not believe a clock that was set', async () => {
  const steady = { ms: 0 };
  const f = await quick({}, undefined, { elapsed: () => steady.ms });
  const { id, first, other } = await served(f);
  const both = () => {
    steady.ms += 500;
    return Promise.all([f.dhcpAgent(first), f.dhcpAgent(other)]);
  };
  await settled(f, both);
  f.clock.nowMs += 3_600_000;
  await f.dhcpAgent(other);
  await looks(f, 2);
  expect(f.complaints).toContainEqual(expect.objectContaining({ fields: { why: 'the clock was set' } }));
  await pass(f, 5, both);
  expect(await hosts(f, id)).toEqual([first]);
});

it('is done by one of two servers', async () => {
  const database = await temporaryDatabase();
  opened.push({ [Symbol.asyncDispose]: () => database.close() });
  const one = await quick({}, database, { host: 'one' });
  const two = await quick({}, database, { host: 'two', now: () => one.clock.nowMs, elapsed: () => one.clock.nowMs });
  await one.dhcpAgent('host1');
  const networks = await Promise.all([1, 2, 3, 4].map(() => one.network()));
  for (const { id } of networks) await one.subnet(id);
  await settled(one, () => one.dhcpAgent('host1'));
  await two.plugin.start();
  await one.told();
  await pass(one, 11, () => one.dhcpAgent('host2'));
  for (const { id } of networks) expect(await hosts(one, id)).toEqual(['host2']);
  expect(await one.told()).toHaveLength(4);
  const idle = two.plugin.duties.map(({ ours, done }) => ({ ours, done }));
  expect(idle).toEqual(idle.map(() => ({ ours: false, done: 0 })));
  await one.plugin.close();
  await pass(one, 11, () => two.dhcpAgent('host1'), two);
  for (const { id } of networks) expect(await hosts(two, id)).toEqual(['host1']);
  expect(await two.told()).toHaveLength(4);
});
