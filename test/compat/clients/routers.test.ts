import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Json } from '../../support/api.ts';
import { until } from '../../support/wait.ts';
import { opened } from './opened.ts';

const openstack = opened('openstack');
const neutron = opened('neutron');

/** A way outside and a network inside, for all of them. */
beforeAll(async () => {
  await openstack.ok('network create outside --external --provider-network-type local');
  await openstack.ok('subnet create outside4 --network outside --subnet-range 198.51.100.0/24 --no-dhcp');
  await openstack.ok('network create inside --provider-network-type local');
  await openstack.ok('subnet create inside4 --network inside --subnet-range 10.70.0.0/24');
  await openstack.ok('port create web --network inside --fixed-ip ip-address=10.70.0.10');
});
afterAll(async () => {
  await openstack.ok('port delete web');
  await openstack.ok('network delete inside outside');
});

describe('openstack router', () => {
  it('create, list, set, show, unset, delete', async () => {
    const made = await openstack.json('router create r1 --description first --tag red --disable');
    expect(made).toMatchObject({ name: 'r1', description: 'first', admin_state_up: false, tags: ['red'] });
    await openstack.ok('router add subnet r1 inside4');
    await openstack.ok(
      'router set r1 --name r2 --enable --external-gateway outside --fixed-ip ip-address=198.51.100.9',
    );
    await openstack.ok('router set r2 --route destination=10.80.0.0/16,gateway=10.70.0.80');
    expect(await openstack.json('router show r2')).toMatchObject({
      admin_state_up: true,
      external_gateway_info: {
        enable_snat: true,
        external_fixed_ips: [{ ip_address: '198.51.100.9' }],
      },
      routes: [{ destination: '10.80.0.0/16', nexthop: '10.70.0.80' }],
    });
    for (const [filter, found] of [
      ['--name r2', ['r2']],
      ['--tags red', ['r2']],
      ['--disable', []],
      ['--enable', ['r2']],
    ] as const)
      expect(await openstack.names(`router list ${filter}`), filter).toEqual(found);
    expect(await openstack.fails('router delete r2')).toMatch(/still has ports|RouterInUse|409/);
    await openstack.ok('router unset r2 --route destination=10.80.0.0/16,gateway=10.70.0.80 --tag red');
    await openstack.ok('router unset r2 --external-gateway');
    expect(await openstack.json('router show r2')).toMatchObject({ external_gateway_info: null, routes: [], tags: [] });
    await openstack.ok('router remove subnet r2 inside4');
    await openstack.ok('router delete r2');
    expect(await openstack.fails('router show r2')).toMatch(/No Router found for r2/);
  });

  it('ports as interfaces, and routes one by one', async () => {
    await openstack.ok('router create r3');
    await openstack.ok('port create leg --network inside --fixed-ip ip-address=10.70.0.99');
    await openstack.ok('router add port r3 leg');
    const ports: Json[] = await openstack.json('port list --router r3');
    expect(ports).toMatchObject([{ Name: 'leg' }]);
    await openstack.ok('router add route r3 --route destination=10.81.0.0/16,gateway=10.70.0.81');
    expect((await openstack.json('router show r3')).routes).toHaveLength(1);
    await openstack.ok('router remove route r3 --route destination=10.81.0.0/16,gateway=10.70.0.81');
    await openstack.ok('router remove port r3 leg');
    await openstack.ok('router delete r3');
  });

  it('which L3 agent serves it', async () => {
    const [agent] = await openstack.json('network agent list --agent-type l3');
    expect(agent).toMatchObject({ Binary: 'neutron-l3-agent', Host: inject('host'), Alive: true });
    await openstack.ok('router create r4');
    await openstack.ok('router add subnet r4 inside4');
    const hosting = async () =>
      ((await openstack.json('network agent list --router r4')) as Json[]).map((one) => one.ID);
    await until('it is given to the agent', async () => (await hosting()).includes(agent.ID));
    expect(await openstack.names(`router list --agent ${agent.ID}`)).toEqual(['r4']);
    await openstack.ok(`network agent remove router --l3 ${agent.ID} r4`);
    expect(await hosting()).toEqual([]);
    await openstack.ok(`network agent add router --l3 ${agent.ID} r4`);
    expect(await hosting()).toEqual([agent.ID]);
    await openstack.ok('router remove subnet r4 inside4');
    await openstack.ok('router delete r4');
  });
});

