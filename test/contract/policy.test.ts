import { afterEach, describe, expect, it } from 'vitest';
import { admin, type Caller, makeTenants, member, reader, type Tenants } from '../support/tenants.ts';

let t: Tenants;
afterEach(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const demo = member('demo');
const alt = member('alt');
const names = ({ body }: { body: { networks: { name: string }[] } }) => body.networks.map(({ name }) => name).sort();
const refused = (rules: string) => ({
  status: 403,
  body: { NeutronError: { type: 'PolicyNotAuthorized', message: `${rules} is disallowed by policy`, detail: '' } },
});

describe('what a project sees', () => {
  it('is its own, what is shared with it or everybody, and ways outside', async () => {
    t = await makeTenants();
    await t.create(demo, 'networks', { name: 'own' });
    await t.create(admin, 'networks', { name: 'hidden' });
    await t.create(admin, 'networks', { name: 'shared', shared: true });
    await t.create(admin, 'networks', { name: 'outside', 'router:external': true });
    expect(names(await t.ask(demo, 'GET', 'networks'))).toEqual(['outside', 'own', 'shared']);
    expect(names(await t.ask(alt, 'GET', 'networks'))).toEqual(['outside', 'shared']);
    expect(names(await t.ask(admin, 'GET', 'networks'))).toEqual(['hidden', 'outside', 'own', 'shared']);
    expect(names(await t.ask(alt, 'GET', 'networks?shared=false'))).toEqual(['outside']);
  });

  it('of subnets is those on its networks and on shared ones, not those that lead outside', async () => {
    t = await makeTenants();
    for (const input of [{ shared: true }, { 'router:external': true }, {}]) {
      const network = await t.create(admin, 'networks', input);
      const name = Object.keys(input)[0] ?? 'hidden';
      await t.create(admin, 'subnets', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24', name });
    }
    const seen = (await t.ask(demo, 'GET', 'subnets')).body.subnets.map(({ name }: { name: string }) => name);
    expect(seen).toEqual(['shared']);
  });

  it('is not found where it is another’s, whatever is asked', async () => {
    t = await makeTenants();
    const { id } = await t.create(demo, 'networks', { name: 'own' });
    for (const [method, body] of [['GET'], ['DELETE'], ['PUT', { network: { name: 'mine' } }]] as const) {
      const answer = await t.ask(alt, method, `networks/${id}`, body);
      expect(answer).toMatchObject({ status: 404, body: { NeutronError: { type: 'NetworkNotFound' } } });
    }
    for (const [collection, input] of [
      ['subnets', { subnet: { network_id: id, ip_version: 4, cidr: '10.0.0.0/24' } }],
      ['ports', { port: { network_id: id } }],
    ] as const) {
      const answer = await t.ask(alt, 'POST', collection, input);
      expect(answer).toMatchObject({ status: 404, body: { NeutronError: { type: 'NetworkNotFound' } } });
    }
  });

  it('lacks what only administrators see, in shows, lists of any length and answers to changes', async () => {
    t = await makeTenants();
    const made = await t.create(demo, 'networks', { name: 'n0' });
    expect(made).not.toHaveProperty('provider:network_type');
    for (let i = 1; i < 60; i++) await t.create(demo, 'networks', { name: `n${i}` });
    for (const answer of [
      (await t.ask(demo, 'GET', `networks/${made.id}`)).body.network,
      ...(await t.ask(demo, 'GET', 'networks?limit=3')).body.networks,
      ...(await t.ask(demo, 'GET', 'networks')).body.networks,
      ...(await t.ask(demo, 'GET', 'networks?fields=id&fields=provider:network_type')).body.networks,
      (await t.ask(demo, 'PUT', `networks/${made.id}`, { network: { name: 'x' } })).body.network,
    ]) {
      expect(Object.keys(answer).filter((key) => key.startsWith('provider:') || key === 'segments')).toEqual([]);
    }
    const port = await t.create(demo, 'ports', { network_id: made.id });
    expect(Object.keys(port).filter((key) => key.startsWith('binding:'))).toEqual(['binding:vnic_type']);
    const service: Caller = { project: 'services', roles: ['service'] };
    expect((await t.ask(service, 'GET', `ports/${port.id}`)).body.port).toHaveProperty('binding:host_id');
  });

  it.each([
    ['of the network alone', 'project_id:%(network:project_id)s', ['on own']],
    ['of the port alone', 'tenant_id:%(tenant_id)s', ['elsewhere']],
    ['of either', 'project_id:%(project_id)s or tenant_id:%(network:tenant_id)s', ['elsewhere', 'on own']],
    ['of nothing that the database knows', 'user_id:%(name)s or field:ports:name=elsewhere', ['elsewhere']],
  ])('is what an operator’s rule says: %s', async (_, rule, expected) => {
    t = await makeTenants({ rules: [{ path: 'policy.yaml', rules: { get_port: rule } }] });
    const own = await t.create(demo, 'networks', {});
    const shared = await t.create(admin, 'networks', { shared: true });
    const [seen] = [await t.create(admin, 'ports', { network_id: own.id, name: 'on own' })];
    const mine = await t.create(demo, 'ports', { network_id: shared.id, name: 'elsewhere' });
    await t.create(admin, 'ports', { network_id: shared.id, name: 'hidden' });
    for (const query of ['', '?limit=5', '?fields=name&fields=network_id']) {
      const { ports } = (await t.ask(demo, 'GET', `ports${query}`)).body;
      expect(ports.map(({ name }: { name: string }) => name).sort()).toEqual(expected);
    }
    for (const { id, name } of [seen, mine]) {
      expect((await t.ask(demo, 'GET', `ports/${id}`)).status).toBe(expected.includes(name) ? 200 : 404);
    }
  });

  it('of other people’s ports is those on its own networks', async () => {
    t = await makeTenants();
    const network = await t.create(admin, 'networks', { name: 'shared', shared: true, project_id: 'demo' });
    await t.create(alt, 'ports', { network_id: network.id, name: 'of alt' });
    await t.create(demo, 'ports', { network_id: network.id, name: 'of demo' });
    const ports = async (caller: Caller) =>
      (await t.ask(caller, 'GET', 'ports')).body.ports.map(({ name }: { name: string }) => name).sort();
    expect(await ports(demo)).toEqual(['of alt', 'of demo']);
    expect(await ports(alt)).toEqual(['of alt']);
    expect(await ports(member('third'))).toEqual([]);
  });

  it('without a role is only what is open to everybody, object by object', async () => {
    t = await makeTenants();
    const nobody: Caller = { project: 'demo', roles: [] };
    await t.create(demo, 'networks', { name: 'own' });
    await t.create(admin, 'networks', { name: 'shared', shared: true });
    expect(names(await t.ask(nobody, 'GET', 'networks'))).toEqual(['shared']);
    const own = (await t.ask(demo, 'GET', 'networks?name=own')).body.networks[0];
    const { status, body } = await t.ask(nobody, 'GET', `networks/${own.id}`);
    expect({ status, body }).toEqual({
      status: 404,
      body: { type: 'HTTPNotFound', message: 'The resource could not be found.', detail: '' },
    });
  });

  it('of agents is nothing', async () => {
    t = await makeTenants();
    expect(await t.ask(demo, 'GET', 'agents')).toEqual({ status: 200, body: { agents: [] } });
  });
});

describe('what a project may do', () => {
  it('is refused with the names of the rules', async () => {
    t = await makeTenants();
    const create = (network: object) => t.ask(demo, 'POST', 'networks', { network });
    expect(await create({ shared: true })).toEqual(refused('(rule:create_network and rule:create_network:shared)'));
    expect(await create({ 'router:external': true })).toEqual(
      refused('(rule:create_network and rule:create_network:router:external)'),
    );
    expect((await create({ shared: false, name: 'fine' })).status).toBe(201);
    expect(await t.ask(reader('demo'), 'POST', 'networks', { network: {} })).toEqual(refused('rule:create_network'));
  });

  it('to what it sees of others is 403, not 404', async () => {
    t = await makeTenants();
    const { id } = await t.create(admin, 'networks', { name: 'shared', shared: true });
    expect(await t.ask(demo, 'DELETE', `networks/${id}`)).toEqual(refused('rule:delete_network'));
    expect(await t.ask(demo, 'PUT', `networks/${id}`, { network: { name: 'x' } })).toEqual(
      refused('rule:update_network'),
    );
    const outside = await t.create(admin, 'networks', { name: 'out', 'router:external': true });
    expect(await t.ask(demo, 'POST', 'ports', { port: { network_id: outside.id } })).toMatchObject({ status: 403 });
  });

  it('on a shared network is ports, without choosing addresses, MACs or infrastructure owners', async () => {
    t = await makeTenants();
    const network = await t.create(admin, 'networks', { shared: true });
    const subnet = await t.create(admin, 'subnets', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
    const create = async (port: object) =>
      (await t.ask(demo, 'POST', 'ports', { port: { network_id: network.id, ...port } })).status;
    expect(await create({})).toBe(201);
    expect(await create({ fixed_ips: [{ subnet_id: subnet.id }] })).toBe(201);
    expect(await create({ fixed_ips: [{ ip_address: '10.0.0.9' }] })).toBe(403);
    expect(await create({ mac_address: 'fa:16:3e:00:00:01' })).toBe(403);
    expect(await create({ device_owner: 'network:dhcp' })).toBe(403);
    expect(await create({ device_owner: 'compute:nova' })).toBe(201);
    expect(await create({ port_security_enabled: false })).toBe(403);
    expect(await create({ 'binding:host_id': 'host1' })).toBe(403);
    expect(await create({ allowed_address_pairs: [{ ip_address: '10.0.0.0/8' }] })).toBe(403);
  });

  it('for another project is refused before any rule is asked', async () => {
    t = await makeTenants();
    const answer = await t.ask(demo, 'POST', 'networks', { network: { project_id: 'alt' } });
    expect(answer).toMatchObject({ status: 400, body: { NeutronError: { type: 'HTTPBadRequest' } } });
  });

  it('names the quota before the rule when both are in the way', async () => {
    t = await makeTenants({ options: { quota: { quota_network: 1 } } });
    await t.create(demo, 'networks', {});
    expect(await t.ask(demo, 'POST', 'networks', { network: { shared: true } })).toMatchObject({
      status: 409,
      body: { NeutronError: { type: 'OverQuota' } },
    });
  });

  it('with groups of addresses goes by their owner', async () => {
    t = await makeTenants();
    const { id } = await t.create(demo, 'address-groups', { name: 'g', addresses: ['10.0.0.0/8'] });
    const add = (caller: Caller) =>
      t.ask(caller, 'PUT', `address-groups/${id}/add_addresses`, { addresses: ['172.16.0.0/12'] });
    expect((await add(alt)).status).toBe(404);
    expect((await add(reader('demo'))).status).toBe(403);
    expect((await add(demo)).status).toBe(200);
  });

  it('with bindings of ports is nothing but for services', async () => {
    t = await makeTenants();
    const network = await t.create(demo, 'networks', {});
    const port = await t.create(demo, 'ports', { network_id: network.id, device_owner: 'compute:nova' });
    const path = `ports/${port.id}/bindings`;
    expect((await t.ask(demo, 'GET', path)).body).toEqual({ bindings: [] });
    expect((await t.ask(admin, 'GET', path)).body.bindings).toHaveLength(1);
    expect((await t.ask(demo, 'POST', path, { binding: { host: 'h' } })).status).toBe(403);
  });
});

describe('rules of an operator', () => {
  it('replace the built-in ones', async () => {
    t = await makeTenants({
      rules: [
        {
          path: 'policy.yaml',
          rules: {
            'create_network:shared': 'role:member',
            get_network: 'rule:admin_only',
            update_network: [['role:x']],
          },
        },
      ],
    });
    expect((await t.ask(demo, 'POST', 'networks', { network: { shared: true } })).status).toBe(201);
    expect((await t.ask(demo, 'GET', 'networks')).body).toEqual({ networks: [] });
    expect((await t.ask(admin, 'GET', 'networks')).body.networks).toHaveLength(1);
  });

  it('may judge single objects, with fields, and pages keep their links', async () => {
    t = await makeTenants({ rules: [{ path: 'p', rules: { get_network: "'seen':%(name)s or rule:admin_only" } }] });
    for (const name of ['seen', 'other', 'seen']) await t.create(demo, 'networks', { name });
    const { body } = await t.ask(demo, 'GET', 'networks?fields=name&limit=2');
    expect(new Set(body.networks.map((network: object) => JSON.stringify(network)))).toEqual(
      new Set(['{"name":"seen"}']),
    );
    expect(body.networks_links.map(({ rel }: { rel: string }) => rel)).toContain('next');
  });

  it('can be changed while the server runs', async () => {
    t = await makeTenants();
    expect((await t.ask(demo, 'POST', 'networks', { network: { shared: true } })).status).toBe(403);
    t.policy.replace([{ path: 'p', rules: { 'create_network:shared': '' } }]);
    expect((await t.ask(demo, 'POST', 'networks', { network: { shared: true } })).status).toBe(201);
  });

  it('of older releases count beside the new ones where those are not enforced', async () => {
    t = await makeTenants({ newDefaults: false });
    const nobody: Caller = { project: 'demo', roles: ['_member_'] };
    const network = await t.create(nobody, 'networks', { name: 'own' });
    expect(names(await t.ask(nobody, 'GET', 'networks'))).toEqual(['own']);
    const port = { network_id: network.id, 'binding:profile': { a: 1 } };
    expect((await t.ask(admin, 'POST', 'ports', { port })).status).toBe(201);
    expect((await t.ask(nobody, 'POST', 'networks', { network: { shared: true } })).status).toBe(403);
  });
});
