import { afterEach, describe, expect, it } from 'vitest';
import type { Logger } from '../../lib/log.ts';
import { defaultValues } from '../../lib/options.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import type { QosPort } from './derive.ts';
import { qosOptions } from './options.ts';
import { Qos } from './qos.ts';

const tap = 'tapaaaaaaaa-aa';
const topic = 'neutron-vo-QosPolicy-1.10';

/** A policy as the server gives it, which limits what reaches the guest. */
function policyObject(kbps: number | null, revision = 1, id = 'p1') {
  const limit = {
    'versioned_object.name': 'QosBandwidthLimitRule',
    'versioned_object.namespace': 'versionedobjects',
    'versioned_object.version': '1.5',
    'versioned_object.data': { id: 'b01', direction: 'ingress', max_kbps: kbps, max_burst_kbps: 400 },
  };
  return {
    'versioned_object.name': 'QosPolicy',
    'versioned_object.namespace': 'versionedobjects',
    'versioned_object.version': '1.10',
    'versioned_object.data': { id, revision_number: revision, rules: kbps === null ? [] : [limit] },
  };
}

function portWith(policyId: string | null, changes: Partial<QosPort> = {}): QosPort {
  return {
    ...{ device: tap, port_id: 'aaaaaaaa-aa', device_owner: 'compute:nova', mtu: 1500 },
    ...{ qos_policy_id: policyId, qos_network_policy_id: null, ...changes },
  };
}

let running: Qos | null = null;
afterEach(() => running?.close());

/** The extension over a kernel that keeps how fast each tap's queue is. */
async function bench(policies: Record<string, unknown>) {
  const host = new FakeHost();
  const rates = new Map<string, number>();
  const done: string[] = [];
  const log: { level: string; message: string; fields: object }[] = [];
  const wanted = { refused: false, isServerAway: false };
  host.exec.answer((argv, { stdin = '' }) => {
    if (argv[0] !== 'tc') return undefined;
    if (argv.includes('show')) {
      const options = (rate: number) => ({ rate, burst: 50_000 });
      const all = [...rates].map(([dev, rate]) => ({ kind: 'tbf', dev, root: true, options: options(rate) }));
      return { stdout: JSON.stringify(all) };
    }
    if (wanted.refused) return { code: 1, stderr: 'Error: out of memory\nCommand failed -:1\n' };
    for (const line of stdin.trim().split('\n')) {
      done.push(line);
      const [, verb, , dev] = line.split(' ');
      if (verb === 'del') rates.delete(dev!);
      else rates.set(dev!, Number.parseInt(/rate (\d+)bit/.exec(line)![1]!, 10) / 8);
    }
    return {};
  });
  const keep = (level: string) => (fields: object, message: string) => void log.push({ level, message, fields });
  const logger: Logger = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
  const transport = new FakeTransport({
    pull: ({ resource_id }: { resource_id: string }) => {
      if (wanted.isServerAway) throw new Error('nobody answers');
      return policies[resource_id] ?? null;
    },
  });
  const qos = new Qos({
    ...{ host: 'host1', options: defaultValues(qosOptions), transport, linux: host, logger, lockPaths: [] },
    readSetting: async () => '1',
  });
  running = qos;
  await qos.start();
  const see = async (...ports: QosPort[]) => {
    qos.see({ ports, taps: new Map(ports.map(({ device }) => [device, 1])) });
    await settle();
  };
  const settle = async () => {
    await qos.idle();
    await qos.idle();
  };
  const push = async (object: unknown, event_type = 'updated') => {
    const args = { context: {}, resource_type: 'QosPolicy', resource_list: [object], event_type };
    await transport.tell(topic, 'push', args);
    await settle();
  };
  const take = () => done.splice(0);
  return { qos, host, rates, log, wanted, transport, policies, see, settle, push, take };
}

const limited = (kbps: number) => `qdisc replace dev ${tap} root tbf rate ${kbps}000bit burst 50000b`;