describe('openstack floating ip', () => {
  it('create, list, set, show, unset, delete', async () => {
    await openstack.ok('router create r5 --external-gateway outside');
    await openstack.ok('router add subnet r5 inside4');
    const made = await openstack.json('floating ip create outside --floating-ip-address 198.51.100.50 --tag blue');
    expect(made).toMatchObject({ floating_ip_address: '198.51.100.50', port_id: null, tags: ['blue'] });
    await openstack.ok('floating ip set 198.51.100.50 --port web --description x');
    expect(await openstack.json('floating ip show 198.51.100.50')).toMatchObject({
      fixed_ip_address: '10.70.0.10',
      description: 'x',
      port_details: expect.stringContaining("name='web'"),
    });
    const addresses = async (filter: string) =>
      ((await openstack.json(`floating ip list ${filter}`)) as Json[]).map((row) => row['Floating IP Address']);
    expect(await addresses('--port web')).toEqual(['198.51.100.50']);
    expect(await addresses('--router r5')).toEqual(['198.51.100.50']);
    expect(await addresses('--network outside --tags blue')).toEqual(['198.51.100.50']);
    expect(await addresses('--fixed-ip-address 10.70.0.11')).toEqual([]);
    expect(await openstack.fails('router remove subnet r5 inside4')).toMatch(/floating|409/i);
    await openstack.ok('floating ip unset 198.51.100.50 --port --tag blue');
    expect(await openstack.json('floating ip show 198.51.100.50')).toMatchObject({ port_id: null, tags: [] });

    // Port forwardings of the same address.
    const forwarding = await openstack.json(
      'floating ip port forwarding create 198.51.100.50 --internal-ip-address 10.70.0.10 --port web --internal-protocol-port 22 --external-protocol-port 2222 --protocol tcp',
    );
    expect(forwarding).toMatchObject({ internal_port: 22, external_port: 2222, protocol: 'tcp' });
    await openstack.ok(`floating ip port forwarding set 198.51.100.50 ${forwarding.id} --external-protocol-port 2223`);
    expect(await openstack.json(`floating ip port forwarding show 198.51.100.50 ${forwarding.id}`)).toMatchObject({
      external_port: 2223,
    });
    expect(await openstack.json('floating ip port forwarding list 198.51.100.50')).toHaveLength(1);
    await openstack.ok(`floating ip port forwarding delete 198.51.100.50 ${forwarding.id}`);

    await openstack.ok('floating ip delete 198.51.100.50');
    expect(await openstack.fails('floating ip show 198.51.100.50')).toMatch(/No FloatingIP found|Could not find/i);
    await openstack.ok('router remove subnet r5 inside4');
    await openstack.ok('router delete r5');
  });

  it('says what is wrong', async () => {
    expect(await openstack.fails('floating ip create inside')).toMatch(/external|400/);
    expect(await openstack.fails('floating ip create outside --floating-ip-address 203.0.113.1')).toMatch(/400|subnet/);
    expect(await openstack.fails('floating ip create outside --port web')).toMatch(
      /not reachable|No router|404|409|Conflict/,
    );
  });
});

it('network meter and its rules: create, list, show, delete', async () => {
  const meter = await openstack.json('network meter create m1 --description d --share');
  expect(meter).toMatchObject({ name: 'm1', description: 'd', shared: true });
  const rule = await openstack.json('network meter rule create m1 --egress --remote-ip-prefix 192.0.2.0/24');
  expect(rule).toMatchObject({ direction: 'egress', metering_label_id: meter.id });
  expect(await openstack.names('network meter list')).toEqual(['m1']);
  expect(await openstack.json('network meter rule list')).toMatchObject([{ ID: rule.id }]);
  expect(await openstack.json(`network meter rule show ${rule.id}`)).toMatchObject({ direction: 'egress' });
  await openstack.ok(`network meter rule delete ${rule.id}`);
  await openstack.ok('network meter delete m1');
});

