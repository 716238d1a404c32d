import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import { silentLogger } from '../../../lib/log.ts';
import { FakeHost } from '../../../linux/fake/host.ts';
import type { WireRouter } from '../../../rpc/contract.ts';
import type { PartContext, RouterState } from '../contract.ts';
import { interfaces } from '../derive/interfaces.ts';
import { deriveRouter } from '../parts.ts';
import { factsOf, ids, portOf, routerOf, subnetOf } from '../testing.ts';
import { duidOf } from './client.ts';
import { PrefixDelegation } from './part.ts';
import { replyOf } from './testing.ts';

const subnetId = '5db57c0a-995f-443e-a92c-812e0034c708';
const clientId = duidOf({ enterprise: 8888, subnetId });
const gw_port = portOf(ids.gateway, ['203.0.113.5/24']);
const waiting = portOf(ids.internal, ['::1/64'], {
  admin_state_up: true,
  subnets: [subnetOf('::/64', { id: subnetId, subnetpool_id: 'prefix_delegation', ipv6_ra_mode: 'slaac' })],
});
const whole = routerOf({ gw_port, _interfaces: [waiting] });

let folder: string;
let host: FakeHost;
let part: PrefixDelegation;
let router: WireRouter;
/** Types of the messages that were sent; what the provider gives. */
let sent: number[];
let prefix: string;
let told: Record<string, string>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pd-'));
  host = new FakeHost();
  [sent, told, prefix, router] = [[], [], '2001:db8:7::/56', whole];
  host.exec.answer(([program], { stdin }) => {
    if (program !== 'neutrino-dhcpv6') return undefined;
    const message = Buffer.from(JSON.parse(stdin!).message, 'hex');
    sent.push(message[0]!);
    const type = message[0] === 1 ? 2 : 7;
    return { stdout: `${replyOf(clientId, { type, prefix }).toString('hex')}\n` };
  });
  part = await started();
});
afterEach(async () => {
  await part.close();
  await rm(folder, { recursive: true });
});

const facts = () => factsOf({ pd_confs: join(folder, 'pd') }, folder);
const stateOf = (one: WireRouter): RouterState => deriveRouter(one, [interfaces], facts())!;
const put = (one: WireRouter): void => {
  router = one;
  part.after(router, stateOf(router));
};
const leases = () => readdir(join(folder, 'pd', ids.router)).catch(() => []);

async function started(): Promise<PrefixDelegation> {
  const made = new PrefixDelegation();
  const plugin = { prefixUpdate: async (prefixes: Record<string, string>) => void told.push(prefixes) };
  const context = { linux: host, logger: silentLogger, facts: facts(), plugin, router: () => router };
  await made.start(context as unknown as PartContext);
  return made;
}

it('asks for a prefix on the gateway, and tells the server of the first network in it', async () => {
  put(whole);
  await eventually(() => expect(told).toEqual([{ [subnetId]: '2001:db8:7::/64' }]));
  expect(sent).toEqual([1, 3]);
  expect(host.exec.ran[0]).toMatchObject({ netns: `qrouter-${ids.router}` });
  expect(await leases()).toEqual([`${subnetId}.json`]);
});

it('asks nobody without a gateway, for other subnets, or while another host speaks for the router', async () => {
  put(routerOf({ _interfaces: [waiting] }));
  put(routerOf({ gw_port, _interfaces: [portOf(ids.internal, ['fd00::1/64'], { admin_state_up: true })] }));
  part.after(whole, { ...stateOf(whole), isActive: false });
  await part.close();
  expect(sent).toEqual([]);
});

it.each(['fd00::/64', 'fe80::/64', '::/64', 'ff00::/64', 'fd00::/48'])(
  'does not take %s, which the router has or nobody can have',
  async (given) => {
    prefix = given;
    const other = portOf('bbbbbbbb-0000-4000-8000-000000000002', ['fd00::1/64'], { admin_state_up: true });
    put(routerOf({ gw_port, _interfaces: [waiting, other] }));
    await eventually(() => expect(sent).toEqual([1]));
    await part.close();
    expect([told, await leases()]).toEqual([[], []]);
  },
);

it.each(['this agent', 'the next one'])('%s gives it back before the interface goes', async (who) => {
  put(whole);
  await eventually(() => expect(told).toHaveLength(1));
  if (who === 'the next one') {
    await part.close();
    part = await started();
  }
  const without = routerOf({ gw_port, _interfaces: [] });
  await part.before(without, stateOf(without));
  expect(sent.at(-1)).toBe(8);
  expect(await leases()).toEqual([]);
  await eventually(() => expect(told.at(-1)).toEqual({ [subnetId]: '::/64' }));
});

it('forgets one whose gateway went while no agent ran: it runs out', async () => {
  put(whole);
  await eventually(() => expect(told).toHaveLength(1));
  await part.close();
  part = await started();
  const without = routerOf({ _interfaces: [waiting] });
  await part.before(without, stateOf(without));
  expect([sent, await leases()]).toEqual([[1, 3], []]);
});

it('tells the server again that has another prefix than the lease', async () => {
  put(whole);
  await eventually(() => expect(told).toHaveLength(1));
  put(whole);
  await eventually(() => expect(told).toHaveLength(2));
  expect(sent).toEqual([1, 3]);
});

it('a router that leaves this host takes the lease along: the next host asks as the same client', async () => {
  put(whole);
  await eventually(() => expect(told).toHaveLength(1));
  part.removed(ids.router);
  await eventually(async () => expect(await leases()).toEqual([]));
  expect(sent).toEqual([1, 3]);
});

it('of an HA router that stood by here for a while an old lease counts for nothing: another host had the last word', async () => {
  put(whole);
  await eventually(() => expect(told).toHaveLength(1));
  part.after(whole, { ...stateOf(whole), isActive: false });
  await eventually(async () => expect(await leases()).toEqual([]));
  // The host that was active meanwhile was given another one.
  prefix = '2001:db8:9::/56';
  const subnets = [{ ...waiting.subnets[0]!, cidr: '2001:db8:9::/64' }];
  put(routerOf({ gw_port, _interfaces: [{ ...waiting, subnets }] }));
  await eventually(async () => expect(await leases()).toEqual([`${subnetId}.json`]));
  expect(sent).toEqual([1, 3, 1, 3]);
  expect(told).toEqual([{ [subnetId]: '2001:db8:7::/64' }]);
});

it('a subnet whose id is no id is not served: it would be the name of a file', async () => {
  const subnets = [{ ...waiting.subnets[0]!, id: '../../owned' }, waiting.subnets[0]!];
  put(routerOf({ gw_port, _interfaces: [{ ...waiting, subnets }] }));
  await eventually(() => expect(told).toHaveLength(1));
  expect(sent).toEqual([1, 3]);
});
