import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Attack } from './hostile-tenant/attacks.ts';
import { Intruder, outcome } from './hostile-tenant/intruder.ts';
import { attacker, raise, type Stage, victim } from './hostile-tenant/stage.ts';

/** A project that another one shares something with, and that wants more than to use it. */
describe.each([
  ['today', true],
  ['older releases', false],
])('by the rules of %s', (_, newDefaults) => {
  let stage: Stage;
  let intruder: Intruder;
  const ask = (attack: Attack) => intruder.ask(attack);

  beforeAll(async () => {
    stage = await raise({ newDefaults });
    intruder = new Intruder(stage);
  });
  afterAll(async () => {
    const { faults } = stage.tenants;
    await stage.tenants[Symbol.asyncDispose]();
    expect(faults).toEqual([]);
  });

  describe('a network they share with us', () => {
    let shared: string;
    let theirs: { subnet: string; port: string; entry: string };

    beforeAll(async () => {
      const { tenants: t } = stage;
      shared = (await t.create(victim, 'networks', { name: 'shared' })).id;
      const { id: subnet } = await t.create(victim, 'subnets', {
        network_id: shared,
        ip_version: 4,
        cidr: '10.50.0.0/24',
      });
      const { id: port } = await t.create(victim, 'ports', { network_id: shared, name: 'secret of victim' });
      const open = { object_type: 'network', object_id: shared, action: 'access_as_shared' };
      const { id: entry } = await t.create(victim, 'rbac-policies', { ...open, target_tenant: attacker.project });
      theirs = { subnet, port, entry };
      await intruder.lookAround();
    });

    const reach: Record<string, readonly [expected: string, () => Attack]> = {
      'to change': ['403 PolicyNotAuthorized', () => ['PUT', `networks/${shared}`, { network: { name: 'x' } }]],
      'to open to everybody': [
        '403 PolicyNotAuthorized',
        () => ['PUT', `networks/${shared}`, { network: { shared: true } }],
      ],
      'to delete': ['403 PolicyNotAuthorized', () => ['DELETE', `networks/${shared}`]],
      'to tag': ['403 PolicyNotAuthorized', () => ['PUT', `networks/${shared}/tags/x`]],
      'to pass on': [
        '400 InvalidInput',
        () => [
          'POST',
          'rbac-policies',
          {
            rbac_policy: {
              object_type: 'network',
              object_id: shared,
              action: 'access_as_shared',
              target_tenant: 'third',
            },
          },
        ],
      ],
      'to have its entry': ['404 RbacPolicyNotFound', () => ['DELETE', `rbac-policies/${theirs.entry}`]],
      'to put a subnet on': [
        '403 PolicyNotAuthorized',
        () => ['POST', 'subnets', { subnet: { network_id: shared, ip_version: 4, cidr: '10.51.0.0/24' } }],
      ],
      'to change its subnet': [
        '403 PolicyNotAuthorized',
        () => ['PUT', `subnets/${theirs.subnet}`, { subnet: { name: 'x' } }],
      ],
      'to delete its subnet': ['403 PolicyNotAuthorized', () => ['DELETE', `subnets/${theirs.subnet}`]],
      'to tag its subnet': ['403 PolicyNotAuthorized', () => ['PUT', `subnets/${theirs.subnet}/tags/x`]],
      'to take its subnet into our pool': [
        '403 NotAuthorized',
        () => ['PUT', `subnetpools/${stage.own.pool}/onboard_network_subnets`, { network_id: shared }],
      ],
      'to see their port': ['404 PortNotFound', () => ['GET', `ports/${theirs.port}`]],
      'to delete their port': ['404 PortNotFound', () => ['DELETE', `ports/${theirs.port}`]],
      ...Object.fromEntries(
        Object.entries({
          'be at an address of our choice': { fixed_ips: [{ ip_address: '10.50.0.77' }] },
          'have a MAC of our choice': { mac_address: 'fa:16:3e:99:99:99' },
          'be a router': { device_owner: 'network:router_interface' },
          'be a DHCP server': { device_owner: 'network:dhcp' },
          'send what we like': { port_security_enabled: false },
          'answer for other addresses': { allowed_address_pairs: [{ ip_address: '10.50.0.1' }] },
          'be on a host': { 'binding:host_id': 'h' },
          'have a profile': { 'binding:profile': { a: 1 } },
        }).map(([what, input]) => [
          `to ${what}`,
          ['403 PolicyNotAuthorized', () => ['POST', 'ports', { port: { network_id: shared, ...input } }]],
        ]),
      ),
    };

    it.each(Object.entries(reach))('is not ours %s', async (_, [expected, of]) => {
      expect(outcome(await ask(of()))).toBe(expected);
      await intruder.nothingChanged();
    });

    it('shows us its subnets and our ports, without what is behind', async () => {
      const { network } = (await ask(['GET', `networks/${shared}`])).body;
      expect(Object.keys(network).filter((key) => key.startsWith('provider:') || key === 'segments')).toEqual([]);
      expect((await ask(['GET', `subnets?network_id=${shared}`])).body.subnets).toHaveLength(1);
      for (const query of [
        '',
        '&device_owner=',
        '&name=secret%20of%20victim',
        '&fixed_ips=ip_address_substr%3D10.50',
      ]) {
        expect((await ask(['GET', `ports?network_id=${shared}${query}`])).body).toEqual({ ports: [] });
      }
    });

    it('gives our port nothing more afterwards', async () => {
      const { port } = (await ask(['POST', 'ports', { port: { network_id: shared } }])).body;
      await intruder.lookAround();
      for (const input of [
        { fixed_ips: [{ ip_address: '10.50.0.78' }] },
        { mac_address: 'fa:16:3e:99:99:98' },
        { device_owner: 'network:dhcp' },
        { port_security_enabled: false },
        { allowed_address_pairs: [{ ip_address: '10.50.0.1' }] },
        { 'binding:host_id': 'h' },
      ]) {
        expect(outcome(await ask(['PUT', `ports/${port.id}`, { port: input }])), JSON.stringify(input)).toBe(
          '403 PolicyNotAuthorized',
        );
      }
      await intruder.nothingChanged();
    });
  });

  describe('what else they share with us', () => {
    const types = {
      group: ['security_group', 'security-groups'],
      addressGroup: ['address_group', 'address-groups'],
      pool: ['subnetpool', 'subnetpools'],
      scope: ['address_scope', 'address-scopes'],
    } as const;
    type Kind = keyof typeof types;
    const entries: Record<string, string> = {};

    beforeAll(async () => {
      // A pool in a scope is opened with it.
      for (const kind of ['group', 'addressGroup', 'scope', 'pool'] as const) {
        const entry = { object_type: types[kind][0], object_id: stage.theirs[kind], action: 'access_as_shared' };
        const made = await stage.tenants.create(victim, 'rbac-policies', { ...entry, target_tenant: attacker.project });
        entries[kind] = made.id;
      }
      await intruder.lookAround();
    });

    it.each(Object.keys(types) as Kind[])('is theirs to change: %s', async (kind) => {
      const [member, collection] = types[kind];
      const id = stage.theirs[kind];
      const path = `${collection}/${id}`;
      expect((await ask(['GET', path])).body[member]).toMatchObject({ id, shared: true, project_id: 'victim' });
      const onward = { object_type: member, object_id: id, action: 'access_as_shared', target_tenant: 'third' };
      const refused: readonly (readonly [string, Attack])[] = [
        ['403 PolicyNotAuthorized', ['PUT', path, { [member]: { name: 'x' } }]],
        ['403 PolicyNotAuthorized', ['DELETE', path]],
        ['404 RbacPolicyNotFound', ['GET', `rbac-policies/${entries[kind]}`]],
        ['404 RbacPolicyNotFound', ['DELETE', `rbac-policies/${entries[kind]}`]],
        ['400 InvalidInput', ['POST', 'rbac-policies', { rbac_policy: onward }]],
      ];
      for (const [expected, attack] of refused) expect(outcome(await ask(attack)), attack.join(' ')).toBe(expected);
      if (kind === 'group' || kind === 'pool') {
        for (const method of ['PUT', 'DELETE']) {
          expect(outcome(await ask([method, `${path}/tags`, { tags: ['x'] }]))).toBe('403 PolicyNotAuthorized');
        }
      }
      await intruder.nothingChanged();
    });

    it('is not filled or emptied by us', async () => {
      const { group, rule, addressGroup, pool } = stage.theirs;
      const more = { security_group_rule: { security_group_id: group, direction: 'ingress', protocol: 'udp' } };
      const refused: readonly (readonly [string, Attack])[] = [
        // Rules of one's own project in a group that is only shared with it: as Neutron allowed it, see docs/policy.md.
        ...(newDefaults ? [['403 PolicyNotAuthorized', ['POST', 'security-group-rules', more]] as const] : []),
        ['404 SecurityGroupRuleNotFound', ['DELETE', `security-group-rules/${rule}`]],
        [
          '403 PolicyNotAuthorized',
          ['PUT', `address-groups/${addressGroup}/add_addresses`, { addresses: ['10.99.0.0/16'] }],
        ],
        [
          '403 PolicyNotAuthorized',
          ['PUT', `address-groups/${addressGroup}/remove_addresses`, { addresses: ['10.16.9.0/24'] }],
        ],
        ['403 PolicyNotAuthorized', ['PUT', `subnetpools/${pool}/add_prefixes`, { prefixes: ['10.99.0.0/16'] }]],
        ['403 PolicyNotAuthorized', ['PUT', `subnetpools/${pool}/remove_prefixes`, { prefixes: ['172.16.0.0/16'] }]],
        [
          '403 PolicyNotAuthorized',
          ['PUT', `subnetpools/${pool}/onboard_network_subnets`, { network_id: stage.own.network }],
        ],
      ];
      for (const [expected, attack] of refused) expect(outcome(await ask(attack)), attack.join(' ')).toBe(expected);
      await intruder.nothingChanged();
    });

    it('tells us nothing of who else uses it', async () => {
      const { group, pool } = stage.theirs;
      for (const query of [
        `ports?security_groups=${group}`,
        `subnets?subnetpool_id=${pool}`,
        `rbac-policies?object_id=${pool}`,
      ]) {
        expect(Object.values((await ask(['GET', query])).body), query).toEqual([[]]);
      }
    });
  });
});
