import { describe, expect, it } from 'vitest';
import type { ApiResource } from '../api/description.ts';
import type { Done } from './command-line.ts';
import { openstackLine } from './openstack-line.ts';

const resource = (key: string): ApiResource => ({
  ...{ key, collection: key.split('/').at(-1)!, member: key, path: `/v2.0/${key}`, idName: 'id' },
  parent: key.includes('/') ? { key: key.split('/')[0]!, parameter: 'parent' } : null,
  ...{ shown: {}, sortable: [], filterable: [], isPaged: true, create: {}, update: {}, canDelete: true, hasTags: true },
});
const parentOf = (key: string) => (key.includes('/') ? 'PARENT' : null);
const create = (key: string, body: Done['body'], more: Partial<Done> = {}) =>
  openstackLine({ resource: resource(key), verb: 'create', id: null, parentId: parentOf(key), body, ...more });
const set = (key: string, body: Done['body']) =>
  openstackLine({ resource: resource(key), verb: 'update', id: 'ID', parentId: parentOf(key), body });
const remove = (key: string) =>
  openstackLine({ resource: resource(key), verb: 'delete', id: 'ID', parentId: parentOf(key), body: {} });

describe('the openstack command that makes', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['networks', {}, "network create ''"],
    [
      'networks',
      { name: 'lan', mtu: 1400, shared: true, admin_state_up: false },
      'network create --mtu=1400 --share --disable lan',
    ],
    [
      'networks',
      { name: 'out', 'router:external': true, 'provider:network_type': 'flat', 'provider:physical_network': 'public' },
      'network create --external --provider-network-type=flat --provider-physical-network=public out',
    ],
    [
      'subnets',
      {
        ...{ network_id: 'N', cidr: '10.0.0.0/24', ip_version: 4, gateway_ip: null, enable_dhcp: false, name: 's' },
        dns_nameservers: ['192.0.2.1', '192.0.2.2'],
        allocation_pools: [{ start: '10.0.0.9', end: '10.0.0.20' }],
        host_routes: [{ destination: '10.1.0.0/16', nexthop: '10.0.0.2' }],
      },
      'subnet create --network=N --subnet-range=10.0.0.0/24 --ip-version=4 --gateway=none --no-dhcp --dns-nameserver=192.0.2.1 --dns-nameserver=192.0.2.2 --allocation-pool=start=10.0.0.9,end=10.0.0.20 --host-route=destination=10.1.0.0/16,gateway=10.0.0.2 s',
    ],
    [
      'ports',
      {
        network_id: 'N',
        fixed_ips: [{ subnet_id: 'S', ip_address: '10.0.0.5' }],
        security_groups: [],
        'binding:profile': { a: 1 },
      },
      `port create --network=N --fixed-ip=subnet=S,ip-address=10.0.0.5 --no-security-group '--binding-profile={"a":1}' ''`,
    ],
    [
      'routers',
      {
        name: 'r',
        external_gateway_info: {
          network_id: 'N',
          enable_snat: false,
          external_fixed_ips: [{ ip_address: '192.0.2.9' }],
        },
      },
      'router create --external-gateway=N --disable-snat --fixed-ip=ip-address=192.0.2.9 r',
    ],
    ['floatingips', { floating_network_id: 'N', port_id: 'P' }, 'floating ip create --port=P N'],
    [
      'security_group_rules',
      { security_group_id: 'G', direction: 'ingress', protocol: 'tcp', port_range_min: 22, port_range_max: 22 },
      'security group rule create --ingress --protocol=tcp --dst-port=22 G',
    ],
    [
      'security_group_rules',
      {
        security_group_id: 'G',
        protocol: 'icmp',
        port_range_min: 8,
        port_range_max: null,
        remote_ip_prefix: '10.0.0.0/8',
      },
      'security group rule create --protocol=icmp --remote-ip=10.0.0.0/8 --icmp-type=8 G',
    ],
    [
      'policies/bandwidth_limit_rules',
      { max_kbps: 1000, direction: 'egress' },
      'network qos rule create --type=bandwidth-limit --max-kbps=1000 --egress PARENT',
    ],
    [
      'trunks',
      { port_id: 'P', sub_ports: [{ port_id: 'Q', segmentation_type: 'vlan', segmentation_id: 5 }] },
      "network trunk create --parent-port=P --subport=port=Q,segmentation-type=vlan,segmentation-id=5 ''",
    ],
    [
      'rbac_policies',
      { object_id: 'N', object_type: 'network', action: 'access_as_shared', target_tenant: '*' },
      'network rbac create --type=network --action=access_as_shared --target-all-projects N',
    ],
  ])('%s %j', (key, body, line) => {
    expect(create(key, body)).toBe(`openstack ${line}`);
  });

  it('says the name of the network that was made along with a subnet', () => {
    const body = { network_id: 'N', cidr: '10.0.0.0/24' };
    const line = create('subnets', body, { named: { network_id: 'my lan' } });
    expect(line).toBe("openstack subnet create '--network=my lan' --subnet-range=10.0.0.0/24 ''");
  });
});