describe('the qos extension', () => {
  it('asks for the policy of a port, once, and limits it', async () => {
    const { see, take, transport, log, settle, qos } = await bench({ p1: policyObject(8000) });
    await see(portWith('p1'));
    expect(take()).toEqual([expect.stringContaining(limited(8000))]);
    await see(portWith('p1'), portWith('p1', { device: 'tapbbbbbbbb-bb' }));
    expect(take()).toEqual([expect.stringContaining('dev tapbbbbbbbb-bb')]);
    qos.check();
    await settle();
    expect(take()).toEqual([]);
    expect(transport.argsOf('pull')).toEqual([{ resource_type: 'QosPolicy', version: '1.10', resource_id: 'p1' }]);
    expect(log.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'Limits and marks of ports were changed'],
      ['info', 'Limits and marks of ports were changed'],
    ]);
  });

  it('follows what is pushed, but not what is older, nor policies of others', async () => {
    const { see, push, take } = await bench({ p1: policyObject(8000, 5) });
    await see(portWith('p1'));
    take();
    await push(policyObject(4000, 6));
    expect(take()).toEqual([expect.stringContaining(limited(4000))]);
    await push(policyObject(2000, 5));
    await push(policyObject(2000, 9, 'p2'));
    await push(policyObject(2000, 9), 'deleted');
    expect(take()).toEqual([]);
    await push(policyObject(null, 7));
    expect(take()).toEqual([`qdisc del dev ${tap} root`]);
  });

  it('what is pushed while the server is asked is not undone by its older answer', async () => {
    const { see, transport, rates, policies } = await bench({ p1: policyObject(8000) });
    transport.answer({
      pull: async ({ resource_id }: { resource_id: string }) => {
        const older = policies[resource_id];
        policies.p1 = policyObject(2000, 2);
        const resource_list = [policyObject(2000, 2)];
        const args = { context: {}, resource_type: 'QosPolicy', resource_list, event_type: 'updated' };
        await transport.tell(topic, 'push', args);
        return older;
      },
    });
    await see(portWith('p1'));
    expect(rates.get(tap)).toBe(250_000);
  });

  it('takes away the limit of a port that loses its policy, and of one whose policy is gone', async () => {
    const { see, take } = await bench({ p1: policyObject(8000) });
    await see(portWith('p1'));
    await see(portWith(null));
    expect(take().at(-1)).toBe(`qdisc del dev ${tap} root`);
    await see(portWith('p1'));
    await see(portWith('unknown'));
    expect(take().at(-1)).toBe(`qdisc del dev ${tap} root`);
  });

  it('asks for the others where the server cannot tell of one', async () => {
    const { see, transport, rates, policies, settle, qos } = await bench({ p2: policyObject(8000, 1, 'p2') });
    transport.answer({
      pull: ({ resource_id }: { resource_id: string }) => {
        if (resource_id === 'p1') throw new Error('a row that cannot be read');
        return policies[resource_id];
      },
    });
    await see(portWith('p1'), portWith('p2', { device: 'tapbbbbbbbb-bb' }));
    qos.askAll();
    await settle();
    expect(rates.get('tapbbbbbbbb-bb')).toBe(1_000_000);
  });

  it('leaves a port alone while the server does not say what its policy is', async () => {
    const { see, take, wanted, rates, log, settle, qos } = await bench({ p1: policyObject(8000) });
    wanted.isServerAway = true;
    rates.set(tap, 77);
    await see(portWith('p1'));
    expect(take()).toEqual([]);
    expect(log.at(-1)?.message).toBe('A QoS policy is not known yet: the server does not tell');
    wanted.isServerAway = false;
    qos.askAll();
    await settle();
    expect(take()).toEqual([expect.stringContaining(limited(8000))]);
  });

  it('hears what it missed when it asks again', async () => {
    const { qos, see, settle, take, policies } = await bench({ p1: policyObject(8000) });
    await see(portWith('p1'));
    take();
    policies.p1 = policyObject(4000, 2);
    qos.askAll();
    await settle();
    expect(take()).toEqual([expect.stringContaining(limited(4000))]);
  });

  it('mends what somebody changed, and says so', async () => {
    const { qos, see, settle, take, rates, log } = await bench({ p1: policyObject(8000) });
    await see(portWith('p1'));
    take();
    rates.delete(tap);
    qos.check();
    await settle();
    expect(take()).toEqual([expect.stringContaining(limited(8000))]);
    expect(log.at(-1)).toMatchObject({ level: 'warn', message: expect.stringContaining('mended') });
  });

  it('limits a tap that was made anew', async () => {
    const { qos, see, settle, take, rates } = await bench({ p1: policyObject(8000) });
    await see(portWith('p1'));
    take();
    rates.delete(tap);
    qos.see({ ports: [portWith('p1')], taps: new Map([[tap, 2]]) });
    await settle();
    expect(take()).toEqual([expect.stringContaining(limited(8000))]);
  });

  it('says once what the kernel refuses', async () => {
    const { qos, see, settle, log, wanted } = await bench({ p1: policyObject(8000) });
    wanted.refused = true;
    await see(portWith('p1'));
    qos.check();
    await settle();
    const complaints = log.filter(({ message }) => message === 'Limits and marks of ports are not in force');
    expect(complaints).toHaveLength(1);
    expect(complaints[0]?.fields).toMatchObject({ failed: [expect.stringContaining('Error: out of memory')] });
  });

  it('does without a tool for marks as long as none are wanted', async () => {
    const { host, see, log } = await bench({});
    host.exec.answer((argv) => (argv[0]?.includes('tables') ? { code: 127, stderr: 'not found' } : undefined));
    await see(portWith(null));
    expect(log).toEqual([]);
  });
});
