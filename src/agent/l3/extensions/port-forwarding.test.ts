import { describe, expect, it } from 'vitest';
import { portForwardingObject, type WireRouter } from '../../../rpc/contract.ts';
import { RemoteError } from '../../../rpc/transport.ts';
import { parseForwarded, strayFlows } from './forwarding-flows.ts';
import { forwardingChain, forwardingOf, forwardingRule } from './forwarding-rules.ts';
import { PortForwardingPart } from './port-forwarding.ts';
import { partBench, routerId, routerWith, versioned } from './testing.ts';

const ssh = {
  ...{ id: 'b0717e59-8035-4e3e-9281-6fb05bb2a11f', floatingip_id: 'f1', router_id: routerId },
  ...{ floating_ip_address: '203.0.113.7', internal_ip_address: '10.0.0.5', internal_port_id: 'p1' },
  ...{ protocol: 'tcp', external_port: 2222, external_port_range: '2222:2222' },
  ...{ internal_port: 22, internal_port_range: '22:22' },
};
const fip = { id: 'f1', floating_ip_address: '203.0.113.7', port_id: null, fixed_ip_address: null, status: 'DOWN' };
const withFip = () => routerWith({ _floatingips: [fip] as unknown as WireRouter['_floatingips'] });
const bulk = (...objects: object[]) => ({
  bulk_pull: objects.map((object) => versioned(portForwardingObject, object as Record<string, unknown>)),
});

describe('the rule of a forwarding', () => {
  it.each([
    ['one port', {}, '--dport 2222 -j DNAT --to-destination 10.0.0.5:22'],
    [
      'a range, port by port',
      { external_port_range: '8000:8010', internal_port_range: '9000:9010' },
      '--dport 8000:8010 -j DNAT --to-destination 10.0.0.5:9000-9010/8000',
    ],
    [
      'many to one',
      { external_port_range: '8000:8010', internal_port_range: '80:80' },
      '--dport 8000:8010 -j DNAT --to-destination 10.0.0.5:80',
    ],
    [
      'what an older server tells',
      { external_port_range: undefined, internal_port_range: undefined },
      '--dport 2222 -j DNAT --to-destination 10.0.0.5:22',
    ],
  ])('%s', (_, changes, rule) => {
    const forwarding = forwardingOf({ ...ssh, ...changes } as typeof ssh)!;
    expect(forwardingRule(forwarding)).toBe(`-d 203.0.113.7/32 -p tcp -m tcp ${rule}`);
  });

  it.each([
    ['another protocol', { protocol: 'tcp -j ACCEPT' }],
    ['no address', { internal_ip_address: '10.0.0.5 -j ACCEPT' }],
    ['IPv6', { internal_ip_address: 'fd00::1' }],
    ['no port', { external_port_range: '22 -j ACCEPT' }],
    ['a port that is none', { external_port_range: '0:70000' }],
    ['an id that is no part of a name', { id: 'a\n-F\n' }],
    ['a range backwards', { external_port_range: '90:80' }],
  ])('there is none for %s', (_, changes) => {
    expect(forwardingOf({ ...ssh, ...changes })).toBeNull();
  });

  it('stands in a chain that Neutron would look for', () => {
    expect(forwardingChain(ssh.id)).toBe('pf-b0717e59');
  });
});

