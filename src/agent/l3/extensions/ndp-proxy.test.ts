import { describe, expect, it } from 'vitest';
import { ndpProxyObject, type WireRouterPort } from '../../../rpc/contract.ts';
import { NdpProxyPart } from './ndp-proxy.ts';
import { partBench, routerId, routerWith, versioned } from './testing.ts';

const proxy = { id: 'n1', router_id: routerId, port_id: 'p1', ip_address: 'fd01:0:0::5' };
const on = () => routerWith({ enable_ndp_proxy: true });
const bulk = { bulk_pull: [versioned(ndpProxyObject, proxy)] };
const qg = 'qg-aaaaaaaa-aa';

/** A kernel that answers for these addresses. */
async function benchWith(there: string[], router = on()) {
  const bench = await partBench(new NdpProxyPart(), { router, answers: bulk });
  bench.host.exec.answer((argv) =>
    argv.includes('neigh') && argv.includes('show')
      ? { stdout: JSON.stringify(there.map((dst) => ({ dst, proxy: null }))) }
      : undefined,
  );
  await bench.prepare();
  return bench;
}

describe('a router with NDP proxies', () => {
  it('lets in what is for their addresses and nothing else of these subnets', async () => {
    const bench = await benchWith([]);
    expect(bench.rules(6)).toEqual([
      `filter FORWARD -d fd01::/64 -i ${qg} -j NDP`,
      `filter NDP -d fd01::5/128 -i ${qg} -j ACCEPT`,
      `filter NDP -i ${qg} -j DROP`,
    ]);
    expect(bench.derive().gateway!.sysctls).toContainEqual(['ipv6', 'proxy_ndp', '1']);
  });

  it('leaves subnets of other address scopes alone', async () => {
    const router = on();
    const [port] = router._interfaces!;
    const other = { ...port, address_scopes: { '4': null, '6': 'scope' } } as WireRouterPort;
    const bench = await benchWith([], { ...router, _interfaces: [other] });
    expect(bench.rules(6).filter((rule) => rule.startsWith('filter FORWARD'))).toEqual([]);
  });

  it('answers for them, tells so, and for no others', async () => {
    const bench = await benchWith(['fd01::9']);
    const steps = await bench.plan();
    expect(steps.map(({ text }) => text)).toEqual([
      `add proxied neighbour fd01::5 device=${qg}`,
      `del proxied neighbour fd01::9 device=${qg}`,
    ]);
    for (const step of steps) await step.run();
    const ran = bench.host.exec.ran.filter(({ argv }) => !argv.includes('show'));
    expect(ran.map(({ argv, stdin }) => stdin?.trim() ?? argv.join(' '))).toEqual([
      `neigh add proxy fd01::5 dev ${qg}`,
      `ndsend fd01::5 ${qg}`,
      `neigh del proxy fd01::9 dev ${qg}`,
    ]);
  });

  it('does nothing where all is well', async () => {
    expect(await (await benchWith(['fd01::5'])).plan()).toEqual([]);
  });

  it('does not answer as a standby', async () => {
    const steps = await (await benchWith(['fd01::5'])).plan({ isActive: false });
    expect(steps.map(({ text }) => text)).toEqual([`del proxied neighbour fd01::5 device=${qg}`]);
  });
});

it('a router that never had them switched on costs no process when the agent starts', async () => {
  const bench = await benchWith([], routerWith({ enable_ndp_proxy: false }));
  expect(await bench.plan()).toEqual([]);
  expect(bench.host.exec.ran).toEqual([]);
});

it('a router that has just been made is not looked at in vain', async () => {
  const bench = await benchWith([], routerWith({ enable_ndp_proxy: false }));
  expect(await bench.plan({ fresh: true })).toEqual([]);
  expect(bench.host.exec.ran).toEqual([]);
});

it('a router that has them switched off answers for nobody, and asks nobody', async () => {
  const bench = await benchWith(['fd01::5'], routerWith({ enable_ndp_proxy: false }));
  expect(bench.transport.argsOf('bulk_pull')).toEqual([]);
  expect(bench.rules(6)).toEqual([]);
  const steps = await bench.plan({ isTrusted: true });
  expect(steps.map(({ text }) => text)).toEqual([`del proxied neighbour fd01::5 device=${qg}`]);
  expect(bench.derive().gateway!.sysctls).toContainEqual(['ipv6', 'proxy_ndp', '0']);
});
