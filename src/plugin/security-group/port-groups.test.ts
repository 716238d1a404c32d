import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Network, Port, SecurityGroup } from '../../resources/shapes.ts';
import type { Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';

let f: Fixture;
let network: Network;
let own: SecurityGroup;
beforeEach(async () => {
  f = await createFixture({ securityGroup: { enable_security_group: true } });
  network = await f.network();
  await f.subnet(network.id);
  own = await group();
  await f.told();
});
afterEach(() => f[Symbol.asyncDispose]());

const group = (input: Input = {}): Promise<SecurityGroup> =>
  f.plugin.collections.security_groups!.create!(f.context, {
    project_id: 'p1',
    name: 'web',
    description: '',
    stateful: true,
    ...input,
  });
const defaultGroup = async (project = 'p1'): Promise<string> =>
  (
    await all<SecurityGroup>(f.plugin.collections.security_groups!, {
      filters: { project_id: [project], name: ['default'] },
    })
  )[0]!.id;
const update = (port: Port, changes: Input, context = f.context) =>
  f.plugin.collections.ports.update!(context, port.id, changes);

describe('the groups of a port', () => {
  it('are the default one, unless said otherwise', async () => {
    expect((await f.port(network.id)).security_groups).toEqual([await defaultGroup()]);
    expect((await f.port(network.id, { security_groups: [] })).security_groups).toEqual([]);
    expect((await f.port(network.id, { security_groups: null })).security_groups).toEqual([]);
    expect((await f.port(network.id, { security_groups: [own.id] })).security_groups).toEqual([own.id]);
    expect((await f.port(network.id, { port_security_enabled: false })).security_groups).toEqual([]);
    expect((await f.port(network.id, { device_owner: 'network:dhcp' })).security_groups).toEqual([]);
    const without = await f.network();
    expect((await f.port(without.id)).security_groups).toHaveLength(1);
  });

  it('are one default group for all ports of a request', async () => {
    const made = await f.plugin.collections.ports.createBulk!(
      f.context,
      [1, 2, 3].map(() => ({ project_id: 'new', network_id: network.id })),
    );
    expect(made.map((port) => port.security_groups)).toEqual(Array(3).fill([await defaultGroup('new')]));
  });

  it('are read as they were answered, in lists too', async () => {
    const port = await f.port(network.id, { security_groups: [own.id, await defaultGroup()] });
    expect(port.security_groups).toHaveLength(2);
    expect((await f.plugin.collections.ports.get(f.context, port.id)).security_groups).toEqual(port.security_groups);
    expect(await all(f.plugin.collections.ports, { filters: { security_groups: [own.id] } })).toMatchObject([
      { id: port.id, security_groups: port.security_groups },
    ]);
    expect(await all(f.plugin.collections.ports, { filters: { security_groups: ['nonsense'] } })).toEqual([]);
  });

  it('are changed as a whole, and that is a new revision', async () => {
    const port = await f.port(network.id);
    const changed = await update(port, { security_groups: [own.id] });
    expect(changed).toMatchObject({ security_groups: [own.id], revision_number: 2 });
    expect(await update(port, { name: 'x' })).toMatchObject({ security_groups: [own.id] });
    expect(await update(port, { security_groups: [] })).toMatchObject({ security_groups: [] });
  });

  it('are groups that the project may use', async () => {
    const foreign = await group({ project_id: 'p2' });
    const port = await f.port(network.id);
    const refused = {
      type: 'SecurityGroupNotFound',
      message: `Security group ${foreign.id} does not exist`,
    };
    const user = member('p1');
    const input = { project_id: 'p1', network_id: network.id, security_groups: [foreign.id] };
    expect(await failure(f.plugin.collections.ports.create!(user, input))).toEqual(refused);
    expect(await failure(update(port, { security_groups: [own.id, foreign.id] }, user))).toEqual(refused);
    const nobody = '00000000-0000-0000-0000-000000000000';
    expect(await failure(f.port(network.id, { security_groups: [nobody] }))).toEqual({
      type: 'SecurityGroupNotFound',
      message: `Security group ${nobody} does not exist`,
    });
    await f.plugin.collections.rbac_policies!.create!(f.context, {
      project_id: 'p2',
      object_type: 'security_group',
      object_id: foreign.id,
      action: 'access_as_shared',
      target_tenant: '*',
    });
    expect(await update(port, { security_groups: [foreign.id] }, user)).toMatchObject({
      security_groups: [foreign.id],
    });
  });

  it('are all stateful or none', async () => {
    const stateless = await group({ stateful: false });
    expect(await failure(f.port(network.id, { security_groups: [own.id, stateless.id] }))).toEqual({
      type: 'SecurityGroupConflict',
      message:
        'Error Cannot apply both stateful and stateless security groups on the same port at the same time while attempting the operation.',
    });
  });

  it('go before port security does', async () => {
    const refused = {
      type: 'PortSecurityAndIPRequiredForSecurityGroups',
      message: 'Port security must be enabled and port must have an IP address in order to use security groups.',
    };
    const off = { port_security_enabled: false };
    expect(await failure(f.port(network.id, { ...off, security_groups: [own.id] }))).toEqual(refused);
    const port = await f.port(network.id);
    expect(await failure(update(port, { ...off, security_groups: [own.id] }))).toEqual(refused);
    expect(await failure(update(port, off))).toEqual({
      type: 'PortSecurityPortHasSecurityGroup',
      message:
        'Port has security group associated. Cannot disable port security or IP address until security group is removed.',
    });
    expect(await update(port, { ...off, security_groups: [] })).toMatchObject({ ...off, security_groups: [] });
    expect(await failure(update(port, { security_groups: [own.id] }))).toEqual(refused);
  });

  it('hear of new members, other addresses and members that left', async () => {
    const heard = async () =>
      (await f.told())
        .filter(({ method }) => method === 'security_groups_member_updated')
        .map(({ to, args }) => [to, [...args.security_groups].sort()]);
    const to = 'q-agent-notifier-security_group-update_fanout';
    const port = await f.port(network.id, { security_groups: [own.id] });
    expect(await heard()).toEqual([[to, [own.id]]]);
    await update(port, { name: 'x' });
    expect(await heard()).toEqual([]);
    await update(port, { fixed_ips: [] });
    expect(await heard()).toEqual([[to, [own.id]]]);
    const other = await defaultGroup();
    await update(port, { security_groups: [other] });
    expect(await heard()).toEqual([[to, [own.id, other].sort()]]);
    await f.plugin.collections.ports.delete!(f.context, port.id);
    expect(await heard()).toEqual([[to, [other]]]);
  });
});

describe('without security groups', () => {
  it('there are none, nor anything of them', async () => {
    await using plain = await createFixture();
    const { id } = await plain.network();
    const port = await plain.port(id);
    expect(port).not.toHaveProperty('security_groups');
    expect(plain.plugin.collections).not.toHaveProperty('security_groups');
    expect([...plain.plugin.extensions].filter((alias) => alias.includes('security-group'))).toEqual([]);
    expect(plain.plugin.extensions.has('neutrino-no-isolation')).toBe(true);
    expect(await plain.database.db.selectFrom('securitygroups').select('id').execute()).toEqual([]);
  });

  it('there is no isolation, nor with groups that nobody enforces', async () => {
    await using noop = await createFixture({
      securityGroup: { enable_security_group: true, firewall_driver: 'noop' },
    });
    expect(noop.plugin.extensions.has('neutrino-no-isolation')).toBe(true);
    expect(noop.plugin.extensions.has('security-group')).toBe(true);
    expect(f.plugin.extensions.has('neutrino-no-isolation')).toBe(false);
  });
});
