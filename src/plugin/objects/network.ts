import { findNetworks } from '../../db/read/networks.ts';
import { fullView } from '../../db/read/view.ts';
import { hostsOfSegments } from '../../db/write/segment-hosts.ts';
import { segmentsOfNetworks } from '../../db/write/segments.ts';
import { columns, grouped, named, standard, versionedObject } from './compose.ts';
import type { ObjectKind } from './contract.ts';
import { segmentObject } from './segment.ts';

export const networkObject: ObjectKind = {
  name: 'Network',
  version: '1.1',
  resource: 'network',
  bare: { shared: false, mtu: 1500, qos_policy_id: null },
  async read(db, filters, extensions) {
    const networks = await findNetworks(db, { filters }, fullView);
    const segments = await segmentsOfNetworks(
      db,
      networks.map(({ id }) => id),
    );
    const segmentIds = segments.map(({ id }) => id);
    const hosts = extensions.has('segment') ? await hostsOfSegments(db, segmentIds) : new Map<string, string[]>();
    const segmentsOf = grouped(segments, ({ network_id }) => network_id);
    return networks.map((network) => {
      const { id, status, admin_state_up, shared, mtu, vlan_transparent, port_security_enabled = true } = network;
      const hints = network.availability_zone_hints;
      const secured = extensions.has('port-security');
      return {
        ...named(network),
        ...columns({ status, admin_state_up, vlan_transparent }),
        ...(hints.length > 0 && { availability_zone_hints: hints }),
        ...{ shared, mtu },
        security: secured ? versionedObject('NetworkPortSecurity', '1.0', { id, port_security_enabled }) : null,
        segments: segmentsOf(id).map((segment) => segmentObject(segment, hosts.get(segment.id) ?? [])),
        dns_domain: network.dns_domain || null,
        qos_policy_id: network.qos_policy_id ?? null,
        ...standard(network),
      };
    });
  },
  // 1.1 promises that every network has an MTU; every network has.
  downgrade() {},
};
