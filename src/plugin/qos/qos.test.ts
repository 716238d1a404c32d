import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../lib/context.ts';
import type { QosPolicy, QosRule } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';

let f: Fixture;
let policies: Collection<QosPolicy>;
beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['qos'] } });
  policies = f.plugin.collections.policies!;
});
afterEach(() => f[Symbol.asyncDispose]());

const make = (input: Input = {}, context = f.context) =>
  policies.create!(context, { project_id: 'p1', name: 'q', ...input });
const rulesOf = (policy: { id: string }, type = 'bandwidth_limit') =>
  f.plugin.children[`policies/${type}_rules`]!(policy.id) as Collection<QosRule>;
const alias = (type = 'bandwidth_limit') => f.plugin.collections[`alias_${type}_rules`]! as Collection<QosRule>;
const limit = (policy: { id: string }, input: Input = {}) =>
  rulesOf(policy).create!(f.context, { max_kbps: 1000, max_burst_kbps: 0, direction: 'egress', ...input });
const open = (object_id: string, target_tenant: string, context = f.context) =>
  f.plugin.collections.rbac_policies!.create!(context, {
    ...{ project_id: 'p1', object_type: 'qos_policy', object_id, action: 'access_as_shared', target_tenant },
  });

describe('policies', () => {
  it('are made, changed and deleted, each change a revision', async () => {
    const policy = await make();
    expect(policy).toMatchObject({
      ...{ name: 'q', project_id: 'p1', tenant_id: 'p1', shared: false, is_default: false },
      ...{ rules: [], revision_number: 0, tags: [], description: '' },
    });
    expect(await policies.update!(f.context, policy.id, { name: 'r' })).toMatchObject({ revision_number: 1 });
    expect(await policies.update!(f.context, policy.id, { name: 'r' })).toMatchObject({ revision_number: 1 });
    expect((await failure(policies.update!(f.context, policy.id, { name: 'x' }, 7))).type).toBe(
      'RevisionNumberConstraintFailed',
    );
    await policies.delete!(f.context, policy.id);
    expect(await failure(policies.get(f.context, policy.id))).toEqual({
      type: 'QosPolicyNotFound',
      message: `QoS policy ${policy.id} could not be found.`,
    });
  });

  it('belong to somebody', async () => {
    expect((await failure(make({ project_id: '' }))).message).toBe('Bad QoS policy request: Must have "policy_id".');
  });

  it('one of a project is its default', async () => {
    const { id } = await make({ is_default: true });
    expect(await failure(make({ is_default: true }))).toEqual({
      type: 'QoSPolicyDefaultAlreadyExists',
      message: 'A default QoS policy exists for project p1.',
    });
    await make({ project_id: 'p2', is_default: true });
    expect(await all(policies, { filters: { is_default: [true], project_id: ['p1'] } })).toMatchObject([{ id }]);
    await policies.update!(f.context, id, { is_default: false });
    expect(await make({ is_default: true })).toMatchObject({ is_default: true });
  });

  it('are seen by others when opened to them, and stay so while they are used', async () => {
    const { id } = await make();
    const other = member('p2');
    expect((await failure(policies.get(other, id))).type).toBe('QosPolicyNotFound');
    const entry = await open(id, 'p2');
    expect(await policies.get(other, id)).toMatchObject({ id, shared: true });
    expect(await all(policies, { fields: ['name'] }, other)).toEqual([{ id, name: 'q' }]);
    const network = await f.network({ project_id: 'p2', qos_policy_id: id });
    expect(await failure(f.plugin.collections.rbac_policies!.delete!(f.context, entry.id))).toMatchObject({
      type: 'RbacPolicyInUse',
    });
    await f.plugin.collections.networks.update!(f.context, network.id, { qos_policy_id: null });
    await f.plugin.collections.rbac_policies!.delete!(f.context, entry.id);
    expect((await failure(policies.get(other, id))).type).toBe('QosPolicyNotFound');
  });

  it('are shared with everybody and taken back, unless somebody uses them', async () => {
    const { id } = await make({ shared: true });
    expect(await policies.get(member('p2'), id)).toMatchObject({ shared: true });
    const network = await f.network({ project_id: 'p2', qos_policy_id: id });
    expect((await failure(policies.update!(f.context, id, { shared: false }))).type).toBe('RbacPolicyInUse');
    await f.plugin.collections.networks.delete!(f.context, network.id);
    expect(await policies.update!(f.context, id, { shared: false })).toMatchObject({ shared: false });
    expect(await all(policies, { filters: { shared: [true] } })).toEqual([]);
  });

  it('in use are not deleted, the port first', async () => {
    const { id } = await make();
    const network = await f.network({ qos_policy_id: id });
    const inUse = async () => (await failure(policies.delete!(f.context, id))).message;
    expect(await inUse()).toBe(`QoS Policy ${id} is used by network ${network.id}.`);
    const port = await f.port(network.id, { qos_policy_id: id });
    expect(await inUse()).toBe(`QoS Policy ${id} is used by port ${port.id}.`);
    await f.plugin.collections.ports.delete!(f.context, port.id);
    await f.plugin.collections.networks.delete!(f.context, network.id);
    await policies.delete!(f.context, id);
  });

  it('take tags with them when they go', async () => {
    const { id } = await make();
    const call = { context: f.context, params: { id }, input: { tags: ['red'] }, parameters: [], ifRevision: null };
    await f.plugin.routes['PUT policies/{id}/tags']!(call);
    expect(await policies.get(f.context, id)).toMatchObject({ tags: ['red'], revision_number: 1 });
    await policies.delete!(f.context, id);
    expect(await f.database.db.selectFrom('tags').selectAll().execute()).toEqual([]);
  });
});

