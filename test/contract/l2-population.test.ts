import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Told } from '../../src/agent/fdb/told.ts';
import type { Database } from '../../src/db/database.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { tapName } from '../../src/lib/names.ts';
import { createFixture, type Fixture, type Network, type Port } from '../../src/plugin/fixture.ts';
import { fdbDigest } from '../../src/rpc/contract.ts';
import { recordingDatabase, type Statement } from '../support/recorded-statements.ts';

/** What agents know from what they are told, and what it costs to tell it, on each kind of database. */

const ends: Record<string, string> = { host1: '192.0.2.1', host2: '192.0.2.2', host3: '192.0.2.3' };
const hosts = Object.keys(ends);

let bare: Database;
let f: Fixture;
let network: Network;
let statements: Statement[];

beforeEach(async () => {
  bare = await temporaryDatabase();
  const recording = await recordingDatabase(bare);
  statements = recording.statements;
  const ml2 = { mechanism_drivers: ['linuxbridge', 'l2population'], tenant_network_types: ['vxlan'] };
  f = await createFixture({ ml2, vxlan: { vni_ranges: ['101:199'] } }, { database: recording.recorded });
  const report = async () => {
    for (const [host, tunneling_ip] of Object.entries(ends)) {
      await f.bridgeAgent(host, { tunneling_ip, tunnel_types: ['vxlan'], l2_population: true });
    }
  };
  await report();
  // Agents that have just started are told more than they need.
  f.clock.nowMs += 181_000;
  await report();
  network = await f.network();
  await f.subnet(network.id, { enable_dhcp: false });
});
afterEach(async () => {
  await f[Symbol.asyncDispose]();
  await f.database.close();
  await bare.close();
});

async function wire(host: string, count: number): Promise<Port[]> {
  const made = Array.from({ length: count }, () => ({
    ...{ project_id: 'p1', network_id: network.id, device_owner: 'compute:nova', 'binding:host_id': host },
  }));
  const ports = (await f.plugin.collections.ports.createBulk!(f.context, made)) as Port[];
  const devices = ports.map(({ id }) => tapName(id));
  await f.ask('get_devices_details_list', { devices, host, agent_id: 'a' });
  await f.ask('update_device_list', { devices_up: devices, devices_down: [], host, agent_id: 'a' });
  await f.told();
  return ports;
}

/** Statements after the commit of a port that comes up. */
async function countTelling(): Promise<number> {
  const [port] = await wire('host1', 1);
  await f.ask('get_devices_details_list', { devices: [tapName(port!.id)], host: 'host1', agent_id: 'a' });
  await f.told();
  statements.length = 0;
  await f.ask('update_device_up', { device: tapName(port!.id), host: 'host1', agent_id: 'a' });
  const messages = await f.told();
  expect(messages.map(({ method }) => method)).toContain('add_fdb_entries');
  return statements.length;
}

describe('telling where a port is', () => {
  it('takes as many statements in a large network as in a small one', async () => {
    await wire('host1', 3);
    await wire('host2', 3);
    const few = await countTelling();
    await wire('host1', 60);
    await wire('host2', 60);
    expect(await countTelling()).toBe(few);
    // Begin, ports held, facts, block, status, outbox, commit; facts twice, the list, and the outbox row goes.
    expect(few).toBeLessThanOrEqual(30);
  });

  it('and asking for all of a network likewise', async () => {
    const ask = async () => {
      statements.length = 0;
      const answer = await f.transport.tell('neutrino-forwarding', 'get_fdb_entries', {
        host: 'host2',
        networks: { [network.id]: null },
      });
      return { count: statements.length, answer: JSON.stringify(answer) };
    };
    await wire('host1', 3);
    const few = await ask();
    const ports = await wire('host1', 60);
    const more = await ask();
    expect(more.count).toBe(few.count);
    for (const { mac_address } of ports) expect(more.answer).toContain(mac_address);
  });
});

