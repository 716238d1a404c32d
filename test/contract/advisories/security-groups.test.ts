import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCidr, parseCidr } from '../../../src/lib/ip/cidr.ts';
import { protocolNumbers } from '../../../src/lib/protocols.ts';
import { admin, type Tenants } from '../../support/tenants.ts';
import { runs } from '../../support/turns.ts';
import { attacker, makeCloud, outcome, victim } from './cloud.ts';

/** Advisories of security groups: rules that no firewall can have, and groups that nobody counts. */
let t: Tenants;
let group: string;
let tap: string;
beforeAll(async () => {
  t = await makeCloud();
  await t.ask(admin, 'PUT', `quotas/${attacker.project}`, { quota: { security_group_rule: -1 } });
  const { id: network_id } = await t.create(attacker, 'networks', {});
  group = (await t.create(attacker, 'security-groups', { name: 'g' })).id;
  const { id } = await t.create(attacker, 'ports', { network_id, security_groups: [group] });
  tap = `tap${id.slice(0, 11)}`;
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const ask = (rule: object) =>
  t.ask(attacker, 'POST', 'security-group-rules', {
    security_group_rule: { security_group_id: group, direction: 'ingress', ...rule },
  });
/** The rules that the agent of the port's host gets. */
const told = async () =>
  (await t.askAsAgent('security_group_info_for_devices', { devices: [tap] })).security_groups[group];

describe('CVE-2014-0187 (OSSA-2014-014): a rule with a CIDR that is none', () => {
  it.each([
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/24/24',
    '10.0.0.256/24',
    '10.0.0.0/',
    '/24',
    '10.0.0.0 /24',
    '10.0.0.0/24\n-j ACCEPT',
    '10.0.0.0/24 -j ACCEPT',
    '10.0.0.1-10.0.0.9',
    'fe80::1%eth0/64',
    '2001:db8::/129',
    'example.org',
    '!10.0.0.0/8',
  ])('%j is refused', async (remote_ip_prefix) => {
    for (const ethertype of ['IPv4', 'IPv6']) expect((await ask({ ethertype, remote_ip_prefix })).status).toBe(400);
  });

  it('reaches no agent, whatever text it is', async () => {
    const octet = fc.integer({ min: -1, max: 260 });
    const nearly = fc
      .tuple(
        fc.tuple(octet, octet, octet, octet),
        fc.integer({ min: -1, max: 34 }),
        fc.constantFrom('', ' ', '\n', '!'),
      )
      .map(([octets, length, dirt]) => `${octets.join('.')}/${length}${dirt}`);
    const some = fc.oneof(
      nearly,
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV6().map((ip) => `${ip}/64`),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(some, fc.constantFrom('IPv4', 'IPv6'), async (remote_ip_prefix, ethertype) => {
        expect([201, 400, 409]).toContain((await ask({ ethertype, remote_ip_prefix })).status);
      }),
      { numRuns: runs(40, 400) },
    );
    for (const { ethertype, source_ip_prefix: prefix } of await told()) {
      if (prefix === undefined) continue;
      const cidr = parseCidr(prefix);
      expect(cidr && formatCidr(cidr)).toBe(prefix);
      expect(`IPv${cidr?.version}`).toBe(ethertype);
    }
  });
});

describe('CVE-2019-9735 (OSSA-2019-001): a rule with ports of a protocol that has none', () => {
  const withPorts = new Set(['tcp', 'udp', 'sctp', 'dccp', 'udplite'].map((name) => protocolNumbers[name]));
  const icmp = new Set([protocolNumbers.icmp, protocolNumbers['ipv6-icmp']]);
  const without = [
    ...Object.keys(protocolNumbers).filter((name) => !withPorts.has(protocolNumbers[name]!)),
    ...Array.from({ length: 256 }, (_, number) => String(number)).filter((number) => !withPorts.has(Number(number))),
  ].filter((protocol) => !icmp.has(protocolNumbers[protocol] ?? Number(protocol)));

  it('is refused, by name and by number', async () => {
    expect(without.length).toBeGreaterThan(250);
    for (const protocol of [...without, null]) {
      for (const ethertype of ['IPv4', 'IPv6']) {
        const answer = await ask({ ethertype, protocol, port_range_min: 80, port_range_max: 80 });
        expect(outcome(answer), `${protocol} ${ethertype}`).toMatch(
          /^400 SecurityGroup(InvalidProtocolForPort|ProtocolRequiredWithPorts|EthertypeConflictWithProtocol)$/,
        );
      }
    }
  });

  it('is refused in templates of new groups, too', async () => {
    const default_security_group_rule = {
      direction: 'ingress',
      protocol: 'vrrp',
      port_range_min: 1,
      port_range_max: 2,
    };
    const answer = await t.ask(admin, 'POST', 'default-security-group-rules', { default_security_group_rule });
    expect(outcome(answer)).toBe('400 SecurityGroupInvalidProtocolForPort');
  });

  it('leaves agents rules with ports of protocols that have some', async () => {
    for (const protocol of ['tcp', '17', 'sctp', 'dccp', 'udplite', 'icmp']) {
      expect((await ask({ protocol, port_range_min: 8, port_range_max: 9 })).status).toBe(201);
    }
    const rules = (await told()).filter((rule: object) => Object.hasOwn(rule, 'port_range_min'));
    expect(rules.length).toBeGreaterThanOrEqual(6);
    for (const { protocol } of rules) {
      const number = protocolNumbers[protocol] ?? Number(protocol);
      expect(withPorts.has(number) || icmp.has(number)).toBe(true);
    }
  });
});

describe('CVE-2022-3277, CVE-2023-3637: groups of projects that there are not', () => {
  const groups = async (): Promise<number> => {
    const { n } = await t.database.db
      .selectFrom('securitygroups')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow();
    return Number(n);
  };

  it('are not made by asking for them', async () => {
    await t.ask(attacker, 'GET', 'security-groups');
    const before = await groups();
    for (let i = 0; i < 100; i++) {
      for (const key of ['project_id', 'tenant_id']) {
        for (const collection of ['security-groups', 'security-group-rules', 'networks', 'ports']) {
          const { status, body } = await t.ask(attacker, 'GET', `${collection}?${key}=nobody-${key}-${i}`);
          expect([status, ...Object.values(body)]).toEqual([200, []]);
        }
      }
    }
    expect(await groups()).toBe(before);
  });

  it('are not made by making things for them', async () => {
    const before = await groups();
    for (const [collection, body] of [
      ['networks', { network: { project_id: 'nobody' } }],
      ['security-groups', { security_group: { project_id: 'nobody', name: 'g' } }],
      ['security-groups', { security_group: { tenant_id: victim.project, name: 'default' } }],
    ] as const) {
      const { status } = await t.ask(attacker, 'POST', collection, body);
      expect([400, 403]).toContain(status);
    }
    expect(await groups()).toBe(before);
  });

  it('are, of a project’s own, at most as many as its quota', async () => {
    await t.ask(admin, 'PUT', 'quotas/few', { quota: { security_group: 3 } });
    const few = { project: 'few', roles: ['member', 'reader'] };
    const answers = [];
    for (let i = 0; i < 5; i++) {
      answers.push(outcome(await t.ask(few, 'POST', 'security-groups', { security_group: { name: `g${i}` } })));
    }
    expect(answers).toEqual(['201', '201', '409 OverQuota', '409 OverQuota', '409 OverQuota']);
    expect((await t.ask(few, 'GET', 'security-groups')).body.security_groups).toHaveLength(3);
  });
});
