import { expect, it } from 'vitest';
import type { Json } from '../../support/api.ts';
import { until } from '../../support/wait.ts';
import { opened } from './opened.ts';

const openstack = opened('openstack');
const neutron = opened('neutron');

it('neutron agent-list shows four agents that smile', async () => {
  const table = await neutron.ok('agent-list');
  expect(table.match(/:-\)/g)).toHaveLength(4);
  for (const name of ['Linux bridge agent', 'DHCP agent', 'Metadata agent', 'L3 agent']) expect(table).toContain(name);
});

it('network agent: list with filters, show, set, networks of a DHCP agent', async () => {
  const agents: Json[] = await openstack.json('network agent list');
  expect(agents.map((agent) => [agent.Host, agent.Binary, agent.Alive, agent.State]).sort()).toEqual([
    ['host1', 'neutron-dhcp-agent', true, true],
    ['host1', 'neutron-l3-agent', true, true],
    ['host1', 'neutron-linuxbridge-agent', true, true],
    ['host1', 'neutron-metadata-agent', true, true],
  ]);
  const [dhcp] = await openstack.json('network agent list --agent-type dhcp --host host1');
  await openstack.ok(`network agent set ${dhcp.ID} --description ours`);
  expect(await openstack.json(`network agent show ${dhcp.ID}`)).toMatchObject({
    description: 'ours',
    availability_zone: 'nova',
    binary: 'neutron-dhcp-agent',
  });

  await openstack.ok('network create served --provider-network-type local');
  await openstack.ok('subnet create served4 --network served --subnet-range 10.40.0.0/24');
  const hosting = async () =>
    ((await openstack.json('network agent list --network served')) as Json[]).map((agent) => agent.ID);
  await until('the agent serves it', async () => {
    const ports: Json[] = await openstack.json('port list --network served --device-owner network:dhcp');
    return ports.some(({ Status }) => Status === 'ACTIVE');
  });
  await openstack.ok(`network agent remove network --dhcp ${dhcp.ID} served`);
  expect(await hosting()).toEqual([]);
  await openstack.ok(`network agent add network --dhcp ${dhcp.ID} served`);
  expect(await hosting()).toEqual([dhcp.ID]);
  expect(await openstack.names(`network list --agent ${dhcp.ID}`)).toContain('served');
  await openstack.ok('network delete served');
});

it('network agent: a dead one is deleted', async () => {
  expect(await openstack.fails('network agent delete 11111111-1111-1111-1111-111111111111')).toMatch(
    /No Agent found|could not be found|Failed to delete/,
  );
});

it('availability zone, extension, service provider', async () => {
  const zone = { 'Zone Name': 'nova', 'Zone Status': 'available' };
  expect(await openstack.json('availability zone list --network --long')).toEqual([
    expect.objectContaining({ ...zone, 'Zone Resource': 'network' }),
    expect.objectContaining({ ...zone, 'Zone Resource': 'router' }),
  ]);
  const extensions: Json[] = await openstack.json('extension list --network');
  expect(extensions.map(({ Alias }) => Alias)).toEqual(
    expect.arrayContaining(['agent', 'security-group', 'rbac-policies']),
  );
  expect(await openstack.json('extension show port-security')).toMatchObject({ alias: 'port-security' });
  expect(await openstack.json('network service provider list')).toContainEqual({
    'Service Type': 'L3_ROUTER_NAT',
    Name: 'single_node',
    Default: false,
  });
});

it('network flavor and its profiles: create, list, set, show, add, remove, delete', async () => {
  const flavor = await openstack.json('network flavor create gold --service-type TAG --description fast');
  expect(flavor).toMatchObject({ name: 'gold', service_type: 'TAG' });
  const profile = await openstack.json('network flavor profile create --description p --metainfo x --disable');
  expect(profile).toMatchObject({ description: 'p', meta_info: 'x', enabled: false });
  await openstack.ok(`network flavor set gold --name platinum --disable`);
  await openstack.ok(`network flavor profile set ${profile.id} --metainfo y --enable`);
  await openstack.ok(`network flavor add profile platinum ${profile.id}`);
  expect(await openstack.json('network flavor show platinum')).toMatchObject({
    enabled: false,
    service_profile_ids: [profile.id],
  });
  expect(await openstack.names('network flavor list')).toEqual(['platinum']);
  expect(await openstack.json('network flavor profile list')).toMatchObject([{ ID: profile.id }]);
  expect(await openstack.json(`network flavor profile show ${profile.id}`)).toMatchObject({ meta_info: 'y' });
  expect(await openstack.fails(`network flavor profile delete ${profile.id}`)).toMatch(/use/);
  await openstack.ok(`network flavor remove profile platinum ${profile.id}`);
  await openstack.ok(`network flavor profile delete ${profile.id}`);
  await openstack.ok('network flavor delete platinum');
});

it('quotas, by both clients', async () => {
  const { id } = await openstack.json('project show demo');
  await neutron.ok(`quota-update --tenant-id ${id} --network 1 --port 7 --security-group 3`);
  const shown = await neutron.json(`quota-show --tenant-id ${id}`);
  expect(shown).toMatchObject({ network: 1, port: 7, security_group: 3, subnet: 100 });
  const listed: Json[] = await openstack.json('quota list --network');
  expect(listed).toEqual([expect.objectContaining({ 'Project ID': id, Networks: 1, Ports: 7, 'Security Groups': 3 })]);
  const detail: Json[] = await openstack.json('quota list --network --detail --project demo');
  expect(detail.find((row) => row.Resource === 'networks')).toMatchObject({ Limit: 1, 'In Use': 0, Reserved: 0 });
  expect(await neutron.ok(`quota-list`)).toContain(id);

  await openstack.ok('network create --project demo first');
  expect(await openstack.fails('network create --project demo second')).toMatch(
    /Quota exceeded for resources: \['network'\]/,
  );
  await openstack.ok('network delete first');
  await neutron.ok(`quota-delete --tenant-id ${id}`);
  expect(await openstack.json('quota list --network')).toEqual([]);
  expect(await neutron.json('quota-default-show')).toMatchObject({ network: 100, port: 500 });
});
