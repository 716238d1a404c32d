import { expect, it } from 'vitest';
import { opened } from './opened.ts';

const openstack = opened('openstack');

it('address scope: create, list, set, show, delete', async () => {
  expect(await openstack.json('address scope create scope4 --ip-version 4')).toMatchObject({
    name: 'scope4',
    ip_version: 4,
    shared: false,
  });
  await openstack.ok('address scope create scope6 --ip-version 6 --share --project demo');
  expect(await openstack.names('address scope list --ip-version 6')).toEqual(['scope6']);
  expect(await openstack.names('address scope list --share')).toEqual(['scope6']);
  expect(await openstack.names('address scope list --project demo')).toEqual(['scope6']);
  await openstack.ok('address scope set scope4 --name first4 --share');
  expect(await openstack.json('address scope show first4')).toMatchObject({ name: 'first4', shared: true });
  expect(await openstack.fails('address scope set first4 --no-share')).toMatch(/shared/);
  await openstack.ok('address scope delete first4 scope6');
});

it('subnet pool: create, list, set, unset, show, delete; subnets from it', async () => {
  await openstack.ok('address scope create scope --ip-version 4');
  const made = await openstack.json(
    'subnet pool create pool4 --pool-prefix 10.20.0.0/16 --default-prefix-length 26 --min-prefix-length 24 --max-prefix-length 28 --address-scope scope --default-quota 1024 --description first --tag red',
  );
  expect(made).toMatchObject({
    name: 'pool4',
    prefixes: ['10.20.0.0/16'],
    default_prefixlen: 26,
    min_prefixlen: 24,
    max_prefixlen: 28,
    default_quota: 1024,
    tags: ['red'],
  });
  expect(await openstack.names('subnet pool list --name pool4')).toEqual(['pool4']);
  expect(await openstack.names('subnet pool list --address-scope scope')).toEqual(['pool4']);
  expect(await openstack.names('subnet pool list --share')).toEqual([]);
  expect(await openstack.names('subnet pool list --tags red --no-default')).toEqual(['pool4']);

  await openstack.ok('network create pooled --provider-network-type local');
  expect(await openstack.json('subnet create one --network pooled --subnet-pool pool4')).toMatchObject({
    cidr: '10.20.0.0/26',
  });
  expect(
    await openstack.json('subnet create two --network pooled --subnet-pool pool4 --prefix-length 27'),
  ).toMatchObject({ cidr: '10.20.0.64/27' });
  expect(await openstack.names('subnet list --subnet-pool pool4')).toEqual(['one', 'two']);
  expect(await openstack.fails('subnet create x --network pooled --subnet-pool pool4 --prefix-length 20')).toMatch(
    /min|prefix/i,
  );

  await openstack.ok(
    'subnet pool set pool4 --name other4 --pool-prefix 10.21.0.0/16 --default-prefix-length 25 --no-address-scope --default --description second --tag blue',
  );
  await openstack.ok('subnet pool unset other4 --tag red');
  expect(await openstack.json('subnet pool show other4')).toMatchObject({
    prefixes: ['10.20.0.0/15'],
    default_prefixlen: 25,
    address_scope_id: null,
    is_default: true,
    tags: ['blue'],
  });
  await openstack.ok('subnet create three --network pooled --use-default-subnet-pool');
  expect(await openstack.fails('subnet pool delete other4')).toMatch(/subnet/i);
  await openstack.ok('network delete pooled');
  await openstack.ok('subnet pool delete other4');
  await openstack.ok('address scope delete scope');
});