describe('rules', () => {
  it('are shown below their policy, in it, and by their id alone', async () => {
    const policy = await make();
    const rule = await limit(policy, { max_burst_kbps: 80 });
    expect(rule).toEqual({ id: rule.id, max_kbps: 1000, max_burst_kbps: 80, direction: 'egress' });
    const mark = await rulesOf(policy, 'dscp_marking').create!(f.context, { dscp_mark: 26 });
    const whole = { ...rule, qos_policy_id: policy.id, type: 'bandwidth_limit' };
    expect(await policies.get(f.context, policy.id)).toMatchObject({
      rules: [whole, { ...mark, qos_policy_id: policy.id, type: 'dscp_marking' }],
      revision_number: 2,
    });
    expect(await rulesOf(policy).get(f.context, rule.id)).toEqual(rule);
    expect(await alias().get(f.context, rule.id)).toMatchObject(rule);
    expect(await alias().update!(f.context, rule.id, { max_kbps: 500 })).toEqual({ ...rule, max_kbps: 500 });
    await alias().delete!(f.context, rule.id);
    expect(await all(rulesOf(policy))).toEqual([]);
    expect(await policies.get(f.context, policy.id)).toMatchObject({ revision_number: 4 });
  });

  it('are found below their own policy and under their own kind only', async () => {
    const [policy, other] = [await make(), await make()];
    const { id } = await limit(policy);
    const missing = { type: 'QosRuleNotFound', message: `QoS rule ${id} for policy ${other.id} could not be found.` };
    expect(await failure(rulesOf(other).get(f.context, id))).toEqual(missing);
    expect(await failure(rulesOf(other).update!(f.context, id, { max_kbps: 1 }))).toEqual(missing);
    expect(await failure(rulesOf(other).delete!(f.context, id))).toEqual(missing);
    expect((await failure(rulesOf(policy, 'dscp_marking').delete!(f.context, id))).type).toBe('QosRuleNotFound');
    expect((await failure(alias('dscp_marking').get(f.context, id))).message).toBe(
      `QoS rule ${id} for policy  could not be found.`,
    );
  });

  it('of a policy that one does not see are not found', async () => {
    const policy = await make();
    const { id } = await limit(policy);
    const stranger = member('p2');
    for (const attempt of [
      () =>
        rulesOf(policy).list(stranger, {
          filters: {},
          fields: null,
          sorts: [],
          limit: null,
          marker: null,
          pageReverse: false,
        }),
      () => rulesOf(policy).get(stranger, id),
      () => rulesOf(policy).create!(stranger, { max_kbps: 1, max_burst_kbps: 0, direction: 'ingress' }),
      () => rulesOf(policy).update!(stranger, id, { max_kbps: 1 }),
      () => rulesOf(policy).delete!(stranger, id),
      () => alias().get(stranger, id),
      () => alias().delete!(stranger, id),
    ]) {
      expect((await failure(attempt())).type).toBe('QosPolicyNotFound');
    }
  });

  it('are one of a kind for each direction, all of a bulk or none', async () => {
    const policy = await make();
    const { id } = await limit(policy);
    await limit(policy, { direction: 'ingress' });
    const twin = {
      type: 'QoSRulesConflict',
      message: `Rule bandwidth_limit conflicts with rule ${id} which already exists in QoS Policy ${policy.id}.`,
    };
    expect(await failure(limit(policy))).toEqual(twin);
    const marks = rulesOf(policy, 'dscp_marking');
    expect((await failure(marks.createBulk!(f.context, [{ dscp_mark: 8 }, { dscp_mark: 10 }]))).type).toBe(
      'QoSRulesConflict',
    );
    expect(await all(marks)).toEqual([]);
    const packets = rulesOf(policy, 'minimum_packet_rate');
    await packets.create!(f.context, { min_kpps: 1, direction: 'any' });
    expect(await failure(packets.create!(f.context, { min_kpps: 1, direction: 'egress' }))).toEqual({
      type: 'QoSRuleParameterConflict',
      message: `Unable to add the rule with value egress to the policy ${policy.id} as the existing rule of type minimum_packet_rate has value any.`,
    });
  });

  it('let at least as much pass as they guarantee', async () => {
    const policy = await make();
    const { id } = await limit(policy);
    const minimum = rulesOf(policy, 'minimum_bandwidth');
    expect(await failure(minimum.create!(f.context, { min_kbps: 1001, direction: 'egress' }))).toEqual({
      type: 'QoSRuleParameterConflict',
      message: `Unable to add the rule with value 1001 to the policy ${policy.id} as the existing rule of type bandwidth_limit has value 1000.`,
    });
    await minimum.create!(f.context, { min_kbps: 900, direction: 'egress' });
    expect((await failure(rulesOf(policy).update!(f.context, id, { max_kbps: 899 }))).message).toBe(
      `Unable to add the rule with value 899 to the policy ${policy.id} as the existing rule of type minimum_bandwidth has value 900.`,
    );
  });

  it('are listed filtered, sorted and in pages', async () => {
    const policy = await make();
    const out = await limit(policy, { max_kbps: 1 });
    const back = await limit(policy, { max_kbps: 2, direction: 'ingress' });
    const rules = rulesOf(policy);
    const sorts = [{ key: 'max_kbps', direction: 'desc' }] as const;
    expect(await all(rules, { sorts })).toEqual([back, out]);
    expect(await all(rules, { sorts, limit: 1, marker: back.id })).toEqual([out]);
    expect(await all(rules, { sorts, limit: 1, marker: out.id, pageReverse: true })).toEqual([back]);
    expect(await all(rules, { filters: { direction: ['ingress'] } })).toEqual([back]);
    expect(await all(rules, { filters: { max_kbps: [1] }, fields: ['max_kbps'] })).toEqual([
      { id: out.id, max_kbps: 1 },
    ]);
    expect((await failure(all(rules, { marker: 'x' }))).type).toBe('QosRuleNotFound');
  });
});