describe('the openstack command that changes', () => {
  it.each<[string, Record<string, unknown>, string]>([
    [
      'networks',
      { name: 'new', shared: false, qos_policy_id: null },
      'network set --name=new --no-share --no-qos-policy ID',
    ],
    ['subnets', { gateway_ip: null, dns_nameservers: [] }, 'subnet set --gateway=none --no-dns-nameservers ID'],
    ['subnets', { dns_nameservers: ['192.0.2.1'] }, 'subnet set --no-dns-nameservers --dns-nameserver=192.0.2.1 ID'],
    [
      'ports',
      { security_groups: ['A'], description: '' },
      'port set --no-security-group --security-group=A --description= ID',
    ],
    ['ports', { name: 'p', qos_policy_id: null }, 'port set --name=p ID\nopenstack port unset --qos-policy ID'],
    ['routers', { external_gateway_info: { network_id: 'N' } }, 'router set --external-gateway=N ID'],
    ['routers', { external_gateway_info: null }, 'router unset --external-gateway ID'],
    ['floatingips', { port_id: 'P' }, 'floating ip set --port=P ID'],
    ['floatingips', { port_id: null }, 'floating ip unset --port ID'],
    ['policies/bandwidth_limit_rules', { max_kbps: 5 }, 'network qos rule set --max-kbps=5 PARENT ID'],
  ])('%s %j', (key, body, line) => {
    expect(set(key, body)).toBe(`openstack ${line}`);
  });
});

describe('the openstack command that deletes', () => {
  it.each([
    ['networks', 'network delete ID'],
    ['floatingips', 'floating ip delete ID'],
    ['policies', 'network qos policy delete ID'],
    ['floatingips/port_forwardings', 'floating ip port forwarding delete PARENT ID'],
  ])('%s', (key, line) => {
    expect(remove(key)).toBe(`openstack ${line}`);
  });
});

it('joins a router and a subnet, or a port', () => {
  const done = { resource: resource('routers'), id: 'R', parentId: null } as const;
  expect(openstackLine({ ...done, verb: 'add_router_interface', body: { subnet_id: 'S' } })).toBe(
    'openstack router add subnet R S',
  );
  expect(openstackLine({ ...done, verb: 'remove_router_interface', body: { port_id: 'P' } })).toBe(
    'openstack router remove port R P',
  );
});

describe('what the client cannot say', () => {
  it.each<[string, string | null]>([
    ['a name like an option', create('networks', { name: '--share' })],
    ['an attribute it does not know', create('networks', { name: 'n', segments: [] })],
    ['a value that it would pass over', set('networks', { description: '' })],
    ['what would be added to what is there', set('subnets', { service_types: ['network:dhcp'] })],
    ['a comma where it parts keys', create('ports', { network_id: 'N', fixed_ips: [{ ip_address: 'a,b' }] })],
    [
      'one end of a range',
      create('security_group_rules', { security_group_id: 'G', protocol: 'tcp', port_range_min: 1 }),
    ],
    ['a resource it does not know', create('nothings', { name: 'n' })],
    ['a change that it does not have', set('security_group_rules', { description: 'd' })],
  ])('%s', (_what, line) => {
    expect(line).toBeNull();
  });

  it('says a name that is text of a shell as text', () => {
    expect(create('networks', { name: "x'; reboot #\n" })).toBe("openstack network create $'x\\'; reboot #\\n'");
    expect(set('networks', { name: '--share' })).toBe('openstack network set --name=--share ID');
  });
});

describe('the openstack command that tags', () => {
  const tag = (key: string, tags: string[]) =>
    openstackLine({ resource: resource(key), verb: 'tags', id: 'ID', parentId: parentOf(key), body: { tags } });

  it('takes away what was there, and gives each', () => {
    expect(tag('networks', ['a b', '-c'])).toBe("openstack network set --no-tag '--tag=a b' --tag=-c ID");
    expect(tag('security_groups', [])).toBe('openstack security group unset --all-tag ID');
  });

  it('is none where the client has no tags', () => {
    expect(tag('address_scopes', ['a'])).toBeNull();
  });
});