/** The same numbers for the same seed (mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe('agents that hear everything', () => {
  it.each([1, 2, 3, 4, 5])(
    'know what is true, whatever happens to ports and however late it is told (seed %i)',
    async (seed) => {
      const roll = dice(seed);
      const { ports } = f.plugin.collections;
      const knowledge = new Map(hosts.map((host) => [host, new Told(ends[host]!)]));
      for (const told of knowledge.values()) told.keep(new Set([network.id]));
      const alive: { port: Port; host: string; other: string | null }[] = [];
      const device = ({ port }: { port: Port }) => tapName(port.id);
      const bindings = ({ port }: { port: Port }) => f.plugin.children['ports/bindings']!(port.id);
      const up = async (one: (typeof alive)[number]) => {
        await f.ask('get_devices_details_list', { devices: [device(one)], host: one.host, agent_id: 'a' });
        await f.ask('update_device_up', { device: device(one), host: one.host, agent_id: 'a' });
      };
      let messages = 0;
      const hear = async () => {
        for (const { to, method, args } of await f.told()) {
          if (!method.includes('fdb')) continue;
          messages += 1;
          for (const [host, told] of knowledge) {
            if (!to.endsWith('_fanout') && !to.endsWith(`.${host}`)) continue;
            if (method === 'add_fdb_entries') told.add(args.fdb_entries);
            else if (method === 'remove_fdb_entries') told.remove(args.fdb_entries);
            else told.readdress(args.fdb_entries.chg_ip);
          }
        }
      };
      const acts: ((one: (typeof alive)[number]) => Promise<unknown>)[] = [
        up,
        (one) => f.ask('update_device_down', { device: device(one), host: one.host, agent_id: 'a' }),
        (one) => f.ask('get_devices_details_list', { devices: [device(one)], host: one.host, agent_id: 'a' }),
        (one) => ports.update!(f.context, one.port.id, { admin_state_up: roll(3) > 0 }),
        (one) => {
          const { subnet_id } = one.port.fixed_ips[0]!;
          return ports.update!(f.context, one.port.id, { fixed_ips: [{ subnet_id }] });
        },
        async (one) => {
          if (one.other !== null) return;
          one.host = hosts[roll(hosts.length)]!;
          await ports.update!(f.context, one.port.id, { 'binding:host_id': one.host });
          await up(one);
        },
        async (one) => {
          alive.splice(alive.indexOf(one), 1);
          await ports.delete!(f.context, one.port.id);
        },
        async (one) => {
          if (one.other !== null) return;
          one.other = hosts.find((host) => host !== one.host)!;
          await bindings(one).create!(f.context, { host: one.other, vnic_type: 'normal', profile: {} });
        },
        async (one) => {
          if (one.other === null) return;
          await f.plugin.routes['PUT ports/{port_id}/bindings/{host}/activate']!({
            context: f.context,
            params: { port_id: one.port.id, host: one.other },
            input: {},
            parameters: [],
            ifRevision: null,
          });
          [one.host, one.other] = [one.other, null];
          if (roll(2) > 0) await hear();
          await up(one);
          for (const host of hosts) {
            if (host !== one.host) await bindings(one).delete!(f.context, host).catch(() => {});
          }
        },
      ];
      for (let step = 0; step < 60; step++) {
        if (alive.length < 3 || (alive.length < 8 && roll(4) === 0)) {
          const host = hosts[roll(hosts.length)]!;
          const bound = { device_owner: 'compute:nova', 'binding:host_id': host };
          const one = { port: await f.port(network.id, bound), host, other: null };
          alive.push(one);
          await up(one);
        } else {
          await acts[roll(acts.length)]!(alive[roll(alive.length)]!);
        }
        if (roll(3) === 0) await hear();
      }
      await hear();
      // Each is where it is, and up.
      for (const one of alive) {
        await ports.update!(f.context, one.port.id, { admin_state_up: true });
        await up(one);
      }
      await hear();
      expect(messages).toBeGreaterThan(30);
      const there = new Set(alive.map(({ host }) => host));
      for (const host of there) {
        const digest = fdbDigest(knowledge.get(host)!.get(network.id)!.asPorts);
        const asked = { host, networks: { [network.id]: digest } };
        const { same, fdb_entries } = (await f.transport.tell('neutrino-forwarding', 'get_fdb_entries', asked)) as {
          same: string[];
          fdb_entries: object;
        };
        expect({
          same,
          fdb_entries,
          knows: same.length > 0 || knowledge.get(host)!.get(network.id)!.asPorts,
        }).toMatchObject({
          same: [network.id],
        });
      }
    },
  );
});