describe('rule types', () => {
  it('are those that all drivers can have enforced, or any, or all there are', async () => {
    const types = f.plugin.collections.rule_types!;
    const names = async (filters = {}) => (await all(types, { filters })).map(({ type }) => type);
    expect(await names()).toEqual(['bandwidth_limit', 'dscp_marking']);
    expect(await names({ all_supported: [true] })).toEqual(['bandwidth_limit', 'dscp_marking']);
    expect(await names({ all_rules: [true] })).toHaveLength(5);
    expect(await names({ all_rules: [false] })).toHaveLength(2);
    expect(await types.get(f.context, 'minimum_bandwidth')).toEqual({ type: 'minimum_bandwidth', drivers: [] });
    expect((await failure(types.get(member('p1'), 'dscp_marking'))).type).toBe('NotAuthorized');
    expect((await failure(types.get(f.context, 'frob'))).type).toBe('HTTPNotFound');
  });

  it('are none where no driver enforces any', async () => {
    await using bare = await createFixture({
      service: { service_plugins: ['qos'] },
      ml2: { mechanism_drivers: ['noop'] },
    });
    expect(await all(bare.plugin.collections.rule_types!)).toEqual([]);
  });
});

describe('ports and networks with a policy', () => {
  const shown = async (id: string, context: Context = f.context) => {
    const { qos_policy_id, qos_network_policy_id, resource_request } = await f.plugin.collections.ports.get(
      context,
      id,
    );
    return { qos_policy_id, qos_network_policy_id, resource_request };
  };
  const ports = () => f.plugin.collections.ports;
  const networks = () => f.plugin.collections.networks;

  it('show it, and ports that of their network', async () => {
    const [own, net] = [await make(), await make()];
    const network = await f.network({ qos_policy_id: net.id });
    expect(network).toMatchObject({ qos_policy_id: net.id });
    const port = await f.port(network.id, { qos_policy_id: own.id });
    const expected = { qos_policy_id: own.id, qos_network_policy_id: net.id, resource_request: null };
    expect(port).toMatchObject(expected);
    expect(await shown(port.id)).toEqual(expected);
    const updated = await ports().update!(f.context, port.id, { qos_policy_id: null });
    expect(updated).toMatchObject({ ...expected, qos_policy_id: null });
    const listed = await all(ports());
    expect(listed).toMatchObject([{ ...expected, qos_policy_id: null }]);
  });

  it('in a long list, read whole or by id', async () => {
    const [own, net] = [await make(), await make()];
    const network = await f.network({ qos_policy_id: net.id });
    await ports().createBulk!(
      f.context,
      Array.from({ length: 60 }, (_, i) => ({
        ...{ project_id: 'p1', network_id: network.id, name: `${i}` },
        qos_policy_id: i % 2 ? own.id : null,
      })),
    );
    for (const port of await all(ports())) {
      expect(port).toMatchObject({
        qos_policy_id: Number(port.name) % 2 ? own.id : null,
        qos_network_policy_id: net.id,
      });
    }
  });

  it('get their project’s default one with a new network, not with one that is there', async () => {
    const before = await f.network();
    const { id } = await make({ is_default: true });
    const other = await make();
    expect(before).toMatchObject({ qos_policy_id: null });
    expect(await f.network()).toMatchObject({ qos_policy_id: id });
    expect(await f.network({ qos_policy_id: other.id })).toMatchObject({ qos_policy_id: other.id });
    expect(await f.network({ project_id: 'p2' })).toMatchObject({ qos_policy_id: null });
  });

  it('a policy that the caller does not see is not found, and one of others is not his to remove', async () => {
    const { id } = await make({ project_id: 'p9' });
    const tenant = member('p1');
    const network = await f.network();
    const gone = { type: 'QosPolicyNotFound', message: `QoS policy ${id} could not be found.` };
    const port = await f.port(network.id);
    expect(await failure(ports().update!(tenant, port.id, { qos_policy_id: id }))).toEqual(gone);
    expect(await failure(networks().update!(tenant, network.id, { qos_policy_id: id }))).toEqual(gone);
    const input = { project_id: 'p1', network_id: network.id, qos_policy_id: id };
    expect(await failure(ports().create!(tenant, input))).toEqual(gone);
    expect(await failure(networks().create!(tenant, { project_id: 'p1', qos_policy_id: id }))).toEqual(gone);
    await ports().update!(f.context, port.id, { qos_policy_id: id });
    await networks().update!(f.context, network.id, { qos_policy_id: id });
    const kept = {
      type: 'PolicyRemoveAuthorizationError',
      message: `Failed to remove provided policy ${id} because you are not authorized.`,
    };
    expect(await failure(ports().update!(tenant, port.id, { qos_policy_id: null }))).toEqual(kept);
    expect(await failure(networks().update!(tenant, network.id, { qos_policy_id: null }))).toEqual(kept);
    expect(await ports().update!(tenant, port.id, { name: 'mine' })).toMatchObject({ qos_policy_id: id });
  });

  it('rules that nobody can enforce there are refused, whichever comes first', async () => {
    const policy = await make();
    const network = await f.network();
    const port = await f.port(network.id, { qos_policy_id: policy.id });
    const minimum = rulesOf(policy, 'minimum_bandwidth');
    const rule = { min_kbps: 1, direction: 'egress' };
    expect(await failure(minimum.create!(f.context, rule))).toEqual({
      type: 'QosRuleNotSupported',
      message: `Rule minimum_bandwidth is not supported by port ${port.id}`,
    });
    await ports().update!(f.context, port.id, { qos_policy_id: null });
    await minimum.create!(f.context, rule);
    expect((await failure(ports().update!(f.context, port.id, { qos_policy_id: policy.id }))).type).toBe(
      'QosRuleNotSupported',
    );
    expect((await failure(f.port(network.id, { qos_policy_id: policy.id }))).type).toBe('QosRuleNotSupported');
    expect(await failure(networks().update!(f.context, network.id, { qos_policy_id: policy.id }))).toEqual({
      type: 'QosRuleNotSupportedByNetwork',
      message: `Rule minimum_bandwidth is not supported by network ${network.id}`,
    });
    expect((await failure(f.network({ qos_policy_id: policy.id }))).type).toBe('QosRuleNotSupportedByNetwork');
    expect(await shown(port.id)).toMatchObject({ qos_policy_id: null, qos_network_policy_id: null });
  });

  it('cards that no driver limits refuse every rule', async () => {
    const policy = await make();
    await limit(policy);
    const network = await f.network();
    const direct = { 'binding:vnic_type': 'direct', qos_policy_id: policy.id };
    expect((await failure(f.port(network.id, direct))).type).toBe('QosRuleNotSupported');
    const port = await f.port(network.id, { 'binding:vnic_type': 'direct' });
    expect(await failure(networks().update!(f.context, network.id, { qos_policy_id: policy.id }))).toEqual({
      type: 'QosRuleNotSupported',
      message: `Rule bandwidth_limit is not supported by port ${port.id}`,
    });
  });

  it('another policy of a network is another revision of its ports', async () => {
    const policy = await make();
    const network = await f.network();
    const port = await f.port(network.id);
    const listed = async () =>
      (await all(ports())).map(({ revision_number, qos_network_policy_id }) => ({
        ...{ revision_number, qos_network_policy_id },
      }));
    expect(await listed()).toEqual([{ revision_number: port.revision_number, qos_network_policy_id: null }]);
    await networks().update!(f.context, network.id, { qos_policy_id: policy.id });
    expect(await listed()).toEqual([{ revision_number: port.revision_number + 1, qos_network_policy_id: policy.id }]);
  });
});

