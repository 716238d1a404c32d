import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/lib/ip/address.ts';
import { cidrHas, parseCidr } from '../../src/lib/ip/cidr.ts';
import type { Port, Router, Subnet } from '../../src/resources/shapes.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
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
let router: Router;
let netns: string;
let subnet: Subnet;
let port: Port;
let guest: Guest;
let provider: PrefixProvider;

beforeAll(async () => {
  stand = await openRoutedLab({ routing: ['net1'] });
  provider = new PrefixProvider(stand.outside);
  host = stand.host('net1');
  agent = stand.routing.get('net1')!;
  await stand.api.create('subnet', {
    ...{ network_id: stand.external.id, ip_version: 6, cidr: '2001:db8:e::/64', gateway_ip: '2001:db8:e::1' },
    enable_dhcp: false,
  });
  router = await stand.api.create('router', { external_gateway_info: { network_id: stand.external.id } });
  netns = `qrouter-${router.id}`;
  const { network, subnet: v4 } = await stand.network('10.10.0.0/24');
  await stand.attach(router, v4);
  subnet = await stand.api.create('subnet', {
    ...{ network_id: network.id, ip_version: 6, subnetpool_id: 'prefix_delegation' },
    ...{ ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' },
  });
  port = await stand.api.create('port', {
    ...{ network_id: network.id, device_owner: 'compute:nova', 'binding:host_id': 'net1' },
  });
  guest = await plugGuest(host, port, 'guest');
  const { external_fixed_ips } = (await stand.api.show('router', router.id)).external_gateway_info!;
  const outer = external_fixed_ips!.find(({ ip_address }) => ip_address!.includes(':'))!.ip_address;
  // What a provider's router does with what its server hands out.
  await stand.outside.ipBatch(Object.values(pools).map((pool) => `route add ${pool} via ${outer} dev eth1`));
}, 180_000);
afterAll(async () => {
  await provider?.kill();
  await stand?.close();
}, 60_000);

const prefix = async () => (await stand.api.show('subnet', subnet.id)).cidr;
const isOf = (pool: string, address: string) => cidrHas(parseCidr(pool)!, parseAddress(address.split('/')[0]!)!);
const hasOne = (pool: string) =>
  until(
    `a prefix of ${pool}`,
    async () => {
      const cidr = await prefix();
      return isOf(pool, cidr) && cidr;
    },
    LIMIT,
  );
const inRouter = () => host.read(['ip', '-n', netns, '-6', 'addr', 'show', 'scope', 'global']);
const advertised = async () => {
  const file = join(stand.deployment.folder, 'net1', 'ra', `${router.id}.radvd.conf`);
  return await readFile(file, 'utf8').catch(() => '');
};

/** The subnet, the router, what it advertises, the guest's port and the guest itself agree; and it is the way to the world. */
async function works(pool: string): Promise<string> {
  const cidr = await hasOne(pool);
  const { gateway_ip } = await stand.api.show('subnet', subnet.id);
  await until('the router’s address', async () => (await inRouter()).includes(`${gateway_ip}/64`), LIMIT);
  await until('advertisements', async () => (await advertised()).includes(`prefix ${cidr}`), LIMIT);
  const mine = await until(
    'the port’s address',
    async () => {
      const { fixed_ips } = await stand.api.show('port', port.id);
      return fixed_ips.find(({ ip_address }) => isOf(pool, ip_address))?.ip_address;
    },
    LIMIT,
  );
  await until('the guest’s address', async () => (await guest.addresses()).includes(mine), LIMIT);
  const ping = ['ping', '-6', '-n', '-c', '1', '-W', '1', '-I', mine, '2001:db8:e::1'];
  await until('an answer from outside', async () => (await guest.run(ping, { okCodes: [0, 1, 2] })).code === 0, LIMIT);
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
    expect(subnet.cidr).toBe('::/64');
    await stand.attach(router, subnet);
    await until('a question', () => /nobody delegates a prefix/.test(agent.output), LIMIT);
    expect(await prefix()).toBe('::/64');
    expect(await advertised()).toBe('');
  }, 240_000);

  it('gets one, and with it the router its address and guests theirs', async () => {
    await provider.serve(pools.first, longTimes);
    await works(pools.first);
  }, 240_000);

  it('keeps it when the agent is restarted, without a question, and asks for more time when it is due', async () => {
    const cidr = await prefix();
    const asked = () => provider.output.match(/DHCP6_PD_LEASE_ADVERT|PD_LEASE_ADVERT\b/g)?.length ?? 0;
    const before = asked();
    await restart();
    expect(await dryRun()).toMatch(/^nothing to change/);
    const { length } = provider.output;
    await until('a renewal', () => /RENEW/.test(provider.output.slice(length)), LIMIT);
    expect([await prefix(), asked()]).toEqual([cidr, before]);
    await works(pools.first);
  }, 240_000);

  it('goes over to another when the provider has forgotten it', async () => {
    await provider.serve(pools.second, shortTimes);
    await works(pools.second);
    expect(await inRouter()).not.toContain('2001:db8:1');
  }, 240_000);

  it('is without one again when the provider falls silent, as soon as its time is over; and gets one when it is back', async () => {
    await provider.kill();
    await until('no prefix', async () => (await prefix()) === '::/64', LIMIT);
    await until('no address', async () => !(await inRouter()).includes('2001:db8:2'), LIMIT);
    await until('no advertisement', async () => (await advertised()) === '', LIMIT);
    await until('no lease', async () => (await leases()).length === 0, LIMIT);
    await provider.serve(pools.second, longTimes);
    await works(pools.second);
  }, 400_000);

  it.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    [
      'the interface goes',
      () => stand.api.expect('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, { subnet_id: subnet.id }),
      () => stand.attach(router, subnet),
    ],
    [
      'the gateway goes',
      () => stand.api.update('router', router.id, { external_gateway_info: null }),
      () =>
        stand.api.update('router', router.id, {
          external_gateway_info: {
            network_id: stand.external.id,
            external_fixed_ips: [{ ip_address: '203.0.113.77' }],
          },
        }),
    ],
  ])(
    'gives it back when %s',
    async (_, goes, comes) => {
      await hasOne(pools.second);
      await until('its lease', async () => (await leases()).length === 2, LIMIT);
      const { length } = provider.output;
      await goes();
      await until('a release', () => /RELEASE_PD/.test(provider.output.slice(length)), LIMIT);
      await until('no prefix', async () => (await prefix()) === '::/64', LIMIT);
      await until('no lease', async () => (await leases()).length === 0, LIMIT);
      await comes();
      await hasOne(pools.second);
    },
    240_000,
  );
});
