import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { silentLogger } from '../../lib/log.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import type { WireFloatingIp, WireRouter } from '../../rpc/contract.ts';
import { applyRouter } from './apply.ts';
import { RouterKeeper } from './keeper.ts';
import { asObserved, NamespaceFilters } from './kernel/observe.ts';
import { deriveRouter, makeParts } from './parts.ts';
import { planRouter } from './plan/plan.ts';
import { factsOf, ids, portOf, routerOf, subnetOf } from './testing.ts';

const netns = `qrouter-${ids.router}`;
const gw_port = portOf(ids.gateway, ['203.0.113.5/24'], { subnets: [subnetOf('203.0.113.0/24')] });
const _interfaces = [portOf(ids.internal, ['10.0.0.1/24'], { admin_state_up: true })];
const f1 = { id: 'f1', floating_ip_address: '203.0.113.7', fixed_ip_address: '10.0.0.9', status: 'ACTIVE' };
const _floatingips = [f1 as unknown as WireFloatingIp];
const derive = (more: Partial<WireRouter>) =>
  deriveRouter(routerOf({ gw_port, ...more }), makeParts([]), factsOf({ enable_metadata_proxy: false }))!;

let host: FakeHost;
beforeEach(async () => {
  host = new FakeHost();
  await host.ensureNetns(netns);
});

/** Brings a router from one form to another. @returns what was run, in its order */
async function change(from: Partial<WireRouter>, to: Partial<WireRouter>): Promise<string[]> {
  const plan = planRouter(derive(to), asObserved(derive(from)));
  await applyRouter(host, new NamespaceFilters(host.exec), plan, silentLogger).catch(() => {});
  return host.exec.ran.map(({ argv, stdin }) => `${argv[0]} ${stdin?.trim().split('\n').at(-1) ?? ''}`);
}

describe('a change of a router', () => {
  it('takes an interface away before the rules that keep other networks from it', async () => {
    const ran = await change({ _interfaces }, {});
    const device = ran.indexOf('ip link del dev qr-bbbbbbbb-00');
    expect(device).toBeGreaterThanOrEqual(0);
    expect(device).toBeLessThan(ran.indexOf('iptables-restore COMMIT'));
  });

  it('keeps the rules when an interface cannot be taken away', async () => {
    host.exec.answer((_, { stdin }) =>
      stdin?.startsWith('link del') ? { code: 1, stderr: 'RTNETLINK answers: Busy\nCommand failed -:1\n' } : undefined,
    );
    expect((await change({ _interfaces }, {})).some((line) => line.includes('restore'))).toBe(false);
  });

  it('ends connections by a floating IP that goes behind its rules and before its address', async () => {
    const ran = await change({ _floatingips }, {});
    const order = [
      'iptables-restore COMMIT',
      'conntrack -D -f ipv4 -q 203.0.113.7',
      'ip address del 203.0.113.7/32 dev qg-cccccccc-00',
    ].map((line) => ran.indexOf(line));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('leaves the address until connections by it are ended: the next try sees by it that they are not', async () => {
    host.exec.answer(([program]) => (program === 'conntrack' ? { code: 137 } : undefined));
    expect((await change({ _floatingips }, {})).filter((line) => line.includes('address del'))).toEqual([]);
  });
});

describe('connections by an address that leads elsewhere are ended in the end, though nothing but the failure tells of them', () => {
  it.each(['by the same agent', 'by the one that follows it'])('%s', async (who) => {
    const statePath = await mkdtemp(join(tmpdir(), 'keeper-'));
    onTestFinished(() => rm(statePath, { recursive: true }));
    const announcer = { add: () => {} };
    const agent = () =>
      new RouterKeeper({
        ...{ linux: host, facts: factsOf({}, statePath), parts: [], announcer, logger: silentLogger },
      });
    let fails = true;
    host.exec.answer(([program]) => (program === 'conntrack' && fails ? { code: 137 } : undefined));
    const keeper = agent();
    const other = { ...f1, fixed_ip_address: '10.0.0.10' } as unknown as WireFloatingIp;
    const [router, before, after] = [routerOf({}), derive({ _floatingips }), derive({ _floatingips: [other] })];
    await expect(keeper.ensure(router, after, before)).rejects.toThrow(/conntrack/);
    fails = false;
    const earlier = host.exec.ran.length;
    const next = who === 'by the same agent' ? keeper : agent();
    await next.ensure(router, after, after);
    await next.ensure(router, after, after);
    expect(host.exec.ran.slice(earlier).map(({ argv }) => argv[0])).toEqual(['conntrack']);
  });
});
