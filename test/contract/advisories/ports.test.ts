import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/lib/ip/cidr.ts';
import type { Tenants } from '../../support/tenants.ts';
import { attacker, isFiltered, makeCloud, manager, outcome, sharedNetwork, victim } from './cloud.ts';

/** Advisories of ports: who may go without filters, at which addresses, and how many of them. */
let t: Tenants;
let shared: { network: string; subnet: string };
let own: string;
beforeAll(async () => {
  t = await makeCloud();
  shared = await sharedNetwork(t);
  own = (await t.create(attacker, 'networks', {})).id;
  await t.create(attacker, 'subnets', { network_id: own, ip_version: 4, cidr: '10.1.0.0/24' });
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const post = (port: object, who = attacker) => t.ask(who, 'POST', 'ports', { port });
const put = (id: string, port: object, who = attacker) => t.ask(who, 'PUT', `ports/${id}`, { port });

/** What reads like an owner that is never filtered, and what is one. */
const owners = [
  'network:dhcp',
  'network:router_interface',
  'network:router_gateway',
  'network:distributed',
  'network:local_ip',
  'network:',
  'network:anything',
  'network:\n',
  ' network:dhcp',
  '\nnetwork:dhcp',
  'Network:dhcp',
  'NETWORK:DHCP',
  'network：dhcp',
  'n\u200betwork:dhcp',
  'compute:network:dhcp',
  'neutron:LOADBALANCER',
  'trunk:subport',
  'baremetal:none',
  '',
];

describe.each([
  ['CVE-2015-5240 (OSSA-2015-018), for members', attacker],
  ['CVE-2026-50266, for managers', manager],
])('%s: an owner that is not filtered, on a network of others', (_, who) => {
  it.each(owners)('%j is refused, or is filtered', async (device_owner) => {
    const refused = device_owner.startsWith('network:');
    const made = await post({ network_id: shared.network, device_owner }, who);
    expect(outcome(made)).toBe(refused ? '403 PolicyNotAuthorized' : '201');
    if (!refused) expect(await isFiltered(t, made.body.port.id)).toBe(true);
    // The race: right after the port was made, before an agent has asked for it.
    const { port } = (await post({ network_id: shared.network, device_owner: 'compute:nova' }, who)).body;
    const changed = await put(port.id, { device_owner }, who);
    expect(outcome(changed)).toBe(refused ? '403 PolicyNotAuthorized' : '200');
    expect(await isFiltered(t, port.id)).toBe(true);
  });

  it('is refused among others, and with it all', async () => {
    const before = (await t.ask(who, 'GET', 'ports?fields=id')).body.ports.length;
    const port = (device_owner: string) => ({ network_id: shared.network, device_owner });
    const ports = [port('compute:nova'), port('network:dhcp')];
    expect(outcome(await t.ask(who, 'POST', 'ports', { ports }))).toBe('403 PolicyNotAuthorized');
    expect((await t.ask(who, 'GET', 'ports?fields=id')).body.ports).toHaveLength(before);
  });

  it('stays the owner of the network’s to give', async () => {
    const made = await t.create(victim, 'ports', { network_id: shared.network, device_owner: 'network:dhcp' });
    expect(await isFiltered(t, made.id)).toBe(false);
  });
});

describe('CVE-2014-3555 (OSSA-2014-025): address pairs without end', () => {
  const pairs = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ip_address: `10.9.${i >> 8}.${i & 255}` }));

  it('end at max_allowed_address_pair, however they come', async () => {
    const full = await t.create(attacker, 'ports', { network_id: own, allowed_address_pairs: pairs(10) });
    expect(full.allowed_address_pairs).toHaveLength(10);
    const more = { allowed_address_pairs: pairs(11) };
    const refusals = [
      await post({ network_id: own, ...more }),
      await t.ask(attacker, 'POST', 'ports', { ports: [{ network_id: own }, { network_id: own, ...more }] }),
      await put(full.id, more),
      await put(full.id, { allowed_address_pairs: pairs(5_000) }),
    ];
    for (const refusal of refusals) expect(outcome(refusal)).toBe('400 AllowedAddressPairExhausted');
    const { allowed_address_pairs } = (await t.ask(attacker, 'GET', `ports/${full.id}`)).body.port;
    expect(allowed_address_pairs).toHaveLength(10);
  });
});

describe('CVE-2015-3221 (OSSA-2015-012): address pairs that ipset refuses', () => {
  it.each([
    '10.0.0.300',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.1 timeout 5',
    '10.0.0.1,10.0.0.2',
    '10.0.0.1-10.0.0.9',
    '-exist',
    '2001:db8::g',
    'fe80::1%eth0',
    '2001:db8::/129',
    '',
    null,
    7,
    ['10.0.0.1'],
  ])('%j is no address', async (ip_address) => {
    expect((await post({ network_id: own, allowed_address_pairs: [{ ip_address }] })).status).toBe(400);
  });

  it('reach agents as addresses and networks in canonical form, each once', async () => {
    const given = ['0.0.0.0/0', '10.7.0.0/16', '2001:DB8:0::1', '2001:db8:1::/64', '10.7.0.1'];
    const { id: group } = await t.create(attacker, 'security-groups', { name: 'pairs' });
    const refer = { security_group_id: group, direction: 'ingress', remote_group_id: group };
    await t.create(attacker, 'security-group-rules', refer);
    await t.create(attacker, 'security-group-rules', { ...refer, ethertype: 'IPv6' });
    const allowed_address_pairs = given.map((ip_address) => ({ ip_address }));
    const port = await t.create(attacker, 'ports', {
      network_id: own,
      security_groups: [group],
      allowed_address_pairs,
    });
    const info = await t.askAsAgent('security_group_info_for_devices', { devices: [`tap${port.id.slice(0, 11)}`] });
    const told = [...info.sg_member_ips[group].IPv4, ...info.sg_member_ips[group].IPv6].map(([address]) => address);
    expect(told.sort()).toEqual(
      ['0.0.0.0/0', '10.7.0.0/16', '10.7.0.1', '2001:db8:1::/64', '2001:db8::1', port.fixed_ips[0].ip_address].sort(),
    );
    for (const address of told.filter((one) => one.includes('/'))) expect(parseCidr(address)).not.toBeNull();
  });

  it('are not the same network in two spellings', async () => {
    const allowed_address_pairs = [{ ip_address: '2001:db8::/64' }, { ip_address: '2001:DB8:0::/64' }];
    expect((await post({ network_id: own, allowed_address_pairs })).status).toBe(400);
  });
});

describe('CVE-2018-14635: a port without an address, and then with one of its choice', () => {
  it.each([
    ['outside the pools', '10.0.0.1'],
    ['of another port', '10.0.0.2'],
    ['inside', '10.0.0.77'],
  ])('that is %s, is refused on a network of others', async (_, ip_address) => {
    const wanted = [{ ip_address }, { subnet_id: shared.subnet, ip_address }];
    for (const who of [attacker, manager]) {
      const made = await post({ network_id: shared.network, fixed_ips: [] }, who);
      expect(made.body.port.fixed_ips).toEqual([]);
      for (const address of wanted) {
        const changed = await put(made.body.port.id, { fixed_ips: [address] }, who);
        expect(outcome(changed)).toBe('403 PolicyNotAuthorized');
        expect(outcome(await post({ network_id: shared.network, fixed_ips: [address] }, who))).toBe(
          '403 PolicyNotAuthorized',
        );
      }
      expect((await t.ask(who, 'GET', `ports/${made.body.port.id}`)).body.port.fixed_ips).toEqual([]);
    }
  });
});
