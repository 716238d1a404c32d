import { expect, inject, it } from 'vitest';
import { runProgram } from '../openstack/client.ts';
import { opened } from './opened.ts';

/** The classic client (8.1), which scripts of ten years call. */
const neutron = opened('neutron');

it('networks, subnets, ports', async () => {
  expect(await neutron.json('net-create classic --provider:network_type local --mtu 1400')).toMatchObject({
    name: 'classic',
    mtu: 1400,
    'provider:network_type': 'local',
  });
  expect(
    await neutron.json('subnet-create classic 10.50.0.0/24 --name classic4 --disable-dhcp --dns-nameserver 192.0.2.1'),
  ).toMatchObject({ cidr: '10.50.0.0/24', enable_dhcp: false, dns_nameservers: ['192.0.2.1'] });
  expect(
    await neutron.json('port-create classic --name classic-port --fixed-ip ip_address=10.50.0.9 --no-security-groups'),
  ).toMatchObject({ name: 'classic-port', security_groups: [] });
  await neutron.ok('net-update classic --name classical --admin-state-up False');
  await neutron.ok('subnet-update classic4 --no-gateway --description changed');
  await neutron.ok('port-update classic-port --name other-port --device-id vm');
  expect(await neutron.json('net-show classical')).toMatchObject({ admin_state_up: false });
  expect(await neutron.json('subnet-show classic4')).toMatchObject({ gateway_ip: null, description: 'changed' });
  expect(await neutron.json('port-show other-port')).toMatchObject({ device_id: 'vm' });
  expect(await neutron.names('net-list --name classical')).toEqual(['classical']);
  expect(await neutron.names('subnet-list --ip_version 4 --name classic4')).toEqual(['classic4']);
  expect(await neutron.names('port-list --device-id vm -c name')).toEqual(['other-port']);
  await neutron.ok('tag-add --resource-type network --resource classical --tag red');
  await neutron.ok('tag-replace --resource-type network --resource classical --tag blue');
  expect(await neutron.json('net-show classical')).toMatchObject({ tags: ['blue'] });
  await neutron.ok('tag-remove --resource-type network --resource classical --all');
  expect(await neutron.json('net-ip-availability-show classical')).toMatchObject({ used_ips: 1 });
  expect(await neutron.fails('net-delete classical')).toMatch(/one or more ports still in use/);
  await neutron.ok('port-delete other-port');
  await neutron.ok('subnet-delete classic4');
  await neutron.ok('net-delete classical');
  expect(await neutron.fails('net-show classical')).toMatch(/Unable to find network with name or id 'classical'/);
});

it('security groups, pools, scopes, policies, flavors', async () => {
  await neutron.ok('security-group-create g');
  const rule = await neutron.json(
    'security-group-rule-create g --protocol tcp --port-range-min 22 --port-range-max 22',
  );
  expect(rule).toMatchObject({ protocol: 'tcp', port_range_min: 22 });
  expect(await neutron.ok('security-group-rule-list')).toContain('22/tcp');
  await neutron.ok('security-group-update g --name h');
  await neutron.ok(`security-group-rule-delete ${rule.id}`);
  await neutron.ok('security-group-delete h');

  await neutron.ok('address-scope-create s 4');
  await neutron.ok('address-scope-update s --name t');
  await neutron.ok('subnetpool-create p --pool-prefix 10.60.0.0/16 --address-scope t');
  await neutron.ok('subnetpool-update p --name q --default-prefixlen 25');
  // Neutron answers text here, too.
  expect(await neutron.json('subnetpool-show q')).toMatchObject({ default_prefixlen: '25' });
  expect(await neutron.names('subnetpool-list')).toEqual(['q']);
  await neutron.ok('subnetpool-delete q');
  await neutron.ok('address-scope-delete t');

  await neutron.ok('net-create n --provider:network_type local');
  const policy = await neutron.json('rbac-create n --type network --action access_as_shared --target-tenant x');
  await neutron.ok(`rbac-update ${policy.id} --target-tenant y`);
  expect(await neutron.json(`rbac-show ${policy.id}`)).toMatchObject({ target_tenant: 'y' });
  await neutron.ok(`rbac-delete ${policy.id}`);
  await neutron.ok('net-delete n');

  await neutron.ok('flavor-create f TAG');
  expect(await neutron.names('flavor-list')).toEqual(['f']);
  await neutron.ok('flavor-delete f');
  expect(await neutron.ok('ext-list')).toContain('security-group');
  expect(await neutron.ok('availability-zone-list')).toContain('nova');
});

it('the programs themselves, one process per command', async () => {
  const rc = inject('rc').admin;
  const classic = await runProgram('neutron', ['agent-list'], rc);
  expect([classic.code, classic.out.match(/:-\)/g)?.length]).toEqual([0, 4]);
  const modern = await runProgram('openstack', ['network', 'agent', 'list', '-f', 'value', '-c', 'Alive'], rc);
  expect(modern).toMatchObject({ code: 0, out: 'True\nTrue\nTrue\nTrue\n' });
  const wrong = await runProgram('openstack', ['network', 'list'], { ...rc, OS_PASSWORD: 'wrong' });
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('HTTP 401')]);
});
