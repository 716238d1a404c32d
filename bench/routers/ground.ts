import type { FloatingIp, Network, Port, Router } from '../../src/resources/shapes.ts';
import type { ApiClient } from '../../test/support/api.ts';
import type { RouterPlace } from './site.ts';

/** One router with what leads to it. */
export interface Laid {
  readonly router: Router;
  readonly networks: readonly Network[];
  /** Of the first network; floating IPs lead to all but the first, in turn. */
  readonly ports: readonly Port[];
  readonly floatingIps: readonly FloatingIp[];
}

const AT_ONCE = 6;

/** Makes routers with a gateway, interfaces, and floating IPs that lead to ports; nobody serves them yet. */
export async function layRouters(
  { deployment: { api }, external, host }: RouterPlace,
  { count, interfaces, floatingIps }: { count: number; interfaces: number; floatingIps: number },
): Promise<Laid[]> {
  const laid: Laid[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < count; at = next++) {
      const router = await api.create('router', { external_gateway_info: { network_id: external.id } });
      const networks: Network[] = [];
      for (let number = 0; number < interfaces; number++) {
        const network = await api.create('network', { 'provider:network_type': 'local' });
        const cidr = `10.${number}.${at % 250}.0/24`;
        const subnet = await api.create('subnet', { network_id: network.id, ip_version: 4, cidr, enable_dhcp: false });
        await attach(api, router.id, subnet.id);
        networks.push(network);
      }
      const ports: Port[] = [];
      for (let number = 0; number <= floatingIps; number++) {
        const port = { network_id: networks[0]!.id, device_owner: 'compute:bench', 'binding:host_id': host.name };
        ports.push(await api.create('port', port));
      }
      const fips: FloatingIp[] = [];
      for (const { id } of ports.slice(1))
        fips.push(await api.create('floatingip', { floating_network_id: external.id, port_id: id }));
      laid.push({ router, networks, ports, floatingIps: fips });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return laid;
}

async function attach(api: ApiClient, router: string, subnet_id: string): Promise<void> {
  await api.expect('PUT', `/v2.0/routers/${router}/add_router_interface`, { subnet_id });
}
