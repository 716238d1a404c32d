import { defaultValues } from '../../lib/options.ts';
import type { WireRouter, WireRouterPort, WireRouterSubnet } from '../../rpc/contract.ts';
import type { L3Facts } from './contract.ts';
import { type L3Options, l3AgentOptions, l3Options } from './options.ts';

/** Routers as the server tells of them, for tests. */
export const ids = {
  router: 'aaaaaaaa-0000-4000-8000-000000000001',
  internal: 'bbbbbbbb-0000-4000-8000-000000000001',
  gateway: 'cccccccc-0000-4000-8000-000000000001',
  ha: 'dddddddd-0000-4000-8000-000000000001',
};

export function subnetOf(cidr: string, more: Partial<WireRouterSubnet> = {}): WireRouterSubnet {
  return {
    id: `subnet ${cidr}`,
    cidr,
    gateway_ip: null,
    dns_nameservers: [],
    ipv6_ra_mode: null,
    subnetpool_id: null,
    ...more,
  };
}

/** A port with these addresses, each with its prefix; its subnets follow unless they are given. */
export function portOf(id: string, cidrs: readonly string[], more: Partial<WireRouterPort> = {}): WireRouterPort {
  const fixed_ips = cidrs.map((cidr) => {
    const [ip_address, prefix] = cidr.split('/');
    return { ip_address: ip_address!, prefixlen: Number(prefix), subnet_id: `subnet ${cidr}` };
  });
  const port = {
    id,
    network_id: `network of ${id}`,
    mac_address: 'fa:16:3e:00:00:01',
    mtu: 1450,
    fixed_ips,
    subnets: cidrs.map((cidr) => subnetOf(cidr)),
    extra_subnets: [],
    address_scopes: { '4': null, '6': null },
  };
  return { ...port, ...more } as unknown as WireRouterPort;
}

export function routerOf(more: Partial<WireRouter> = {}): WireRouter {
  const router = {
    id: ids.router,
    name: 'r',
    admin_state_up: true,
    ha: false,
    ha_vr_id: 0,
    routes: [],
    external_gateway_info: null,
    gw_port_id: null,
    distributed: false,
  };
  return { ...router, ...more } as unknown as WireRouter;
}

export function factsOf(options: Partial<L3Options> = {}, statePath = '/s'): L3Facts {
  return {
    host: 'host1',
    statePath,
    options: defaultValues(l3Options, {
      metadata_proxy_socket: `${statePath}/metadata_proxy`,
      external_pids: `${statePath}/external/pids`,
      ra_confs: `${statePath}/ra`,
      ha_confs_path: `${statePath}/ha_confs`,
      ...options,
    }),
    agentOptions: defaultValues(l3AgentOptions),
  };
}
