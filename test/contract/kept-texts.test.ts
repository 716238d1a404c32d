import fc from 'fast-check';
import { expect, it } from 'vitest';
import { all, createFixture, member } from '../../src/plugin/fixture.ts';
import { runs } from '../support/turns.ts';

/**
 * Long lists are made of texts kept from the list before, by revision. So whatever changes what a port or a network shows
 * must raise its revision: this does everything the plugin can do to them, and compares lists with what `get` says.
 */
it('whatever is done, lists show what there is', async () => {
  await using f = await createFixture({
    flat: { flat_networks: ['public'] },
    securityGroup: { enable_security_group: true },
  });
  await f.bridgeAgent();
  await f.dhcpAgent();
  const { networks, subnets, ports } = f.plugin.collections;
  // Lists of fifty and more are made this way.
  for (let i = 0; i < 60; i++) await f.network({ name: `n${i}` });
  const [first, second] = await all(networks);
  await f.subnet(first!.id, { cidr: '10.0.0.0/16' });
  const inputs = Array.from({ length: 60 }, (_, i) => ({ network_id: first!.id, project_id: 'p1', name: `p${i}` }));
  await ports.createBulk!(f.context, inputs);
  let next = 0;
  const v6 = () => ({
    ip_version: 6,
    cidr: `2001:db8:${(++next).toString(16)}::/64`,
    ipv6_ra_mode: 'slaac',
    ipv6_address_mode: 'slaac',
  });
  const tap = (id: string) => ({ device: `tap${id.slice(0, 11)}`, agent_id: 'lb', host: 'host1' });
  type Step = (port: string, network: string) => Promise<unknown>;
  const change =
    (changes: object): Step =>
    (id) =>
      ports.update!(f.context, id, { ...changes });
  const steps: Record<string, Step> = {
    rename: change({ name: 'ü"\n' }),
    bind: change({ 'binding:host_id': 'host1' }),
    unbind: change({ 'binding:host_id': '' }),
    'fail to bind': change({ 'binding:host_id': 'nowhere' }),
    profile: change({ 'binding:profile': { a: 1 } }),
    pairs: change({ allowed_address_pairs: [{ ip_address: '10.9.0.0/24' }] }),
    options: change({ extra_dhcp_opts: [{ opt_name: 'mtu', opt_value: '1400' }] }),
    addresses: (id) => ports.update!(f.context, id, { fixed_ips: [{ ip_address: `10.0.9.${(++next % 250) + 1}` }] }),
    'no addresses': change({ fixed_ips: [] }),
    'no groups': change({ security_groups: [] }),
    'other groups': async (id) => {
      const { id: group } = await f.plugin.collections.security_groups!.create!(f.context, { project_id: 'p1' });
      await ports.update!(f.context, id, { security_groups: [group] });
    },
    'switch off': change({ admin_state_up: false }),
    details: (id) => f.ask('get_device_details', tap(id)),
    up: (id) => f.ask('update_device_up', tap(id)),
    down: (id) => f.ask('update_device_down', tap(id)),
    ready: (id) => f.ask('dhcp_ready_on_ports', { port_ids: [id] }),
    'automatic subnet': () => f.subnet(first!.id, v6()),
    'delete automatic subnet': async () => {
      const automatic = (await all(subnets)).find(({ ipv6_address_mode }) => ipv6_address_mode === 'slaac');
      if (automatic) await subnets.delete!(f.context, automatic.id);
    },
    'another subnet': (_, id) => f.subnet(id, v6()),
    'share, or not': async (_, id) => {
      const { shared } = await networks.get(f.context, id);
      await networks.update!(f.context, id, { shared: !shared });
    },
    'external, or not': async (_, id) => {
      const network = await networks.get(f.context, id);
      await networks.update!(f.context, id, { 'router:external': !network['router:external'] });
    },
    'rename network': (_, id) => networks.update!(f.context, id, { name: `x${++next}` }),
    'agent in another zone': () => f.dhcpAgent('host1', { availability_zone: `zone${++next}` }),
    'another DHCP agent': () => f.dhcpAgent('host2'),
    replace: async (id) => {
      await ports.delete!(f.context, id);
      await f.port(second!.id, { name: 'new' });
    },
  };
  const check = async () => {
    for (const collection of [networks, ports]) {
      const listed = await all<{ id: string }>(collection);
      expect(listed.length).toBeGreaterThanOrEqual(60);
      for (const shown of listed) expect(shown).toEqual(await collection.get(f.context, shown.id));
    }
  };
  await check();
  const nth = fc.nat(9);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), nth, nth), { maxLength: 6 }),
      async (done) => {
        for (const [name, p, n] of done) {
          const port = (await all(ports))[p]!;
          const network = (await all(networks))[n]!;
          // Some of it is refused, which is as good.
          await steps[name]!(port.id, network.id).catch(() => {});
        }
        await f.plugin.idle();
        await check();
      },
    ),
    { numRuns: runs(12, 120) },
  );
});

it('whatever is done to groups, lists show what there is', async () => {
  await using f = await createFixture({ securityGroup: { enable_security_group: true } });
  const { security_groups, security_group_rules, rbac_policies } = f.plugin.collections;
  const groups = security_groups!;
  const input = (name: string) => ({ project_id: 'p1', name });
  await groups.createBulk!(
    f.context,
    Array.from({ length: 60 }, (_, i) => input(`g${i}`)),
  );
  let next = 0;
  type Step = (one: string, other: string) => Promise<unknown>;
  const steps: Record<string, Step> = {
    rename: (id) => groups.update!(f.context, id, { name: `ü"${++next}` }),
    'keep no state, or some': async (id) =>
      groups.update!(f.context, id, { stateful: !(await groups.get(f.context, id)).stateful }),
    rule: (security_group_id, remote_group_id) =>
      security_group_rules!.create!(f.context, {
        project_id: 'p1',
        security_group_id,
        direction: 'ingress',
        protocol: String(++next % 200),
        remote_group_id,
      }),
    'no rules': async (id) => {
      for (const rule of (await groups.get(f.context, id)).security_group_rules) {
        await security_group_rules!.delete!(f.context, rule.id);
      }
    },
    share: (object_id) =>
      rbac_policies!.create!(f.context, {
        project_id: 'p1',
        object_type: 'security_group',
        object_id,
        action: 'access_as_shared',
        target_tenant: ++next % 2 === 0 ? '*' : 'p2',
      }),
    'share no more': async () => {
      const [policy] = await all<{ id: string }>(rbac_policies!);
      if (policy) await rbac_policies!.delete!(f.context, policy.id);
    },
    tag: (id) =>
      f.plugin.routes['PUT security_groups/{id}/tags']!({
        context: f.context,
        params: { id },
        input: { tags: [`t${++next}`] },
        parameters: [],
        ifRevision: null,
      }),
    replace: async (id) => {
      await groups.delete!(f.context, id);
      await groups.create!(f.context, input('new'));
    },
  };
  const check = async () => {
    for (const context of [f.context, member('p2')]) {
      for (const shown of await all<{ id: string }>(groups, {}, context)) {
        expect(shown).toEqual(await groups.get(context, shown.id));
      }
    }
  };
  await check();
  const nth = fc.nat(9);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), nth, nth), { maxLength: 6 }),
      async (done) => {
        for (const [name, one, other] of done) {
          const listed = await all<{ id: string }>(groups);
          await steps[name]!(listed[one]!.id, listed[other]!.id).catch(() => {});
        }
        await check();
      },
    ),
    { numRuns: runs(12, 120) },
  );
});
