import { expect, it } from 'vitest';

/** The client, as `client.test.ts` runs it. */
export interface RunningClient {
  neutron(line: string): Promise<{ code: number; out: string; err: string }>;
  ok(line: string): Promise<string>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the command prints
  json(line: string): Promise<any>;
}

/** Commands of routers, floating IPs and metering; needs a network `base` with the subnet `lan`, 10.1.0.0/24. */
export function testsOfRouters({ neutron, ok, json }: RunningClient, agentId: string): void {
  const outside = async () => {
    await ok('net-create outside --router:external');
    await ok('subnet-create outside 198.51.100.0/24 --name outside4 --disable-dhcp');
    return async () => ok('net-delete outside');
  };

  it('routers: create, gateway, interfaces, routes, ports, delete', async () => {
    const clear = await outside();
    const { id } = await json('router-create r --description d');
    expect(await ok('router-gateway-set r outside --disable-snat --fixed-ip ip_address=198.51.100.9')).toBe(
      'Set gateway for router r\n',
    );
    expect(await ok('router-interface-add r lan')).toMatch(/^Added interface [\da-f-]{36} to router r\.\n$/);
    expect(await json('router-show r')).toMatchObject({
      external_gateway_info: { enable_snat: false, external_fixed_ips: [{ ip_address: '198.51.100.9' }] },
    });
    expect(await json('router-port-list r --device_owner network:router_interface')).toHaveLength(1);
    await ok('router-add-extraroutes r destination=10.9.0.0/16,nexthop=10.1.0.9');
    await ok('router-add-extraroutes r destination=10.8.0.0/16,nexthop=10.1.0.8');
    await ok('router-remove-extraroutes r destination=10.9.0.0/16,nexthop=10.1.0.9');
    expect((await json('router-show r')).routes).toEqual([{ destination: '10.8.0.0/16', nexthop: '10.1.0.8' }]);
    expect((await neutron('router-delete r')).code).toBe(1);
    expect(await ok('router-update r --no-routes --name s')).toBe('Updated router: r\n');
    expect((await neutron('router-explain s')).code).toBe(0);
    expect(await ok('router-interface-delete s subnet=lan')).toBe('Removed interface from router s.\n');
    expect(await ok('router-gateway-clear s')).toBe('Removed gateway from router s\n');
    expect(await json('router-list --name s')).toMatchObject([{ id, external_gateway_info: null }]);
    expect(await ok('router-delete s')).toBe('Deleted router(s): s\n');
    await clear();
  });

  it('floating IPs by address, and their port forwardings', async () => {
    const clear = await outside();
    await ok('router-create r');
    await ok('router-gateway-set r outside');
    await ok('router-interface-add r lan');
    const port = await json('port-create base --name web --fixed-ip ip_address=10.1.0.77');
    const { id } = await json('floatingip-create outside --floating-ip-address 198.51.100.50');
    expect(await json('floatingip-pool-list')).toMatchObject([{ subnet_name: 'outside4', cidr: '198.51.100.0/24' }]);
    expect(await ok('floatingip-associate 198.51.100.50 web')).toBe('Associated floating IP 198.51.100.50\n');
    expect(await json('floatingip-list --port_id web')).toEqual([]);
    expect(await json(`floatingip-list --port_id ${port.id}`)).toMatchObject([{ id, fixed_ip_address: '10.1.0.77' }]);
    expect((await neutron('floatingip-explain 198.51.100.50')).code).toBe(0);
    await ok('floatingip-update 198.51.100.50 --description d');
    expect(await ok('floatingip-disassociate 198.51.100.50')).toBe('Disassociated floating IP 198.51.100.50\n');
    expect(await json('floatingip-show 198.51.100.50')).toMatchObject({ port_id: null, description: 'd' });

    const forwarding = await json(
      'port-forwarding-create 198.51.100.50 --protocol tcp --external-port 2222 --internal-port 22 --internal-port-id web --internal-ip-address 10.1.0.77',
    );
    expect(forwarding).toMatchObject({ protocol: 'tcp', external_port: 2222, internal_port_id: port.id });
    await ok(`port-forwarding-update 198.51.100.50 ${forwarding.id} --external-port 2223`);
    expect(await json(`port-forwarding-show 198.51.100.50 ${forwarding.id}`)).toMatchObject({ external_port: 2223 });
    expect(await json('port-forwarding-list 198.51.100.50 --protocol tcp')).toMatchObject([{ id: forwarding.id }]);
    await ok(`port-forwarding-delete 198.51.100.50 ${forwarding.id}`);
    expect(await ok('floatingip-delete 198.51.100.50')).toBe('Deleted floatingip(s): 198.51.100.50\n');
    await ok('router-interface-delete r lan');
    await ok('router-delete r');
    await ok('port-delete web');
    await clear();
  });

  it('conntrack helpers of a router', async () => {
    await ok('router-create r');
    const helper = await json('conntrack-helper-create r --helper tftp --protocol udp --port 69');
    expect(helper).toMatchObject({ helper: 'tftp', protocol: 'udp', port: 69 });
    await ok(`conntrack-helper-update r ${helper.id} --port 70`);
    expect(await json(`conntrack-helper-show r ${helper.id}`)).toMatchObject({ port: 70 });
    expect(await json('conntrack-helper-list r')).toMatchObject([{ id: helper.id }]);
    await ok(`conntrack-helper-delete r ${helper.id}`);
    await ok('router-delete r');
  });

  it('NDP proxies', async () => {
    await ok('net-create outside --router:external');
    await ok('address-scope-create six 6');
    await ok('subnetpool-create pool6 --pool-prefix 2001:db8::/48 --default-prefixlen 64 --address-scope six');
    await ok('subnet-create outside --ip-version 6 --subnetpool pool6 --name outside6');
    await ok(
      'subnet-create base --ip-version 6 --subnetpool pool6 --name base6 --ipv6-ra-mode slaac --ipv6-address-mode slaac',
    );
    await ok('router-create r');
    await ok('router-gateway-set r outside');
    await ok('router-update r --enable-ndp-proxy');
    await ok('router-interface-add r base6');
    const port = await json('port-create base --name six --fixed-ip subnet_id=base6');
    const proxy = await json('ndp-proxy-create p --router-id r --port-id six');
    expect(proxy).toMatchObject({ name: 'p', port_id: port.id });
    await ok('ndp-proxy-update p --description d');
    expect(await json('ndp-proxy-show p')).toMatchObject({ description: 'd' });
    expect(await json('ndp-proxy-list --name p')).toMatchObject([{ id: proxy.id }]);
    await ok('ndp-proxy-delete p');
    await ok('port-delete six');
    await ok('router-interface-delete r base6');
    await ok('router-delete r');
    for (const name of ['base6', 'outside6']) await ok(`subnet-delete ${name}`);
    await ok('net-delete outside');
  });

  it('metering labels and their rules', async () => {
    const label = await json('meter-label-create m --description d --shared');
    expect(label).toMatchObject({ name: 'm', shared: true });
    const rule = await json('meter-label-rule-create m 192.0.2.0/24 --direction egress');
    expect(rule).toMatchObject({ metering_label_id: label.id, remote_ip_prefix: '192.0.2.0/24', excluded: false });
    expect(await json('meter-label-rule-create m --source-ip-prefix 10.0.0.0/8')).toMatchObject({
      direction: 'ingress',
    });
    expect(await json('meter-label-rule-list')).toHaveLength(2);
    expect(await json(`meter-label-rule-show ${rule.id}`)).toMatchObject({ direction: 'egress' });
    await ok(`meter-label-rule-delete ${rule.id}`);
    expect(await json('meter-label-list')).toMatchObject([{ name: 'm' }]);
    expect(await json('meter-label-show m')).toMatchObject({ description: 'd' });
    await ok('meter-label-delete m');
  });

  it('routers of an L3 agent', async () => {
    await ok('router-create r');
    expect(await ok(`l3-agent-router-add ${agentId} r`)).toBe('Added router r to L3 agent\n');
    expect(await json('l3-agent-list-hosting-router r')).toMatchObject([{ id: agentId, alive: ':-)' }]);
    expect(await json(`router-list-on-l3-agent ${agentId}`)).toMatchObject([{ name: 'r' }]);
    expect(await ok(`l3-agent-router-remove ${agentId} r`)).toBe('Removed router r from L3 agent\n');
    await ok('router-delete r');
  });
}
