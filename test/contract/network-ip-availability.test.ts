import { afterEach, beforeEach, expect, it } from 'vitest';
import { admin, makeTenants, member, type Tenants } from '../support/tenants.ts';

/** The use of addresses as callers meet it: through the API, under the rules of policy. */
let t: Tenants;
beforeEach(async () => {
  t = await makeTenants();
});
afterEach(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const service = { project: 'service', roles: ['service'] };
const names = async (query: string, caller = admin) =>
  (await t.ask(caller, 'GET', `network-ip-availabilities${query}`)).body.network_ip_availabilities.map(
    (network: { network_name: string }) => network.network_name,
  );

it('is for administrators and services, who see every network', async () => {
  const { id } = await t.create(member('demo'), 'networks', { name: 'n' });
  for (const caller of [admin, service]) {
    expect(await names('', caller)).toEqual(['n']);
    expect((await t.ask(caller, 'GET', `network-ip-availabilities/${id}`)).status).toBe(200);
  }
  expect(await names('', member('demo'))).toEqual([]);
  expect((await t.ask(member('demo'), 'GET', `network-ip-availabilities/${id}`)).status).toBe(404);
});

it('is filtered, sorted and shown in part', async () => {
  const four = await t.create(admin, 'networks', { name: 'four', project_id: 'demo' });
  const six = await t.create(admin, 'networks', { name: 'six' });
  await t.create(admin, 'subnets', { network_id: four.id, ip_version: 4, cidr: '10.0.0.0/24' });
  await t.create(admin, 'subnets', { network_id: six.id, ip_version: 6, cidr: '2001:db8::/64' });
  expect(await names('?ip_version=4')).toEqual(['four']);
  expect(await names('?ip_version=6')).toEqual(['six']);
  expect(await names(`?network_id=${six.id}`)).toEqual(['six']);
  expect(await names('?network_name=four')).toEqual(['four']);
  expect(await names('?tenant_id=demo')).toEqual(['four']);
  const refused = await t.ask(admin, 'GET', 'network-ip-availabilities?cidr=10.0.0.0/24');
  expect(refused.body.NeutronError.message).toBe("['cidr'] is invalid attribute for filtering");
  const [first, last] = [four.id, six.id].sort();
  const path = 'network-ip-availabilities?sort_key=network_id&sort_dir=desc&fields=total_ips&limit=1';
  const page = (await t.ask(admin, 'GET', path)).body;
  const marker = `marker=${last}`;
  expect(page.network_ip_availabilities_links[0]).toEqual({ rel: 'next', href: expect.stringContaining(marker) });
  const { body } = await t.ask(admin, 'GET', `${path}&fields=network_id&${marker}`);
  expect(body.network_ip_availabilities).toMatchObject([{ network_id: first }]);
});

it.each(['POST', 'PUT', 'DELETE'])('cannot be changed by %s', async (method) => {
  const { id } = await t.create(admin, 'networks', {});
  const path = method === 'POST' ? 'network-ip-availabilities' : `network-ip-availabilities/${id}`;
  const { status } = await t.ask(
    admin,
    method,
    path,
    method === 'DELETE' ? undefined : { network_ip_availability: {} },
  );
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
});
