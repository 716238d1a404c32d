import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Logger } from '../../lib/log.ts';
import type { NetworkOperation } from '../../linux/contract.ts';
import { FakeExec } from '../../linux/fake/exec.ts';
import { FakeForwarding } from '../../linux/fake/forwarding.ts';
import { endpoint, type FdbEntries, type FdbPorts, type ForwardingMethods, fdbDigest } from '../../rpc/contract.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import { Forwarding } from './forwarding.ts';

const FLOOD = ['00:00:00:00:00:00', '0.0.0.0'] as const;
const A = 'fa:16:3e:00:00:0a';
const B = 'fa:16:3e:00:00:0b';
const NET = 'net-1';

let exec: FakeExec;
let kernel: FakeForwarding;
let transport: FakeTransport;
let logged: { level: string; message: string }[];
let forwarding: Forwarding;
/** What the server answers of networks; null: it does not serve such questions. */
let truth: Record<string, FdbPorts> | null;
let applied: NetworkOperation[];
let questions: Record<string, string | null>[];

beforeEach(async () => {
  exec = new FakeExec();
  kernel = new FakeForwarding(exec, ['vxlan-1', 'vxlan-2']);
  transport = new FakeTransport();
  logged = [];
  truth = null;
  questions = [];
  applied = [];
  await transport.listen('neutrino-forwarding', 'server', [
    endpoint<ForwardingMethods>('1.0', {
      get_fdb_entries: async ({ networks }) => {
        questions.push(networks);
        if (truth === null) throw new Error('nobody here');
        const known = truth;
        const differ = Object.keys(networks).filter((id) => fdbDigest(known[id] ?? {}) !== networks[id]);
        return {
          fdb_entries: Object.fromEntries(differ.map((id) => [id, network(known[id] ?? {})])),
          same: Object.keys(networks).filter((id) => !differ.includes(id)),
        };
      },
    }),
  ]);
  forwarding = await started();
});
afterEach(() => forwarding.close());

async function started(answers = true): Promise<Forwarding> {
  const keep = (level: string) => (_: object, message: string) => void logged.push({ level, message });
  const logger: Logger = { debug() {}, info: keep('info'), warn: keep('warn'), error: keep('error') };
  const linux = { exec, apply: async (operations: readonly NetworkOperation[]) => void applied.push(...operations) };
  const parts = { host: 'host1', localIp: '192.0.2.1', answers, transport, linux, logger };
  const made = new Forwarding(parts);
  await made.start();
  return made;
}

const network = (ports: FdbPorts) => ({ segment_id: 1, network_type: 'vxlan', ports });
const entries = (ports: FdbPorts, id = NET): FdbEntries => ({ [id]: network(ports) });
async function say(method: string, fdb_entries: object, more: object = {}): Promise<void> {
  await transport.tell('q-agent-notifier-l2population-update', method, { fdb_entries, ...more });
  await forwarding.idle();
}
async function has(devices: Record<string, string> = { [NET]: 'vxlan-1' }): Promise<void> {
  forwarding.networks(new Map(Object.entries(devices)));
  await forwarding.idle();
}
const fdb = () =>
  kernel.fdb.map(({ device, mac, remote, learned }) => `${device} ${mac} ${remote}${learned ? ' learned' : ''}`).sort();
const neighbours = () => kernel.neighbours.map(({ ip, mac }) => `${ip} ${mac}`).sort();

