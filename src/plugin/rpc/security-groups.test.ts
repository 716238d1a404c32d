import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Network, Port, SecurityGroup } from '../../resources/shapes.ts';
import type { Input } from '../contract.ts';
import { createFixture, type Fixture } from '../fixture.ts';

const RECORDED_PORT = '9fa93d8a-a972-4bd1-86c0-639bdbc2fae4';

/** Answers of the real server to `security_group_info_for_devices`, of a port with one group that grows rule by rule. */
// biome-ignore lint/suspicious/noExplicitAny: recorded JSON
function recorded(scenario: string): any {
  const file = new URL(`../../../test/data/rpc-captures/${scenario}.json`, import.meta.url);
  const { messages } = JSON.parse(readFileSync(file, 'utf8'));
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  const results = messages.map(({ oslo_message }: any) => oslo_message.result);
  // Other agents ask in between, about their own ports.
  return results.findLast((result: Input | null | undefined) =>
    Object.keys(result?.devices ?? {}).includes(RECORDED_PORT),
  );
}

let f: Fixture;
let network: Network;
let group: SecurityGroup;
let port: Port;
beforeEach(async () => {
  f = await createFixture({ securityGroup: { enable_security_group: true } });
  network = await f.network();
  const subnet = await f.subnet(network.id, { cidr: '10.30.0.0/24' });
  group = await f.plugin.collections.security_groups!.create!(f.context, { project_id: 'p1', name: 'rpc-sg' });
  port = await f.port(network.id, {
    fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.30.0.77' }],
    allowed_address_pairs: [{ ip_address: '10.30.0.200' }],
    security_groups: [group.id],
    device_owner: 'compute:nova',
  });
});
afterEach(() => f[Symbol.asyncDispose]());

const tap = (id: string) => `tap${id.slice(0, 11)}`;
const ask = (devices: string[] = [tap(port.id)]) =>
  f.ask('security_group_info_for_devices', { devices, call_version: '1.3' });
const rule = (input: Input) =>
  f.plugin.collections.security_group_rules!.create!(f.context, {
    project_id: 'p1',
    security_group_id: group.id,
    direction: 'ingress',
    ethertype: 'IPv4',
    ...input,
  });

