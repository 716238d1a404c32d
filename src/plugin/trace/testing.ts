import type { Network, Port, Subnet } from '../../resources/shapes.ts';
import type { WireRouter, WireRouterPort } from '../../rpc/contract.ts';
import type { KnownForwarding, KnownRouter, KnownRule, TraceWorld } from './contract.ts';

/** Rows of a small cloud in memory, for tests of the model: names are ids. */
export class MadeWorld implements TraceWorld {
  filters = true;
  readonly networks = new Map<string, { network: Network; subnets: Subnet[] }>();
  readonly ports = new Map<string, Port>();
  readonly routers = new Map<string, KnownRouter & { forwardings: KnownForwarding[] }>();
  readonly ruleLists = new Map<string, KnownRule[]>();

  addNetwork(id: string, cidrs: readonly string[], more: Partial<Network> = {}, subnet: Partial<Subnet> = {}): void {
    const network = {
      ...{ id, project_id: 'tenant', admin_state_up: true, 'router:external': false, 'provider:network_type': 'vxlan' },
      ...more,
    } as Network;
    const subnets = cidrs.map((cidr, index) => {
      const version = cidr.includes(':') ? 6 : 4;
      const gateway_ip = cidr.replace(/(0|::)\/\d+$/, (text) => (text.startsWith('::') ? '::1' : '1'));
      const made = { id: `${id}-${index}`, network_id: id, ip_version: version, cidr, gateway_ip, enable_dhcp: true };
      return { ...made, host_routes: [], project_id: 'tenant', ...subnet } as unknown as Subnet;
    });
    this.networks.set(id, { network, subnets });
  }

  /** A guest with addresses; its rules are those of group `<id>-group`. */
  addGuest(
    id: string,
    network: string,
    addresses: readonly string[],
    rules: readonly Partial<KnownRule>[],
    more: Partial<Port> = {},
  ): Port {
    const port = this.#port(id, network, addresses, {
      ...{ device_owner: 'compute:nova', security_groups: [`${id}-group`] },
      ...more,
    });
    const rule = { stateful: true, ethertype: 'IPv4', protocol: null, port_range_min: null, port_range_max: null };
    this.ruleLists.set(
      id,
      rules.map(
        (given, n) =>
          ({
            ...rule,
            id: `${id}-rule${n}`,
            group: `${id}-group`,
            direction: 'egress',
            remote: null,
            ...given,
          }) as KnownRule,
      ),
    );
    return port;
  }

  addRouter(id: string, legs: Readonly<Record<string, readonly string[]>>, more: Partial<WireRouter> = {}): WireRouter {
    const interfaces: WireRouterPort[] = [];
    let gateway: WireRouterPort | undefined;
    for (const [network, addresses] of Object.entries(legs)) {
      const isGateway =
        this.networks.get(network)!.network['router:external'] &&
        gateway === undefined &&
        more.enable_snat !== undefined;
      const owner = isGateway ? 'network:router_gateway' : 'network:router_interface';
      const port = this.#port(`${id}-${network}`, network, addresses, { device_owner: owner, device_id: id });
      const leg = this.#leg(port);
      if (isGateway) gateway = leg;
      else interfaces.push(leg);
    }
    const router = {
      ...{ id, project_id: 'tenant', admin_state_up: true, routes: [], _interfaces: interfaces, _floatingips: [] },
      ...(gateway ? { gw_port: gateway } : {}),
      ...more,
    } as unknown as WireRouter;
    this.routers.set(id, { router, forwardings: [], agents: [{ host: 'net1', alive: true }] });
    return router;
  }

  addFloating(router: string, network: string, address: string, fixed: string | null): void {
    const port = this.#port(`fip-${address}`, network, [address], {
      device_owner: 'network:floatingip',
      device_id: `f-${address}`,
    });
    const floating = { id: port.device_id, floating_ip_address: address, fixed_ip_address: fixed, router_id: router };
    this.routers.get(router)!.router._floatingips!.push(floating as never);
  }

  async port(id: string): Promise<Port | null> {
    return this.ports.get(id) ?? null;
  }

  async holder(networkId: string, address: string): Promise<{ port: Port; by: 'own' | 'pair' } | null> {
    const on = [...this.ports.values()].filter(({ network_id }) => network_id === networkId);
    const own = on.find(({ fixed_ips }) => fixed_ips.some(({ ip_address }) => ip_address === address));
    if (own) return { port: own, by: 'own' };
    const paired = on.find((port) => port.allowed_address_pairs.some(({ ip_address }) => ip_address === address));
    return paired ? { port: paired, by: 'pair' } : null;
  }

  async network(id: string): Promise<{ network: Network; subnets: readonly Subnet[] }> {
    return this.networks.get(id)!;
  }

  async router(id: string): Promise<KnownRouter | null> {
    return this.routers.get(id) ?? null;
  }

  async routerOfFloating(portId: string): Promise<string | null> {
    const id = this.ports.get(portId)!.device_id;
    const owner = [...this.routers.values()].find(({ router }) => router._floatingips!.some((one) => one.id === id));
    return owner?.router.id ?? null;
  }

  async rules({ id }: Port): Promise<readonly KnownRule[]> {
    return this.ruleLists.get(id) ?? [];
  }

  #port(id: string, network: string, addresses: readonly string[], more: Partial<Port>): Port {
    const { subnets } = this.networks.get(network)!;
    const subnetOf = (address: string) =>
      subnets.find(({ ip_version }) => (ip_version === 6) === address.includes(':'))!.id;
    const port = {
      ...{ id, network_id: network, project_id: 'tenant', admin_state_up: true, status: 'ACTIVE', device_id: '' },
      ...{ mac_address: 'fa:16:3e:00:00:01', allowed_address_pairs: [], 'binding:host_id': 'net1' },
      ...{ 'binding:vif_type': 'bridge', port_security_enabled: true },
      fixed_ips: addresses.map((ip_address) => ({ ip_address, subnet_id: subnetOf(ip_address) })),
      ...more,
    } as unknown as Port;
    this.ports.set(id, port);
    return port;
  }

  #leg(port: Port): WireRouterPort {
    const { subnets } = this.networks.get(port.network_id)!;
    const has = (subnet: Subnet) => port.fixed_ips.some(({ subnet_id }) => subnet_id === subnet.id);
    return {
      ...(port as unknown as WireRouterPort),
      subnets: subnets.filter(has) as never,
      extra_subnets: subnets.filter((subnet) => !has(subnet)) as never,
      address_scopes: { '4': null, '6': null },
    };
  }
}
