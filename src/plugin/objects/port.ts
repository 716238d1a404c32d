import {
  bindingsOfPorts,
  dhcpOptionsOfPorts,
  type LevelWithSegment,
  levelsOfPorts,
  type StoredBinding,
} from '../../db/read/object-parts.ts';
import { findPorts } from '../../db/read/ports.ts';
import { fullView } from '../../db/read/view.ts';
import { hostsOfSegments } from '../../db/write/segment-hosts.ts';
import { pythonJson } from '../../lib/python-text.ts';
import type { Port } from '../../resources/shapes.ts';
import type { VersionedObject } from '../../rpc/contract.ts';
import { columns, grouped, named, standard, versionedObject } from './compose.ts';
import type { ObjectData, ObjectKind } from './contract.ts';
import { segmentObject } from './segment.ts';

export const portObject: ObjectKind = {
  name: 'Port',
  version: '1.7',
  resource: 'port',
  bare: { security_group_ids: null, qos_policy_id: null, qos_network_policy_id: null },
  ids: async (db, filters) => (await findPorts(db, { filters, fields: ['id'] }, fullView)).map(({ id }) => id),
  async read(db, filters, extensions) {
    const ports = await findPorts(db, { filters }, fullView);
    const ids = ports.map(({ id }) => id);
    const bindings = grouped(await bindingsOfPorts(db, ids), ({ port_id }) => port_id);
    const levels = await levelsOfPorts(db, ids);
    const segments = [...new Set(levels.map(({ segment }) => segment.id))];
    const hosts = extensions.has('segment') ? await hostsOfSegments(db, segments) : new Map<string, string[]>();
    const levelsOf = grouped(levels, ({ port_id }) => port_id);
    const withOptions = ports.filter(({ extra_dhcp_opts }) => extra_dhcp_opts.length > 0).map(({ id }) => id);
    const options = grouped(await dhcpOptionsOfPorts(db, withOptions), ({ port_id }) => port_id);
    return ports.map((port) => ({
      ...own(port),
      ...parts(port, extensions),
      bindings: bindings(port.id).map(bindingObject),
      binding_levels: levelsOf(port.id).map((level) => levelObject(level, hosts)),
      dhcp_options: options(port.id).map((option) => versionedObject('ExtraDhcpOpt', '1.1', { ...option })),
      distributed_bindings: [],
      qos_policy_id: port.qos_policy_id ?? null,
      qos_network_policy_id: port.qos_network_policy_id ?? null,
    }));
  },
  downgrade(data, minor) {
    if (minor < 2) {
      for (const level of (data.binding_levels ?? []) as VersionedObject[]) {
        level['versioned_object.version'] = '1.0';
        delete level['versioned_object.data'].segment_id;
      }
    }
    if (minor < 3) {
      delete data.distributed_bindings;
      data.distributed_binding = null;
    }
    if (minor < 4 && data.bindings) {
      const bindings = data.bindings as VersionedObject[];
      data.binding = bindings.find((binding) => binding['versioned_object.data'].status === 'ACTIVE') ?? null;
      delete data.bindings;
    }
    if (minor < 5) delete data.qos_network_policy_id;
    if (minor < 6) delete data.numa_affinity_policy;
    if (minor < 7) delete data.device_profile;
  },
};

/** The port's own columns, and what upstream keeps beside them in a column of another table. */
function own(port: Port): ObjectData {
  const { network_id, mac_address, admin_state_up, device_id, device_owner, status } = port;
  const { numa_affinity_policy, device_profile } = port;
  return {
    ...named(port),
    ...{ network_id, mac_address, admin_state_up, device_id, device_owner, status },
    ...columns({ numa_affinity_policy, device_profile }),
    ...standard(port),
  };
}

function parts(port: Port, extensions: ReadonlySet<string>): ObjectData {
  const { id: port_id, network_id, port_security_enabled = true } = port;
  const secured = extensions.has('port-security');
  return {
    allowed_address_pairs: port.allowed_address_pairs.map(({ mac_address, ip_address }) =>
      versionedObject('AllowedAddressPair', '1.0', { port_id, mac_address, ip_address }),
    ),
    fixed_ips: port.fixed_ips.map(({ subnet_id, ip_address }) =>
      versionedObject('IPAllocation', '1.0', { port_id, subnet_id, network_id, ip_address }),
    ),
    security: secured ? versionedObject('PortSecurity', '1.0', { id: port_id, port_security_enabled }) : null,
    security_group_ids: port.security_groups ?? [],
    data_plane_status: port.data_plane_status
      ? versionedObject('PortDataPlaneStatus', '1.0', { port_id, data_plane_status: port.data_plane_status })
      : null,
    dns: extensions.has('dns-integration') ? dnsObject(port) : null,
  };
}

/** There is none for a port without a name. What a service outside was told of it (`current`, `previous`) is not kept. */
function dnsObject({ id: port_id, dns_name, dns_domain }: Port): ObjectData | null {
  if (!dns_name && !dns_domain) return null;
  const outside = {
    current_dns_name: '',
    current_dns_domain: '',
    previous_dns_name: '',
    previous_dns_domain: '',
  };
  return { ...versionedObject('PortDNS', '1.1', { port_id, ...outside, dns_name, dns_domain }) };
}

function bindingObject({ port_id, host, vnic_type, profile, vif_type, vif_details, status }: StoredBinding) {
  return versionedObject('PortBinding', '1.0', {
    ...{ port_id, host, vif_type, vnic_type, status },
    profile: profile === '' ? '{}' : pythonJson(JSON.parse(profile)),
    vif_details: vif_details === '' ? null : pythonJson(JSON.parse(vif_details)),
  });
}

function levelObject({ port_id, host, level, driver, segment }: LevelWithSegment, hosts: Map<string, string[]>) {
  return versionedObject('PortBindingLevel', '1.1', {
    ...{ port_id, host, level, driver },
    segment: segmentObject(segment, hosts.get(segment.id) ?? []),
    segment_id: segment.id,
  });
}