/** The recorded answer with our ids, in no order. */
// biome-ignore lint/suspicious/noExplicitAny: recorded JSON
function ours(result: any, names: Record<string, string>): any {
  let text = JSON.stringify(result);
  for (const [theirs, own] of Object.entries(names)) text = text.replaceAll(theirs, own);
  return sorted(JSON.parse(text));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

describe('what bridge agents ask of groups', () => {
  it('is answered as the real server does, rule by rule', async () => {
    const first = recorded('16-secgroup-create-rules-assign');
    const [recordedGroup] = Object.keys(first.security_groups);
    const names = {
      [RECORDED_PORT]: port.id,
      [recordedGroup!]: group.id,
      'tap9fa93d8a-a9': tap(port.id),
      'fa:16:3e:7f:ef:e5': port.mac_address,
    };
    const keys = [
      'fixed_ips',
      'device',
      'security_groups',
      'security_group_rules',
      'security_group_source_groups',
      'security_group_remote_address_groups',
    ];
    const compare = async (scenario: string) => {
      const [answer, theirs] = [sorted(await ask()), ours(recorded(scenario), names)] as Record<string, unknown>[];
      expect(answer).toMatchObject({
        security_groups: theirs!.security_groups,
        sg_member_ips: theirs!.sg_member_ips,
      });
      const [device, other] = [answer!, theirs!].map(({ devices }) => (devices as Record<string, Input>)[port.id]!);
      for (const key of keys) expect(device![key], key).toEqual(other![key]);
      expect(Object.keys(other!).filter((key) => !Object.hasOwn(device!, key))).toEqual([]);
    };
    await compare('16-secgroup-create-rules-assign');
    await rule({ protocol: 'tcp', port_range_min: 80, port_range_max: 80 });
    await compare('17-secgroup-rule-create');
    await rule({ remote_group_id: group.id });
    await compare('18-secgroup-rule-remote-group');
    const addresses = await f.plugin.collections.address_groups!.create!(f.context, {
      project_id: 'p1',
      name: 'ag',
      addresses: ['192.0.2.0/24', '198.51.100.0/24'],
    });
    const [list] = Object.keys(recorded('19-address-group-rule').sg_member_ips).filter((id) => id !== recordedGroup);
    names[list!] = addresses.id;
    await rule({ remote_address_group_id: addresses.id });
    await compare('19-address-group-rule');
  });

  it('names prefixes as networks, by direction', async () => {
    await rule({ remote_ip_prefix: '192.0.2.7/24' });
    await rule({ direction: 'egress', ethertype: 'IPv6', protocol: '58', remote_ip_prefix: '2001:db8::1/32' });
    const { security_groups } = await ask();
    expect(security_groups[group.id]).toEqual(
      expect.arrayContaining([
        { direction: 'ingress', ethertype: 'IPv4', stateful: true, source_ip_prefix: '192.0.2.0/24' },
        { direction: 'egress', ethertype: 'IPv6', stateful: true, protocol: '58', dest_ip_prefix: '2001:db8::/32' },
      ]),
    );
  });

  it('says which groups keep no state, and that a port without groups has none', async () => {
    const stateless = await f.plugin.collections.security_groups!.create!(f.context, {
      project_id: 'p1',
      name: 'fast',
      stateful: false,
    });
    const [fast, bare] = [
      await f.port(network.id, { security_groups: [stateless.id] }),
      await f.port(network.id, { security_groups: [] }),
    ];
    const { devices, security_groups } = await ask([tap(fast.id), tap(bare.id)]);
    expect(security_groups).toEqual({
      [stateless.id]: [expect.objectContaining({ stateful: false }), expect.anything()],
    });
    expect(devices[bare.id].security_groups).toEqual([]);
    expect(devices[bare.id].security_group_rules.length).toBeGreaterThan(0);
  });

  it('leaves out what is trusted or not known', async () => {
    const trusted = await f.port(network.id, { device_owner: 'network:dhcp' });
    expect((await ask([tap(trusted.id), 'tapdoesnotexi'])).devices).toEqual({});
  });

  // An agent takes its rules away when it is told so, and keeps them when it is told nothing.
  it('says of a port without port security that it has none', async () => {
    const open = { security_groups: [], allowed_address_pairs: [], port_security_enabled: false };
    await f.plugin.collections.ports.update!(f.context, port.id, open);
    const { devices, security_groups } = await ask();
    expect(devices[port.id]).toMatchObject({ port_security_enabled: false, security_groups: [] });
    expect(security_groups).toEqual({});
  });

  it('fills in addresses for agents of old', async () => {
    const peer = await f.port(network.id, { security_groups: [group.id], fixed_ips: [{ ip_address: '10.30.0.78' }] });
    await rule({ remote_group_id: group.id, protocol: 'tcp' });
    const device = (await f.ask('security_group_rules_for_devices', { devices: [tap(port.id)] }))[port.id];
    const base = { security_group_id: group.id, direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp' };
    const expanded = ['10.30.0.200', peer.fixed_ips[0]!.ip_address].map((address) => ({
      ...base,
      remote_group_id: group.id,
      source_ip_prefix: `${address}/32`,
    }));
    expect(device.security_group_rules).toEqual(expect.arrayContaining(expanded));
    expect(
      device.security_group_rules.filter(({ protocol }: { protocol?: string }) => protocol === 'tcp'),
    ).toHaveLength(2);
    expect(device.security_group_source_groups).toEqual([group.id]);
  });

  it('lets router advertisements to ports with IPv6', async () => {
    const six = await f.subnet(network.id, { ip_version: 6, cidr: '2001:db8:5::/64' });
    const dual = await f.port(network.id, { fixed_ips: [{ subnet_id: six.id, ip_address: '2001:db8:5::9' }] });
    const rules = (await ask([tap(dual.id)])).devices[dual.id].security_group_rules;
    expect(rules).toEqual(
      expect.arrayContaining([
        { direction: 'ingress', ethertype: 'IPv6', protocol: 'ipv6-icmp', source_port_range_min: 134 },
        expect.objectContaining({ dest_ip_prefix: '2001:db8:5::9/128' }),
        expect.objectContaining({ dest_ip_prefix: 'fe80::/64' }),
      ]),
    );
  });
});
