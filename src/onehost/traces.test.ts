import { expect, it } from 'vitest';
import { FakeHost } from '../linux/fake/host.ts';
import { removeTraces } from './traces.ts';

const ours = '11111111-1111-4111-8111-111111111111';
const brq = 'brq11111111-11';
const none = { networkIds: [], routerIds: [] };

it('gives a card its address back though its network was deleted while no agent ran', async () => {
  const host = new FakeHost();
  host.root.give('brq22222222-22', { kind: 'bridge', addresses: ['192.168.56.11/24'] });
  host.addNic('eth1', { master: 'brq22222222-22' });
  host.root.give('brq33333333-33', { kind: 'bridge' }); // another instance's
  const problems: string[] = [];
  const removed = await removeTraces(host, none, new Set(['eth1']), (what) => problems.push(what));
  expect(removed).toEqual(['bridge brq22222222-22']);
  expect(host.print()).toBe('brq33333333-33 bridge up mtu 1500\neth1 up mtu 1500 192.168.56.11/24');
  expect(problems).toEqual([]);
});

it("leaves the operator's own bridge alone though our card is in it", async () => {
  const host = new FakeHost();
  host.root.give('br0', { kind: 'bridge' });
  host.addNic('eth1', { master: 'br0' });
  expect(await removeTraces(host, { ...none, networkIds: [ours] }, new Set(['eth1', 'gone']), () => {})).toEqual([]);
  expect(host.root.has('br0')).toBe(true);
});

it('removes the rest when one thing cannot be removed, and tells of it', async () => {
  const host = new FakeHost();
  const other = '44444444-4444-4444-8444-444444444444';
  for (const name of [brq, 'brq44444444-44']) host.root.give(name, { kind: 'bridge' });
  host.failOn((operation) => (operation.op === 'delete_link' && operation.name === brq ? 'busy' : null));
  const problems: string[] = [];
  const removed = await removeTraces(host, { ...none, networkIds: [ours, other] }, new Set(), (what, error) =>
    problems.push(`${what} ${error}`),
  );
  expect(removed).toEqual(['bridge brq44444444-44']);
  expect(problems).toEqual([expect.stringContaining(`bridge ${brq} ApplyFailed`)]);
});

it("takes namespaces of our own networks and routers away, and no other's", async () => {
  const host = new FakeHost();
  for (const name of [`qdhcp-${ours}`, `qrouter-${ours}`, 'qrouter-55555555-5555-4555-8555-555555555555'])
    await host.ensureNetns(name);
  const removed = await removeTraces(host, { networkIds: [ours], routerIds: [ours] }, new Set(), () => {});
  expect(removed).toEqual([`namespace qdhcp-${ours}`, `namespace qrouter-${ours}`]);
  expect(await host.listNetns()).toEqual(['qrouter-55555555-5555-4555-8555-555555555555']);
});
