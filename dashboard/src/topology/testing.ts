import type { FloatingIp, Network, Port, Router, Subnet } from '../../../src/resources/shapes.ts';
import type { Cloud } from './cloud.ts';

/** What a test says of a thing; the rest is as the server has it after a creation. */
type Said<T> = Partial<T> & { id: string };

export function network(said: Said<Network>): Network {
  const rest = { status: 'ACTIVE', admin_state_up: true, project_id: 'demo', mtu: 1500, 'router:external': false };
  return { name: said.id, ...rest, ...said } as Network;
}

export function subnet(said: Said<Subnet> & { network_id: string }): Subnet {
  return { name: '', project_id: 'demo', cidr: '10.0.0.0/24', gateway_ip: '10.0.0.1', ...said } as Subnet;
}

export function router(said: Said<Router>): Router {
  return { name: said.id, status: 'ACTIVE', admin_state_up: true, project_id: 'demo', ...said } as Router;
}

export function port(said: Said<Port> & { network_id: string }): Port {
  const rest = {
    name: '',
    status: 'ACTIVE',
    admin_state_up: true,
    project_id: 'demo',
    mac_address: 'fa:16:3e:00:00:01',
  };
  return { ...rest, device_id: '', device_owner: '', fixed_ips: [], 'binding:host_id': 'host-1', ...said } as Port;
}

export function leg(router_id: string, network_id: string, owner = 'network:router_interface'): Port {
  return port({ id: `${router_id}-${network_id}`, network_id, device_id: router_id, device_owner: owner });
}

export function floatingIp(said: Said<FloatingIp>): FloatingIp {
  return {
    floating_ip_address: '203.0.113.5',
    port_id: null,
    project_id: 'demo',
    status: 'ACTIVE',
    ...said,
  } as FloatingIp;
}

export function cloudOf(parts: Partial<Cloud>): Cloud {
  return { networks: [], subnets: [], routers: [], ports: [], floatingips: [], agents: [], ...parts };
}

/** Many networks, each with a router of a ring of them to one external network, and guests round robin. */
export function bigCloud({ networks = 50, routers = 20, ports = 2000 } = {}): Cloud {
  const ids = Array.from({ length: networks }, (_, at) => `net-${at}`);
  const all = [network({ id: 'outside', 'router:external': true }), ...ids.map((id) => network({ id }))];
  const own = Array.from({ length: routers }, (_, at) => router({ id: `router-${at}` }));
  const legs = [
    ...own.map(({ id }) => leg(id, 'outside', 'network:router_gateway')),
    ...ids.map((id, at) => leg(`router-${at % routers}`, id)),
  ];
  const dhcp = ids.map((id) => port({ id: `dhcp-${id}`, network_id: id, device_owner: 'network:dhcp' }));
  const guests = Array.from({ length: ports - legs.length - dhcp.length }, (_, at) =>
    port({
      id: `guest-${at}`,
      network_id: ids[at % networks]!,
      device_id: `instance-${at}`,
      device_owner: 'compute:nova',
      'binding:host_id': `host-${at % 10}`,
      fixed_ips: [
        { subnet_id: `subnet-${at % networks}`, ip_address: `10.0.${at % networks}.${2 + Math.floor(at / networks)}` },
      ],
    }),
  );
  const subnets = ids.map((id, at) => subnet({ id: `subnet-${at}`, network_id: id, cidr: `10.0.${at}.0/24` }));
  return cloudOf({ networks: all, subnets, routers: own, ports: [...legs, ...dhcp, ...guests] });
}
