import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DelegatedSubnet } from '../support/delegated-subnet.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import { longTimes, PrefixProvider, pools, shortTimes } from '../support/prefix-provider.ts';
import { type Program, project } from '../support/programs.ts';
import { openRoutedLab, type RoutedLab } from '../support/routed-lab.ts';
import { until } from '../support/wait.ts';

/** A provider's server (kea) on the external network gives subnets of the router their prefixes, and takes them back. */
const LIMIT = { timeoutMs: 120_000 };

let stand: RoutedLab;
let host: EmulatedHost;
let agent: Program;
let delegated: DelegatedSubnet;
let netns: string;
let provider: PrefixProvider;

beforeAll(async () => {
  stand = await openRoutedLab({ routing: ['net1'] });
  provider = new PrefixProvider(stand.outside);
  host = stand.host('net1');
  agent = stand.routing.get('net1')!;
  delegated = await DelegatedSubnet.make(stand, host);
  netns = `qrouter-${delegated.router.id}`;
}, 180_000);
afterAll(async () => {
  await provider?.kill();
  await stand?.close();
}, 60_000);

const inRouter = () => host.read(['ip', '-n', netns, '-6', 'addr', 'show', 'scope', 'global']);
const advertised = async () => {
  const file = join(stand.deployment.folder, 'net1', 'ra', `${delegated.router.id}.radvd.conf`);
  return await readFile(file, 'utf8').catch(() => '');
};

/** The subnet, the router, what it advertises, the guest's port and the guest itself agree; and it is the way to the world. */
async function works(pool: string): Promise<string> {
  const { cidr, gateway } = await delegated.given(pool);
  await until('the router’s address', async () => (await inRouter()).includes(`${gateway}/64`), LIMIT);
  await until('advertisements', async () => (await advertised()).includes(`prefix ${cidr}`), LIMIT);
  await delegated.isWayOut(pool);
  return cidr;
}

async function restart(): Promise<void> {
  await agent.stop();
  agent.start();
  await agent.ready('its first sync', () => /synchronized with the server/.test(agent.recentOutput), 60_000);
}

async function dryRun(): Promise<string> {
  const config = join(stand.deployment.folder, 'net1', 'neutron-l3-agent.conf');
  return host.read([join(project, 'bin', 'neutron-l3-agent'), '--config-file', config, '--dry-run']);
}

const leases = () => readdir(join(stand.deployment.folder, 'net1', 'pd'), { recursive: true }).catch(() => []);

describe('a subnet of prefix delegation', () => {
  it('waits while nobody delegates one: no address, no advertisement', async () => {
    expect(delegated.subnet.cidr).toBe('::/64');
    await stand.attach(delegated.router, delegated.subnet);
    await until('a question', () => /nobody delegates a prefix/.test(agent.output), LIMIT);
    expect(await delegated.prefix()).toBe('::/64');
    expect(await advertised()).toBe('');
  }, 240_000);

  it('gets one, and with it the router its address and guests theirs', async () => {
    await provider.serve(pools.first, longTimes);
    await works(pools.first);
  }, 240_000);

  it('keeps it when the agent is restarted, without a question, and asks for more time when it is due', async () => {
    const cidr = await delegated.prefix();
    const asked = () => provider.output.match(/DHCP6_PD_LEASE_ADVERT|PD_LEASE_ADVERT\b/g)?.length ?? 0;
    const before = asked();
    await restart();
    expect(await dryRun()).toMatch(/^nothing to change/);
    const { length } = provider.output;
    await until('a renewal', () => /RENEW/.test(provider.output.slice(length)), LIMIT);
    expect([await delegated.prefix(), asked()]).toEqual([cidr, before]);
    await works(pools.first);
  }, 240_000);

  it('goes over to another when the provider has forgotten it', async () => {
    await provider.serve(pools.second, shortTimes);
    await works(pools.second);
    expect(await inRouter()).not.toContain('2001:db8:1');
  }, 240_000);

  it('is without one again when the provider falls silent, as soon as its time is over; and gets one when it is back', async () => {
    await provider.kill();
    await until('no prefix', async () => (await delegated.prefix()) === '::/64', LIMIT);
    await until('no address', async () => !(await inRouter()).includes('2001:db8:2'), LIMIT);
    await until('no advertisement', async () => (await advertised()) === '', LIMIT);
    await until('no lease', async () => (await leases()).length === 0, LIMIT);
    await provider.serve(pools.second, longTimes);
    await works(pools.second);
  }, 400_000);

  it.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    [
      'the interface goes',
      () => stand.detach(delegated.router, delegated.subnet),
      () => stand.attach(delegated.router, delegated.subnet),
    ],
    [
      'the gateway goes',
      () => stand.api.update('router', delegated.router.id, { external_gateway_info: null }),
      () =>
        stand.api.update('router', delegated.router.id, {
          external_gateway_info: {
            network_id: stand.external.id,
            external_fixed_ips: [{ ip_address: '203.0.113.77' }],
          },
        }),
    ],
  ])(
    'gives it back when %s',
    async (_, goes, comes) => {
      await delegated.given(pools.second);
      await until('its lease', async () => (await leases()).length === 2, LIMIT);
      const { length } = provider.output;
      await goes();
      await until('a release', () => /RELEASE_PD/.test(provider.output.slice(length)), LIMIT);
      await until('no prefix', async () => (await delegated.prefix()) === '::/64', LIMIT);
      await until('no lease', async () => (await leases()).length === 0, LIMIT);
      await comes();
      await delegated.given(pools.second);
    },
    240_000,
  );
});