it('conntrack helpers of a router', async () => {
  await openstack.ok('router create r6');
  const helper = await openstack.json('network l3 conntrack helper create r6 --helper tftp --protocol udp --port 69');
  expect(helper).toMatchObject({ helper: 'tftp', protocol: 'udp', port: 69 });
  await openstack.ok(`network l3 conntrack helper set r6 ${helper.id} --port 70`);
  expect(await openstack.json('network l3 conntrack helper list r6')).toMatchObject([{ Port: 70 }]);
  await openstack.ok(`network l3 conntrack helper delete r6 ${helper.id}`);
  await openstack.ok('router delete r6');
});

describe('neutron', () => {
  it('routers: create, gateway, interfaces, ports, delete', async () => {
    expect(await neutron.json('router-create old')).toMatchObject({ name: 'old', status: 'ACTIVE' });
    expect(await neutron.ok('router-gateway-set old outside --disable-snat')).toMatch(/Set gateway for router old/);
    expect(await neutron.ok('router-interface-add old inside4')).toMatch(/Added interface [\da-f-]{36} to router old/);
    expect((await neutron.json('router-show old')).external_gateway_info).toMatchObject({ enable_snat: false });
    const ports: Json[] = await neutron.json('router-port-list old');
    expect(ports).toHaveLength(2);
    await neutron.ok('router-update old --description changed --route destination=10.82.0.0/16,nexthop=10.70.0.82');
    expect(await neutron.fails('router-delete old')).toMatch(/ports still attached/);
    await neutron.ok('router-update old --no-routes');
    expect(await neutron.ok('router-interface-delete old subnet=inside4')).toMatch(/Removed interface from router old/);
    await neutron.ok('router-gateway-clear old');
    expect(await neutron.names('router-list --name old')).toEqual(['old']);
    await neutron.ok('router-delete old');
  });

  it('floating IPs: create, associate, disassociate, delete', async () => {
    await neutron.ok('router-create old2');
    await neutron.ok('router-gateway-set old2 outside');
    await neutron.ok('router-interface-add old2 inside4');
    const { id } = await neutron.json('floatingip-create outside');
    const port = await neutron.json('port-show web');
    await neutron.ok(`floatingip-associate ${id} ${port.id}`);
    expect(await neutron.json(`floatingip-show ${id}`)).toMatchObject({ fixed_ip_address: '10.70.0.10' });
    await neutron.ok(`floatingip-disassociate ${id}`);
    expect(await neutron.ok('floatingip-list')).toContain(id);
    await neutron.ok(`floatingip-delete ${id}`);
    await neutron.ok('router-interface-delete old2 inside4');
    await neutron.ok('router-delete old2');
  });

  it('metering labels and their rules', async () => {
    await neutron.ok('meter-label-create label1 --description d');
    const rule = await neutron.json('meter-label-rule-create label1 10.0.0.0/8 --direction egress');
    expect(rule).toMatchObject({ direction: 'egress', remote_ip_prefix: '10.0.0.0/8' });
    expect(await neutron.names('meter-label-list')).toEqual(['label1']);
    expect(await neutron.ok('meter-label-rule-list')).toContain(rule.id);
    await neutron.ok(`meter-label-rule-delete ${rule.id}`);
    await neutron.ok('meter-label-delete label1');
  });

  it('which L3 agent serves a router', async () => {
    const [agent] = ((await neutron.json('agent-list')) as Json[]).filter(
      ({ binary }) => binary === 'neutron-l3-agent',
    );
    await neutron.ok('router-create old3');
    await neutron.ok(`l3-agent-router-add ${agent!.id} old3`);
    expect(await neutron.ok('l3-agent-list-hosting-router old3')).toContain(agent!.id);
    expect(await neutron.names(`router-list-on-l3-agent ${agent!.id}`)).toContain('old3');
    await neutron.ok(`l3-agent-router-remove ${agent!.id} old3`);
    await neutron.ok('router-delete old3');
  });
});