describe('agents', () => {
  const told = async () =>
    (await f.told()).filter(({ to }) => to.startsWith('q-agent-notifier')).map(({ to, method }) => `${to} ${method}`);

  it('are told when a port or a network gets another policy, and find it in the details of devices', async () => {
    const [own, net] = [await make(), await make()];
    await f.bridgeAgent();
    const network = await f.network({ 'provider:network_type': 'local' });
    const port = await f.port(network.id, { 'binding:host_id': 'host1', device_owner: 'compute:nova' });
    await told();
    await f.plugin.collections.ports.update!(f.context, port.id, { qos_policy_id: own.id });
    expect(await told()).toEqual(['q-agent-notifier-port-update_fanout port_update']);
    await f.plugin.collections.networks.update!(f.context, network.id, { qos_policy_id: net.id });
    expect(await told()).toEqual(['q-agent-notifier-network-update_fanout network_update']);
    await f.plugin.collections.networks.update!(f.context, network.id, { name: 'same' });
    expect(await told()).toEqual([]);
    const [details] = await f.ask('get_devices_details_list', { devices: [port.id], agent_id: 'lb', host: 'host1' });
    expect(details).toMatchObject({ qos_policy_id: own.id, qos_network_policy_id: net.id });
  });
});

describe('without the service plugin', () => {
  it('there is no policy, and no attribute', async () => {
    await using bare = await createFixture({ ml2: { extension_drivers: ['port_security', 'qos'] } });
    expect(bare.plugin.extensions.has('qos')).toBe(false);
    expect(bare.plugin.collections).not.toHaveProperty('policies');
    expect(await bare.network()).not.toHaveProperty('qos_policy_id');
  });
});
