import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resources } from '../../../src/resources/registry.ts';
import { admin, makeTenants, reader, type Tenants } from '../../support/tenants.ts';
import { attacker, makeCloud, manager, outcome, sharedNetwork, victim } from './cloud.ts';

/** Advisories of policy: what was not asked for, or asked of the wrong object or under the wrong name. */
let t: Tenants;
let shared: { network: string; subnet: string };
beforeAll(async () => {
  t = await makeCloud();
  shared = await sharedNetwork(t);
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

/** Every way to write tags of one thing. */
const writes = [
  ['PUT', '', { tags: ['x'] }],
  ['PUT', '', { tags: [] }],
  ['POST', '', { tags: ['x'] }],
  ['PUT', '/x'],
  ['DELETE', '/kept'],
  ['DELETE', ''],
] as const;

async function stored(path: string, member: string): Promise<unknown> {
  return (await t.ask(admin, 'GET', path)).body[member];
}

describe('CVE-2014-6414 (OSSA-2014-031): what only administrators set', () => {
  const privileged = new Set(['admin', 'service', 'data_plane_integrator']);
  const cases = resources
    .filter(({ member }) => ['network', 'subnet', 'port'].includes(member))
    .flatMap(({ member, collection, attributes }) =>
      Object.entries(attributes)
        .filter(([, { ops, update }]) => ops.includes('U') && update?.every((who) => privileged.has(who)))
        .map(([name, { default: initial }]) => ({ member, collection, name, initial })),
    );
  const made: Record<string, string> = {};

  beforeAll(async () => {
    const network = await t.create(admin, 'networks', {
      project_id: victim.project,
      'router:external': true,
      shared: true,
      'provider:network_type': 'vlan',
      'provider:physical_network': 'physnet1',
      'provider:segmentation_id': 142,
    });
    const on = { project_id: victim.project, network_id: network.id };
    const types = { ip_version: 4, cidr: '10.5.0.0/24', service_types: ['compute:nova'] };
    made.network = network.id;
    made.subnet = (await t.create(admin, 'subnets', { ...on, ...types })).id;
    made.port = (await t.create(admin, 'ports', { ...on, 'binding:host_id': 'h', device_owner: 'compute:nova' })).id;
  });

  it('is more than a handful of attributes', () => {
    expect(cases.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'shared',
        'router:external',
        'provider:segmentation_id',
        'service_types',
        'binding:host_id',
      ]),
    );
  });

  it.each(cases)('the owner does not reset $name of a $member', async ({ member, collection, name, initial }) => {
    const path = `${collection}/${made[member]}`;
    const before = (await stored(path, member)) as Record<string, unknown>;
    const candidates = [initial, before[name], null, false, '', [], {}].filter(
      (value) => value !== undefined && typeof value !== 'symbol',
    );
    for (const value of candidates) {
      const answer = await t.ask(victim, 'PUT', path, { [member]: { [name]: value } });
      expect([400, 403], `${JSON.stringify(value)} ${JSON.stringify(answer)}`).toContain(answer.status);
    }
    expect(await stored(path, member)).toEqual(before);
  });

  it('is refused by the rule, not by the value', async () => {
    for (const input of [{ shared: false }, { 'router:external': false }]) {
      const answer = await t.ask(victim, 'PUT', `networks/${made.network}`, { network: input });
      expect(outcome(answer)).toBe('403 PolicyNotAuthorized');
    }
  });
});

describe('CVE-2024-53916 (OSSA-2024-005): tags on what others own', () => {
  it.each([attacker, manager])('are not written by $roles', async (who) => {
    const hidden = await t.create(victim, 'networks', {});
    const group = await t.create(victim, 'security-groups', { name: 'g' });
    for (const [path, member, status] of [
      [`networks/${shared.network}`, 'network', 403],
      [`subnets/${shared.subnet}`, 'subnet', 403],
      [`networks/${hidden.id}`, 'network', 404],
      [`security-groups/${group.id}`, 'security_group', 404],
    ] as const) {
      expect((await t.ask(victim, 'PUT', `${path}/tags`, { tags: ['kept'] })).status).toBe(200);
      const before = await stored(path, member);
      for (const [method, below, body] of writes) {
        const answer = await t.ask(who, method, `${path}/tags${below}`, body);
        expect(answer.status, `${method} ${path}/tags${below}`).toBe(status);
      }
      expect(await stored(path, member)).toEqual(before);
    }
  });
});