describe('what a server tells', () => {
  it('is put into the devices of networks that this host has, and nowhere else', async () => {
    await has();
    await say('add_fdb_entries', {
      ...entries({ '192.0.2.9': [FLOOD] }, 'another-network'),
      ...entries({ '192.0.2.1': [FLOOD, [B, '10.0.0.2']], '192.0.2.2': [FLOOD, [A, '10.0.0.5']] }),
    });
    expect(fdb()).toEqual([`vxlan-1 ${FLOOD[0]} 192.0.2.2`, `vxlan-1 ${A} 192.0.2.2`]);
    expect(neighbours()).toEqual([`10.0.0.5 ${A}`]);
    expect(kernel.lines).toEqual([
      `fdb append ${FLOOD[0]} dev vxlan-1 dst 192.0.2.2`,
      `fdb replace ${A} dev vxlan-1 dst 192.0.2.2`,
      `neigh replace 10.0.0.5 lladdr ${A} dev vxlan-1 nud permanent`,
    ]);
  });

  it('twice changes nothing, and what another host alone is told is not ours', async () => {
    await has();
    const told = entries({ '192.0.2.2': [FLOOD, [A, '10.0.0.5']] });
    await say('add_fdb_entries', told, { host: 'host1' });
    kernel.lines.length = 0;
    await say('add_fdb_entries', told);
    await say('remove_fdb_entries', told, { host: 'host2' });
    expect(kernel.lines).toEqual([]);
  });

  it('moves a port, whichever of both words comes first', async () => {
    await has();
    const [old, next] = [entries({ '192.0.2.2': [[A, '10.0.0.5']] }), entries({ '192.0.2.3': [[A, '10.0.0.5']] })];
    await say('add_fdb_entries', old);
    await say('add_fdb_entries', next);
    await say('remove_fdb_entries', old);
    expect(fdb()).toEqual([`vxlan-1 ${A} 192.0.2.3`]);
    expect(neighbours()).toEqual([`10.0.0.5 ${A}`]);
    await say('remove_fdb_entries', next);
    await say('add_fdb_entries', old);
    expect(fdb()).toEqual([`vxlan-1 ${A} 192.0.2.2`]);
  });

  it('of a guest that came here takes away where it was', async () => {
    await has();
    await say('add_fdb_entries', entries({ '192.0.2.2': [FLOOD, [A, '10.0.0.5'], [A, '10.0.0.6']] }));
    await say('add_fdb_entries', entries({ '192.0.2.1': [FLOOD, [A, '10.0.0.5'], [B, '10.0.0.7']] }));
    expect(fdb()).toEqual([`vxlan-1 ${FLOOD[0]} 192.0.2.2`]);
    expect(neighbours()).toEqual([]);
  });

  it('changes the addresses of a port, and not its place', async () => {
    await has();
    await say('add_fdb_entries', entries({ '192.0.2.2': [[A, '10.0.0.5']] }));
    kernel.lines.length = 0;
    const changes = { [NET]: { '192.0.2.2': { before: [[A, '10.0.0.5']], after: [[A, '10.0.0.6']] } } };
    await say('update_fdb_entries', { chg_ip: changes });
    expect(kernel.lines).toEqual([
      `neigh replace 10.0.0.6 lladdr ${A} dev vxlan-1 nud permanent`,
      'neigh del 10.0.0.5 dev vxlan-1',
    ]);
  });

  it('of IPv6 is answered for the link-local address, too', async () => {
    await has();
    await say('add_fdb_entries', entries({ '192.0.2.2': [[A, '2001:DB8::5']] }));
    expect(neighbours()).toEqual([`2001:db8::5 ${A}`, `fe80::f816:3eff:fe00:a ${A}`]);
    // The device has IPv6 for it, and no address.
    expect(applied.map((each) => ('key' in each ? [each.key, each.value] : []))).toEqual([
      ['net/ipv6/conf/vxlan-1/addr_gen_mode', '1'],
      ['net/ipv6/conf/vxlan-1/accept_ra', '0'],
      ['net/ipv6/conf/vxlan-1/disable_ipv6', '0'],
    ]);
  });

  it('is nothing that could not be an entry', async () => {
    await has();
    await say('add_fdb_entries', {
      [NET]: {
        segment_id: 1,
        network_type: 'vxlan',
        ports: { 'x; reboot': [FLOOD], '192.0.2.2': [['m\nfdb', 'a'], 7] },
      },
    });
    await say('update_fdb_entries', { chg_ip: { [NET]: { '192.0.2.2': { after: [[A, '10.0.0.5 dev eth0']] } } } });
    expect(kernel.lines).toEqual([]);
  });

  it('without arp_responder is places only', async () => {
    await forwarding.close();
    forwarding = await started(false);
    await has();
    await say('add_fdb_entries', entries({ '192.0.2.2': [[A, '10.0.0.5']] }));
    expect(kernel.lines).toEqual([`fdb replace ${A} dev vxlan-1 dst 192.0.2.2`]);
    expect(exec.lines().filter((line) => line.includes('neigh'))).toEqual([]);
  });
});

