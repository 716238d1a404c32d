import { findNetworks } from '../../db/read/networks.ts';
import { poolsOfSubnets } from '../../db/read/object-parts.ts';
import { findSubnets } from '../../db/read/subnets.ts';
import { fullView } from '../../db/read/view.ts';
import { columns, grouped, named, standard, versionedObject } from './compose.ts';
import type { ObjectKind } from './contract.ts';

export const subnetObject: ObjectKind = {
  name: 'Subnet',
  version: '1.1',
  resource: 'subnet',
  bare: {},
  async read(db, filters) {
    const subnets = await findSubnets(db, { filters }, fullView);
    const ids = subnets.map(({ id }) => id);
    const pools = grouped(await poolsOfSubnets(db, ids), ({ subnet_id }) => subnet_id);
    const networkIds = [...new Set(subnets.map(({ network_id }) => network_id))];
    const networks = await findNetworks(db, { filters: { id: networkIds }, fields: ['id', 'shared'] }, fullView);
    const shared = new Set(networks.filter((network) => network.shared).map(({ id }) => id));
    return subnets.map((subnet) => {
      const { id: subnet_id, network_id, segment_id, subnetpool_id, ip_version, cidr, gateway_ip } = subnet;
      const { enable_dhcp, ipv6_ra_mode, ipv6_address_mode, service_types } = subnet;
      return {
        ...named(subnet),
        ...columns({ network_id, segment_id, subnetpool_id, ip_version, cidr, gateway_ip }),
        allocation_pools: pools(subnet_id).map(({ id, first_ip, last_ip }) =>
          versionedObject('IPAllocationPool', '1.0', { id, subnet_id, start: first_ip, end: last_ip }),
        ),
        enable_dhcp,
        // As the network is.
        shared: shared.has(network_id),
        dns_nameservers: subnet.dns_nameservers.map((address, order) =>
          versionedObject('DNSNameServer', '1.0', { address, subnet_id, order }),
        ),
        dns_publish_fixed_ip: subnet.dns_publish_fixed_ip === true,
        host_routes: subnet.host_routes.map(({ destination, nexthop }) =>
          versionedObject('Route', '1.0', { subnet_id, destination, nexthop }),
        ),
        ...columns({ ipv6_ra_mode, ipv6_address_mode }),
        service_types,
        ...standard(subnet),
      };
    });
  },
  downgrade(data, minor) {
    if (minor < 1) delete data.dns_publish_fixed_ip;
  },
};