describe.each([true, false])('CVE-2026-49299 (OSSA-2026-016): tags by readers, new defaults %s', (newDefaults) => {
  const tagged = resources
    .filter(({ routes = [] }) => routes.some(({ path }) => path.endsWith('/tags')))
    // Ranges and QoS policies are administrators' alone: hostile-tenant.test.ts.
    .filter(({ member }) => member !== 'network_segment_range' && member !== 'policy')
    .map(({ member, collection }) => ({ member, path: collection.replaceAll('_', '-') }));
  let own: Tenants;
  const inputs: Record<string, object> = {
    network: {},
    subnet: { ip_version: 4, cidr: '10.6.0.0/24' },
    port: {},
    security_group: { name: 'g' },
    subnetpool: { name: 'p', prefixes: ['10.8.0.0/16'] },
  };

  beforeAll(async () => {
    const options = {
      securityGroup: { enable_security_group: true },
      service: { service_plugins: ['trunk', 'router'] },
    };
    own = await makeTenants({ newDefaults, options });
  });
  afterAll(() => own[Symbol.asyncDispose]());

  it('are refused on everything that takes tags', async () => {
    const onNetwork = new Set(['subnet', 'port']);
    const { id: outside } = await own.create(admin, 'networks', { 'router:external': true });
    await own.create(admin, 'subnets', { network_id: outside, ip_version: 4, cidr: '198.51.100.0/24' });
    const more: Record<string, object> = { ...inputs, floatingip: { floating_network_id: outside } };
    let tried = 0;
    for (const { member, path } of tagged) {
      const network_id = (onNetwork.has(member) || member === 'trunk') && (await own.create(victim, 'networks', {})).id;
      const place =
        member === 'trunk' ? { port_id: (await own.create(victim, 'ports', { network_id })).id } : { network_id };
      const { id } = await own.create(victim, path, { ...more[member], ...(network_id && place) });
      await own.ask(victim, 'PUT', `${path}/${id}/tags`, { tags: ['kept'] });
      for (const [method, below, body] of writes) {
        const answer = await own.ask(reader(victim.project), method, `${path}/${id}/tags${below}`, body);
        expect(outcome(answer), `${method} ${path}${below}`).toBe('403 PolicyNotAuthorized');
      }
      const { tags } = (await own.ask(reader(victim.project), 'GET', `${path}/${id}/tags`)).body;
      expect(tags).toEqual(['kept']);
      tried++;
    }
    expect(tried).toBeGreaterThanOrEqual(5);
  });
});

describe('OSSN-0102: what is below one thing, asked for below another', () => {
  it('is not found: a binding of a port', async () => {
    await t.askAsAgent(
      'report_state',
      {
        agent_state: {
          agent_state: {
            agent_type: 'Linux bridge agent',
            binary: 'neutron-linuxbridge-agent',
            host: 'there',
            topic: 'N/A',
            configurations: { interface_mappings: {} },
          },
        },
        time: new Date().toISOString(),
      },
      'q-reports-plugin',
    );
    const local = { project_id: victim.project, 'provider:network_type': 'local' };
    const { id: network_id } = await t.create(admin, 'networks', local);
    const port = async () => (await t.create(victim, 'ports', { network_id, device_owner: 'compute:nova' })).id;
    const [one, other] = [await port(), await port()];
    const nova = { project: 'service', roles: ['admin', 'service', 'member', 'reader'] };
    const binding = { host: 'there', vnic_type: 'normal' };
    expect((await t.ask(nova, 'POST', `ports/${one}/bindings`, { binding })).status).toBe(201);
    const before = (await t.ask(nova, 'GET', `ports/${one}/bindings`)).body;
    for (const [method, below, body] of [
      ['GET', ''],
      ['PUT', '', { binding: { vnic_type: 'direct' } }],
      ['PUT', '/activate'],
      ['DELETE', ''],
    ] as const) {
      const answer = await t.ask(nova, method, `ports/${other}/bindings/there${below}`, body);
      expect(answer.status, `${method} ${below} ${JSON.stringify(answer.body)}`).toBe(404);
    }
    expect((await t.ask(nova, 'GET', `ports/${one}/bindings`)).body).toEqual(before);
    expect(before.bindings.map(({ host }: { host: string }) => host)).toContain('there');
  });
});
