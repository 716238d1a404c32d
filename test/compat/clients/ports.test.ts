import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { opened } from './opened.ts';

const openstack = opened('openstack');
const service = opened('openstack', 'neutron');

beforeAll(async () => {
  await openstack.ok('network create net5 --provider-network-type flat --provider-physical-network physnet1');
  await openstack.ok('subnet create sub5 --network net5 --subnet-range 10.5.0.0/24 --no-dhcp');
  await openstack.ok('security group create group5');
});

afterAll(async () => {
  await openstack.ok('network delete net5');
  await openstack.ok('security group delete group5');
});

it('port: create, list with filters, set, unset, show, delete', async () => {
  const made = await openstack.json(
    'port create port5 --network net5 --fixed-ip subnet=sub5,ip-address=10.5.0.50 --mac-address fa:16:3e:00:05:05 --device vm5 --device-owner compute:nova --vnic-type normal',
    `--host ${inject('host')}`,
    '--security-group group5 --allowed-address ip-address=10.5.0.60 --extra-dhcp-option name=mtu,value=1400 --tag red --description five',
  );
  expect(made).toMatchObject({
    name: 'port5',
    fixed_ips: [{ ip_address: '10.5.0.50' }],
    mac_address: 'fa:16:3e:00:05:05',
    binding_host_id: 'host1',
    binding_vif_type: 'bridge',
    allowed_address_pairs: [{ ip_address: '10.5.0.60', mac_address: 'fa:16:3e:00:05:05' }],
    extra_dhcp_opts: [{ opt_name: 'mtu', opt_value: '1400', ip_version: 4 }],
    tags: ['red'],
    status: 'DOWN',
  });
  await openstack.ok('port create free5 --network net5 --no-fixed-ip --no-security-group --disable-port-security');
  for (const [filter, found] of [
    ['--network net5', ['free5', 'port5']],
    ['--name port5', ['port5']],
    ['--device-owner compute:nova', ['port5']],
    ['--device-id vm5', ['port5']],
    ['--mac-address fa:16:3e:00:05:05', ['port5']],
    ['--host host1 --network net5', ['port5']],
    ['--fixed-ip ip-address=10.5.0.50', ['port5']],
    ['--fixed-ip subnet=sub5', ['port5']],
    ['--fixed-ip ip-substring=.0.5', ['port5']],
    ['--tags red', ['port5']],
    ['--network net5 --not-tags red', ['free5']],
    ['--project demo', []],
  ] as const)
    expect(await openstack.names(`port list ${filter}`), filter).toEqual(found);

  await openstack.ok(
    'port set port5 --name other5 --disable --description changed --device vm6 --fixed-ip subnet=sub5,ip-address=10.5.0.51 --allowed-address ip-address=10.5.0.61 --extra-dhcp-option name=server-ip-address,value=192.0.2.1 --tag blue',
  );
  expect(await openstack.json('port show other5')).toMatchObject({
    admin_state_up: false,
    description: 'changed',
    device_id: 'vm6',
    tags: ['blue', 'red'],
  });
  const shown = await openstack.json('port show other5');
  expect(shown.fixed_ips.map((fixed: { ip_address: string }) => fixed.ip_address).sort()).toEqual([
    '10.5.0.50',
    '10.5.0.51',
  ]);
  await openstack.ok(
    'port unset other5 --fixed-ip subnet=sub5,ip-address=10.5.0.50 --security-group group5 --allowed-address ip-address=10.5.0.61,mac-address=fa:16:3e:00:05:05 --tag red --host',
  );
  expect(await openstack.json('port show other5')).toMatchObject({
    fixed_ips: [{ ip_address: '10.5.0.51' }],
    binding_host_id: '',
    security_group_ids: [],
    allowed_address_pairs: [{ ip_address: '10.5.0.60' }],
    tags: ['blue'],
  });
  await openstack.ok('port set other5 --no-allowed-address --no-fixed-ip --enable');
  await openstack.ok('port set other5 --disable-port-security');
  expect(await openstack.fails('port set other5 --allowed-address ip-address=10.5.0.1')).toMatch(/port security/i);
  await openstack.ok('port delete other5 free5');
  expect(await openstack.fails('port show other5')).toMatch(/No Port found for other5/);
});

it('port: the binding profile is for services alone', async () => {
  expect(await openstack.fails('port create x --network net5 --binding-profile a=b')).toMatch(/disallowed by policy/);
  expect(await service.json('port create profiled --network net5 --binding-profile a=b')).toMatchObject({
    binding_profile: { a: 'b' },
  });
  await service.ok('port set profiled --binding-profile c=d');
  await service.ok('port unset profiled --binding-profile a');
  expect(await openstack.json('port show profiled')).toMatchObject({ binding_profile: { c: 'd' } });
  await service.ok('port delete profiled');
});

it('port: what is wrong with a request', async () => {
  expect(await openstack.fails('port create x --network net5 --fixed-ip ip-address=192.0.2.9')).toMatch(
    /not a valid IP for any of the subnets/,
  );
  expect(await openstack.fails('port create x --network net5 --mac-address nonsense')).toMatch(/nonsense/);
});
