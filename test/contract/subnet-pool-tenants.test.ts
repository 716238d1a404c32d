import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { admin, type Caller, makeTenants, member, reader, type Tenants } from '../support/tenants.ts';

/** Subnet pools and address scopes as projects meet them: through the API, under the rules of policy. */
let t: Tenants;
beforeEach(async () => {
  t = await makeTenants();
});
afterEach(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const demo = member('demo');
const alt = member('alt');
const outcome = async (caller: Caller, method: string, path: string, body?: object) => {
  const { status, body: answer } = await t.ask(caller, method, path, body);
  return `${status} ${answer?.NeutronError?.type ?? ''}`.trim();
};
const pool = (caller = demo, input = {}) =>
  t.create(caller, 'subnetpools', { name: 'p', prefixes: ['10.0.0.0/16'], default_prefixlen: 26, ...input });
const open = (caller: Caller, object_type: string, object_id: string, target_tenant: string) =>
  t.create(caller, 'rbac-policies', { object_type, object_id, action: 'access_as_shared', target_tenant });
const take = async (caller: Caller, subnetpool_id: string) => {
  const { id: network_id } = await t.create(caller, 'networks', {});
  return outcome(caller, 'POST', 'subnets', { subnet: { network_id, ip_version: 4, subnetpool_id } });
};

describe('a pool', () => {
  it('is taken from by those who see it, and changed by its project', async () => {
    const { id } = await pool();
    const routes = [
      ['add_prefixes', { prefixes: ['10.1.0.0/16'] }],
      ['remove_prefixes', { prefixes: ['10.1.0.0/16'] }],
    ] as const;
    expect(await take(alt, id)).toBe('404 SubnetPoolNotFound');
    for (const [route, body] of routes) {
      expect(await outcome(alt, 'PUT', `subnetpools/${id}/${route}`, body)).toBe('404 SubnetPoolNotFound');
    }
    await open(demo, 'subnetpool', id, 'alt');
    expect(await take(alt, id)).toBe('201');
    for (const [route, body] of routes) {
      const path = `subnetpools/${id}/${route}`;
      expect(await outcome(alt, 'PUT', path, body)).toBe('403 PolicyNotAuthorized');
      expect(await outcome(reader('demo'), 'PUT', path, body)).toBe('403 PolicyNotAuthorized');
      expect(await outcome(demo, 'PUT', path, body)).toBe('200');
    }
    expect(await outcome(demo, 'DELETE', `subnetpools/${id}`)).toBe('400 SubnetPoolDeleteError');
  });

  it('is made the default, or opened to everybody, by administrators', async () => {
    const { id } = await pool();
    for (const input of [{ is_default: true }, { shared: true }]) {
      const body = { subnetpool: { name: 'x', prefixes: ['10.9.0.0/16'], ...input } };
      expect(await outcome(demo, 'POST', 'subnetpools', body)).toBe('403 PolicyNotAuthorized');
    }
    expect(await outcome(demo, 'PUT', `subnetpools/${id}`, { subnetpool: { is_default: true } })).toBe(
      '403 PolicyNotAuthorized',
    );
    expect(await outcome(admin, 'PUT', `subnetpools/${id}`, { subnetpool: { is_default: true } })).toBe('200');
    const wildcard = { object_type: 'subnetpool', object_id: id, action: 'access_as_shared', target_tenant: '*' };
    expect(await outcome(demo, 'POST', 'rbac-policies', { rbac_policy: wildcard })).toBe('403 PolicyNotAuthorized');
  });

  it('is the default for those who see it', async () => {
    const { id } = await pool(admin, { is_default: true });
    const subnet = { ip_version: 4, use_default_subnetpool: true };
    const { id: network_id } = await t.create(demo, 'networks', {});
    expect(await outcome(demo, 'POST', 'subnets', { subnet: { ...subnet, network_id } })).toBe('400 BadRequest');
    await open(admin, 'subnetpool', id, 'demo');
    expect(await t.create(demo, 'subnets', { ...subnet, network_id })).toMatchObject({ subnetpool_id: id });
  });

  it('takes in the subnets of own networks only', async () => {
    const { id } = await pool();
    const theirs = await t.create(alt, 'networks', {});
    const path = `subnetpools/${id}/onboard_network_subnets`;
    expect(await outcome(demo, 'PUT', path, { network_id: theirs.id })).toBe('404 NetworkNotFound');
    await open(alt, 'network', theirs.id, 'demo');
    expect(await outcome(demo, 'PUT', path, { network_id: theirs.id })).toBe('403 NotAuthorized');
    const ours = await t.create(demo, 'networks', {});
    expect(await outcome(demo, 'PUT', path, { network_id: ours.id })).toBe('200');
  });

  it('gives each of many who ask at once a block of its own', async () => {
    const { id: subnetpool_id } = await pool(demo, { prefixes: ['10.0.0.0/22'] });
    const networks = await Promise.all(Array.from({ length: 20 }, () => t.create(demo, 'networks', {})));
    const answers = await Promise.all(
      networks.map(({ id: network_id }) =>
        t.ask(demo, 'POST', 'subnets', { subnet: { network_id, ip_version: 4, subnetpool_id } }),
      ),
    );
    const made = answers.filter(({ status }) => status === 201).map(({ body }) => body.subnet.cidr);
    expect(new Set(made).size).toBe(16);
    expect(made).toHaveLength(16);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.map(({ body }) => body.NeutronError.type)).toEqual(Array(4).fill('SubnetAllocationError'));
  });
});

describe('an address scope', () => {
  it('takes pools of those who see it, and opens with them', async () => {
    const scope = await t.create(demo, 'address-scopes', { name: 's', ip_version: 4 });
    const input = { name: 'x', prefixes: ['10.5.0.0/16'], address_scope_id: scope.id };
    expect(await outcome(alt, 'POST', 'subnetpools', { subnetpool: input })).toBe('404 AddressScopeNotFound');
    const { id } = await pool(demo, { address_scope_id: scope.id });
    const policy = { object_type: 'subnetpool', object_id: id, action: 'access_as_shared', target_tenant: 'alt' };
    expect(await outcome(demo, 'POST', 'rbac-policies', { rbac_policy: policy })).toBe('409 RbacPolicyInitError');
    await open(demo, 'address_scope', scope.id, 'alt');
    await open(demo, 'subnetpool', id, 'alt');
    const theirs = await pool(alt, input);
    expect(await outcome(alt, 'PUT', `subnetpools/${theirs.id}`, { subnetpool: { name: 'y' } })).toBe(
      '400 IllegalSubnetPoolUpdate',
    );
    expect(await outcome(demo, 'DELETE', `address-scopes/${scope.id}`)).toBe('409 AddressScopeInUse');
  });

  it('is opened to everybody by administrators', async () => {
    const { id } = await t.create(demo, 'address-scopes', { name: 's', ip_version: 4 });
    const change = { address_scope: { shared: true } };
    expect(await outcome(demo, 'PUT', `address-scopes/${id}`, change)).toBe('403 PolicyNotAuthorized');
    expect(await outcome(admin, 'PUT', `address-scopes/${id}`, change)).toBe('200');
    expect((await t.ask(alt, 'GET', `address-scopes/${id}`)).body.address_scope.shared).toBe(true);
  });
});