describe('a server that can be asked', () => {
  it('is asked about a network that comes to this host', async () => {
    truth = { [NET]: { '192.0.2.2': [FLOOD, [A, '10.0.0.5']] } };
    await has();
    expect(fdb()).toEqual([`vxlan-1 ${FLOOD[0]} 192.0.2.2`, `vxlan-1 ${A} 192.0.2.2`]);
    kernel.lines.length = 0;
    forwarding.askAll();
    await forwarding.idle();
    expect(questions[1]).toEqual({ [NET]: fdbDigest(truth[NET]!) });
    expect(kernel.lines).toEqual([]);
  });

  it('has what it does not know taken away, and what the kernel learned left alone', async () => {
    truth = { [NET]: { '192.0.2.2': [FLOOD] } };
    kernel.fdb = [
      { device: 'vxlan-1', mac: A, remote: '192.0.2.7' },
      { device: 'vxlan-1', mac: B, remote: '192.0.2.7', learned: true },
      { device: 'vxlan-1', mac: FLOOD[0], remote: '192.0.2.7' },
      { device: 'vxlan-9', mac: A, remote: '192.0.2.7' },
    ];
    kernel.neighbours = [{ device: 'vxlan-1', ip: '10.0.0.7', mac: A }];
    await has();
    expect(fdb()).toEqual([
      `vxlan-1 ${FLOOD[0]} 192.0.2.2`,
      `vxlan-1 ${B} 192.0.2.7 learned`,
      `vxlan-9 ${A} 192.0.2.7`,
    ]);
    expect(neighbours()).toEqual([]);
  });

  it('finds a host as it should be after a restart of the agent, and nothing is written', async () => {
    truth = { [NET]: { '192.0.2.2': [FLOOD, [A, '10.0.0.5'], [A, '2001:db8::5']] } };
    await has();
    kernel.lines.length = 0;
    await forwarding.close();
    forwarding = await started();
    await has();
    expect(kernel.lines).toEqual([]);
  });

  it('does not undo what it told while it was being asked', async () => {
    truth = { [NET]: {} };
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const call = transport.call.bind(transport);
    transport.call = async (...args) => {
      const result = await call(...args);
      asked.resolve();
      await answer.promise;
      return result;
    };
    forwarding.networks(new Map([[NET, 'vxlan-1']]));
    await asked.promise;
    await transport.tell('q-agent-notifier-l2population-update', 'add_fdb_entries', {
      fdb_entries: entries({ '192.0.2.2': [[A, '10.0.0.5']] }),
    });
    answer.resolve();
    await forwarding.idle();
    expect(fdb()).toEqual([`vxlan-1 ${A} 192.0.2.2`]);
  });
});

describe('a server that does not answer', () => {
  it('leaves the host as it was, but for what is said to be gone', async () => {
    kernel.fdb = [
      { device: 'vxlan-1', mac: A, remote: '192.0.2.7' },
      { device: 'vxlan-1', mac: B, remote: '192.0.2.7' },
    ];
    kernel.neighbours = [
      { device: 'vxlan-1', ip: '10.0.0.7', mac: A },
      { device: 'vxlan-1', ip: '10.0.0.8', mac: B },
    ];
    await has();
    expect(kernel.lines).toEqual([]);
    await say('remove_fdb_entries', entries({ '192.0.2.7': [[A, '10.0.0.7']] }));
    expect(fdb()).toEqual([`vxlan-1 ${B} 192.0.2.7`]);
    expect(neighbours()).toEqual([`10.0.0.8 ${B}`]);
  });
});