describe('port forwardings of a router', () => {
  it('are asked for by floating address, and get chains and their address', async () => {
    const bench = await partBench(new PortForwardingPart(), { router: withFip(), answers: bulk(ssh) });
    await bench.prepare();
    expect(bench.transport.argsOf('bulk_pull')).toEqual([
      { resource_type: 'PortForwarding', version: '1.3', filter_kwargs: { floatingip_id: ['f1'] } },
    ]);
    expect(bench.rules()).toEqual([
      'nat PREROUTING -j fip-pf',
      'nat fip-pf -j pf-b0717e59',
      'nat pf-b0717e59 -d 203.0.113.7/32 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 10.0.0.5:22',
    ]);
    const draft = bench.derive();
    expect([...draft.floatingIps.values()]).toEqual([
      { id: 'f1', address: '203.0.113.7', fixedAddress: null, status: 'DOWN' },
    ]);
    expect(draft.gateway!.addresses).toEqual(['203.0.113.7/32']);
  });

  it('of a router without any cost no question and no chain', async () => {
    const bench = await partBench(new PortForwardingPart());
    await bench.prepare();
    expect(bench.transport.argsOf('bulk_pull')).toEqual([]);
    expect(bench.rules()).toEqual([]);
  });

  it('come and go as they are pushed', async () => {
    const bench = await partBench(new PortForwardingPart(), { router: withFip(), answers: bulk() });
    await bench.prepare();
    await bench.push(portForwardingObject, ssh, 'created');
    expect(bench.rules()).toHaveLength(3);
    await bench.push(portForwardingObject, { ...ssh, external_port_range: '2200:2200' }, 'updated');
    expect(bench.rules()[2]).toContain('--dport 2200 ');
    await bench.push(portForwardingObject, ssh, 'deleted');
    expect(bench.rules()).toEqual([]);
    expect(bench.refreshed).toEqual([[routerId], [routerId], [routerId]]);
  });

  it('are known while their router is made anew, and asked for when it comes again', async () => {
    const part = new PortForwardingPart();
    const bench = await partBench(part, { router: withFip(), answers: bulk(ssh) });
    await bench.prepare();
    part.removed(routerId);
    expect(bench.rules()).toHaveLength(3);
    part.forget(routerId);
    expect(() => bench.rules()).toThrow('the server has not said yet');
  });

  it('of routers elsewhere are not kept', async () => {
    const bench = await partBench(new PortForwardingPart(), { router: withFip() });
    await bench.push(portForwardingObject, { ...ssh, router_id: 'elsewhere' }, 'created');
    expect(bench.refreshed).toEqual([]);
  });

  it('are asked for again when one was pushed while the answer was on its way', async () => {
    const bench = await partBench(new PortForwardingPart(), { router: withFip() });
    let asked = 0;
    bench.transport.answer({
      bulk_pull: async () => {
        asked += 1;
        if (asked > 1) return bulk(ssh).bulk_pull;
        await bench.push(portForwardingObject, ssh, 'created');
        return [];
      },
    });
    await bench.prepare();
    expect(asked).toBe(2);
    expect(bench.rules()).toHaveLength(3);
  });

  it('that nobody told of yet keep the router as it is', async () => {
    const bench = await partBench(new PortForwardingPart(), { router: withFip() });
    await expect(bench.prepare()).rejects.toThrow();
    expect(() => bench.derive()).toThrow(/the server has not said yet/);
  });

  it('are none where a server knows no such objects', async () => {
    const bulk_pull = () => {
      throw new RemoteError('InvalidResourceTypeClass', 'neutron', 'Invalid resource type PortForwarding');
    };
    const bench = await partBench(new PortForwardingPart(), { router: withFip(), answers: { bulk_pull } });
    await bench.prepare();
    expect(bench.rules()).toEqual([]);
  });

  it('whose first digits are the same share a chain', async () => {
    const other = { ...ssh, id: `${ssh.id.slice(0, 8)}-0000-4000-8000-000000000000`, external_port_range: '80:80' };
    const bench = await partBench(new PortForwardingPart(), { router: withFip(), answers: bulk(ssh, other) });
    await bench.prepare();
    expect(bench.rules().filter((rule) => rule.includes('fip-pf -j'))).toHaveLength(1);
    expect(bench.rules().filter((rule) => rule.startsWith('nat pf-'))).toHaveLength(2);
  });

  it('of a protocol without ports are a problem of the router, and no rule', async () => {
    const bench = await partBench(new PortForwardingPart(), {
      router: withFip(),
      answers: bulk({ ...ssh, protocol: 'icmp' }),
    });
    await bench.prepare();
    expect(bench.rules()).toEqual([]);
    expect(bench.derive().problems).toMatchObject([{ resource: 'port_forwarding', id: ssh.id }]);
  });

  it('need a gateway', async () => {
    const router = { ...withFip(), gw_port: undefined } as WireRouter;
    const bench = await partBench(new PortForwardingPart(), { router, answers: bulk(ssh) });
    await bench.prepare();
    expect(bench.rules()).toEqual([]);
  });
});

const flows = `tcp      6 431999 ESTABLISHED src=203.0.113.9 dst=203.0.113.7 sport=40000 dport=2222 src=10.0.0.5 dst=203.0.113.9 sport=22 dport=40000 [ASSURED] mark=0 use=1
udp      17 29 src=203.0.113.9 dst=203.0.113.7 sport=40000 dport=2222 [UNREPLIED] src=10.0.0.5 dst=203.0.113.9 sport=22 dport=40000 mark=0 use=1
`;

describe('connections', () => {
  const forwarding = forwardingOf(ssh)!;

  it.each([
    ['all of them where nothing leads', [], 2],
    ['those of another protocol', [forwarding], 1],
    ['those to another port of the guest', [{ ...forwarding, internal: { first: 23, last: 23 } }], 2],
    ['those to another guest', [{ ...forwarding, to: '10.0.0.6' }], 2],
  ])('are ended: %s', (_, forwardings, count) => {
    expect(strayFlows(parseForwarded(flows), forwardings)).toHaveLength(count);
  });

  it('of ranges are judged port by port', () => {
    const range = { ...forwarding, external: { first: 2220, last: 2230 }, internal: { first: 20, last: 30 } };
    expect(strayFlows(parseForwarded(flows), [range]).map(({ protocol }) => protocol)).toEqual([17]);
  });

  it('of a forwarding that went are ended, once', async () => {
    const bench = await partBench(new PortForwardingPart(), { router: withFip(), answers: bulk(ssh) });
    await bench.prepare();
    expect(await bench.plan({ fresh: true })).toEqual([]);
    await bench.push(portForwardingObject, ssh, 'deleted');
    bench.host.exec.answer((argv) => (argv.includes('-L') ? { stdout: flows } : undefined));
    const steps = await bench.plan();
    expect(steps.map(({ text }) => text)).toEqual(['end connections=2 to=203.0.113.7: no forwarding leads there']);
    await steps[0]!.run();
    expect(bench.host.exec.ran.at(-1)).toMatchObject({
      ...{ argv: ['conntrack', '--load-file', '-'], netns: `qrouter-${routerId}` },
      stdin: expect.stringContaining('-p 6 -s 203.0.113.9 -d 203.0.113.7'),
    });
    expect(await bench.plan()).toEqual([]);
  });
});
