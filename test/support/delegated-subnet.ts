import { parseAddress } from '../../src/lib/ip/address.ts';
import { cidrHas, parseCidr } from '../../src/lib/ip/cidr.ts';
import type { Port, Router, Subnet } from '../../src/resources/shapes.ts';
import { type Guest, plugGuest } from './guest.ts';
import type { EmulatedHost } from './hosts.ts';
import { pools } from './prefix-provider.ts';
import type { RoutedLab } from './routed-lab.ts';
import { until } from './wait.ts';

const LIMIT = { timeoutMs: 120_000 };
const OUTSIDE = '2001:db8:e::1';

/**
 * A subnet of prefix delegation, not attached yet, on a network behind a router with a gateway, and a guest there. The machine
 * outside knows the way to whatever prefix the router may get.
 */
export class DelegatedSubnet {
  readonly #lab: RoutedLab;
  readonly router: Router;
  readonly subnet: Subnet;
  readonly port: Port;
  readonly guest: Guest;

  constructor(lab: RoutedLab, parts: Pick<DelegatedSubnet, 'router' | 'subnet' | 'port' | 'guest'>) {
    this.#lab = lab;
    this.router = parts.router;
    this.subnet = parts.subnet;
    this.port = parts.port;
    this.guest = parts.guest;
  }

  /** @param host where the guest is */
  static async make(lab: RoutedLab, host: EmulatedHost, more: { ha?: boolean } = {}): Promise<DelegatedSubnet> {
    const { api, external } = lab;
    const v6 = { network_id: external.id, ip_version: 6, cidr: '2001:db8:e::/64', gateway_ip: OUTSIDE };
    await api.create('subnet', { ...v6, enable_dhcp: false });
    const router = await api.create('router', { ...more, external_gateway_info: { network_id: external.id } });
    const { network, subnet: v4 } = await lab.network('10.10.0.0/24');
    await lab.attach(router, v4);
    const subnet = await api.create('subnet', {
      ...{ network_id: network.id, ip_version: 6, subnetpool_id: 'prefix_delegation' },
      ...{ ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' },
    });
    const owner = { device_owner: 'compute:nova', 'binding:host_id': host.name };
    const port = await api.create('port', { network_id: network.id, ...owner });
    const guest = await plugGuest(host, port, 'guest');
    const { external_fixed_ips } = (await api.show('router', router.id)).external_gateway_info!;
    const outer = external_fixed_ips!.find(({ ip_address }) => ip_address!.includes(':'))!.ip_address;
    // What a provider's router does with what its server hands out.
    await lab.outside.ipBatch(Object.values(pools).map((pool) => `route add ${pool} via ${outer} dev eth1`));
    return new DelegatedSubnet(lab, { router, subnet, port, guest });
  }

  /** What the server says is its prefix. */
  async prefix(): Promise<string> {
    return (await this.#lab.api.show('subnet', this.subnet.id)).cidr;
  }

  /** Waits until it has a prefix of a pool, and says which, and the router's address there. */
  async given(pool: string): Promise<{ cidr: string; gateway: string }> {
    const cidr = await until(
      `a prefix of ${pool}`,
      async () => {
        const now = await this.prefix();
        return isOf(pool, now) && now;
      },
      LIMIT,
    );
    const { gateway_ip } = await this.#lab.api.show('subnet', this.subnet.id);
    return { cidr, gateway: gateway_ip! };
  }

  /** Waits until the guest has its port's address of a pool, and an answer to it from outside. */
  async isWayOut(pool: string): Promise<void> {
    const mine = await until(
      'the port’s address',
      async () => {
        const { fixed_ips } = await this.#lab.api.show('port', this.port.id);
        return fixed_ips.find(({ ip_address }) => isOf(pool, ip_address))?.ip_address;
      },
      LIMIT,
    );
    await until('the guest’s address', async () => (await this.guest.addresses()).includes(mine), LIMIT);
    const ping = ['ping', '-6', '-n', '-c', '1', '-W', '1', '-I', mine, OUTSIDE];
    const answered = async () => (await this.guest.run(ping, { okCodes: [0, 1, 2] })).code === 0;
    await until('an answer from outside', answered, LIMIT);
  }
}

function isOf(pool: string, address: string): boolean {
  return cidrHas(parseCidr(pool)!, parseAddress(address.split('/')[0]!)!);
}