describe('the host', () => {
  it('is mended when somebody changed it by hand, with a warning', async () => {
    truth = { [NET]: { '192.0.2.2': [FLOOD, [A, '10.0.0.5']] } };
    await has();
    logged.length = 0;
    kernel.fdb = [{ device: 'vxlan-1', mac: B, remote: '192.0.2.66' }];
    kernel.neighbours = [];
    forwarding.check();
    await forwarding.idle();
    expect(fdb()).toEqual([`vxlan-1 ${FLOOD[0]} 192.0.2.2`, `vxlan-1 ${A} 192.0.2.2`]);
    expect(neighbours()).toEqual([`10.0.0.5 ${A}`]);
    expect(logged).toEqual([{ level: 'warn', message: 'Forwarding of tunnels was not as it should be: mended' }]);
  });

  it('gets the entries of a device that comes later, or is made anew', async () => {
    truth = { [NET]: { '192.0.2.2': [FLOOD] } };
    kernel.devices.delete('vxlan-1');
    await has();
    expect(kernel.lines).toEqual([]);
    kernel.devices.add('vxlan-1');
    forwarding.check('vxlan-1');
    await forwarding.idle();
    expect(fdb()).toEqual([`vxlan-1 ${FLOOD[0]} 192.0.2.2`]);
  });

  it('that refuses one entry has the others, and the reason is told once', async () => {
    kernel.refuse = (line) => (line.includes(B) ? 'RTNETLINK answers: No buffer space available' : null);
    await has();
    await say('add_fdb_entries', entries({ '192.0.2.2': [[A, '10.0.0.5']], '192.0.2.3': [[B, '10.0.0.6']] }));
    expect(fdb()).toEqual([`vxlan-1 ${A} 192.0.2.2`]);
    forwarding.check();
    await forwarding.idle();
    expect(logged.filter(({ message }) => message === 'Entries of tunnels could not be made')).toHaveLength(1);
  });

  it('forgets networks that left', async () => {
    truth = { [NET]: { '192.0.2.2': [FLOOD] }, two: { '192.0.2.3': [FLOOD] } };
    await has({ [NET]: 'vxlan-1', two: 'vxlan-2' });
    await has({ two: 'vxlan-2' });
    kernel.lines.length = 0;
    await say('add_fdb_entries', entries({ '192.0.2.4': [FLOOD] }));
    expect(kernel.lines).toEqual([]);
    expect((await forwarding.explain(NET)).found).toBe('the network has no tunnel on this host yet');
    expect((await forwarding.explain('two')).state).toBe('ok');
  });
});

describe('a dry run', () => {
  it('says what would be done, and does nothing', async () => {
    truth = { [NET]: { '192.0.2.2': [FLOOD, [A, '10.0.0.5']] } };
    expect(await forwarding.dryRun(new Map([[NET, 'vxlan-1']]))).toEqual([
      `append_fdb device=vxlan-1 mac=${FLOOD[0]} remote=192.0.2.2`,
      `replace_fdb device=vxlan-1 mac=${A} remote=192.0.2.2`,
      `replace_neighbour device=vxlan-1 ip=10.0.0.5 mac=${A}`,
    ]);
    expect(kernel.lines).toEqual([]);
  });

  it('says nothing of a server that does not tell', async () => {
    expect(await forwarding.dryRun(new Map([[NET, 'vxlan-1']]))).toEqual([]);
  });
});

describe('explain', () => {
  const check = 'bridge fdb show dev vxlan-1; ip neigh show dev vxlan-1 nud permanent';

  it('says which hosts have ports of the network, and how to see it', async () => {
    truth = { [NET]: { '192.0.2.2': [FLOOD, [A, '10.0.0.5']], '192.0.2.3': [FLOOD, [B, '10.0.0.6']] } };
    await has();
    const expected = '2 other hosts (192.0.2.2, 192.0.2.3), 2 MACs there';
    expect(await forwarding.explain(NET)).toEqual({
      step: 'fdb',
      state: 'ok',
      expected,
      found: expected,
      check,
    });
  });

  it('names what is missing, and what is too much', async () => {
    truth = { [NET]: { '192.0.2.2': [FLOOD, [A, '10.0.0.5']] } };
    await has();
    kernel.fdb = [{ device: 'vxlan-1', mac: B, remote: '192.0.2.9' }];
    kernel.neighbours = [];
    expect(await forwarding.explain(NET)).toMatchObject({
      state: 'fault',
      found: `nothing is flooded to 192.0.2.2, ${A} is not known to be on 192.0.2.2, ${B} is sent to 192.0.2.9, and is not there, nobody answers for 10.0.0.5`,
      check,
      remedy: 'mended within 20 s; else see the log of the bridge agent on this host',
    });
  });

  it('does not say that all is well when no server answered', async () => {
    await has();
    await say('add_fdb_entries', entries({ '192.0.2.2': [FLOOD] }));
    expect(await forwarding.explain(NET)).toMatchObject({
      state: 'unknown',
      expected: expect.stringContaining('1 other'),
    });
  });

  it('knows that nobody else is there', async () => {
    truth = { [NET]: {} };
    await has();
    expect(await forwarding.explain(NET)).toMatchObject({
      state: 'ok',
      expected: 'no other host has ports of the network',
    });
  });
});
