import { expect, it } from 'vitest';
import { opened } from './opened.ts';

const openstack = opened('openstack');
const demo = opened('openstack', 'demo');
const alt = opened('openstack', 'alt');

it('network rbac: create, list with filters, set, show, delete; what the other project sees', async () => {
  await openstack.ok('network create shared1');
  const policy = await openstack.json(
    'network rbac create --type network --action access_as_shared --target-project demo shared1',
  );
  expect(policy).toMatchObject({ object_type: 'network', action: 'access_as_shared' });
  expect(await demo.names('network list')).toContain('shared1');
  expect(await alt.names('network list')).not.toContain('shared1');
  expect(await demo.fails('network set shared1 --name mine')).toMatch(/403|ForbiddenException|disallowed/);

  expect(await openstack.json('network rbac list --type network --action access_as_shared')).toMatchObject([
    { ID: policy.id },
  ]);
  await openstack.ok(`network rbac set ${policy.id} --target-project alt`);
  expect(await demo.names('network list')).not.toContain('shared1');
  expect(await alt.names('network list')).toContain('shared1');
  expect((await openstack.json(`network rbac show ${policy.id}`)).target_project_id).toBe(
    (await openstack.json('project show alt')).id,
  );
  await openstack.ok(`network rbac delete ${policy.id}`);
  expect(await alt.names('network list')).not.toContain('shared1');
  await openstack.ok('network delete shared1');
});

it('network rbac of every other kind of object', async () => {
  await openstack.ok('security group create sg');
  await openstack.ok('address group create ag');
  await openstack.ok('address scope create as');
  await openstack.ok('subnet pool create sp --pool-prefix 10.30.0.0/16');
  const list = { security_group: 'security group', address_group: 'address group', address_scope: 'address scope' };
  for (const [type, name, words] of [
    ['security_group', 'sg', list.security_group],
    ['address_group', 'ag', list.address_group],
    ['address_scope', 'as', list.address_scope],
    ['subnetpool', 'sp', 'subnet pool'],
  ] as const) {
    expect(await demo.names(`${words} list`), type).not.toContain(name);
    const { id } = await openstack.json(
      `network rbac create --type ${type} --action access_as_shared --target-all-projects ${name}`,
    );
    expect(await demo.names(`${words} list`), type).toContain(name);
    await openstack.ok(`network rbac delete ${id}`);
    await openstack.ok(`${words} delete ${name}`);
  }
});
