import { agentByTypeAndHost } from '../../db/write/agents.ts';
import { networksOfDhcpAgent } from '../../db/write/network-agents.ts';
import type { FilterValue, ListQuery } from '../../lib/query.ts';
import { type DhcpMethods, endpoint, type PortFilters, pluginEndpointVersions } from '../../rpc/contract.ts';
import type { Endpoint } from '../../rpc/transport.ts';
import type { AgentDirectory } from '../agent/directory.ts';
import type { DhcpPorts } from '../dhcp/dhcp-ports.ts';
import { networkInfos } from '../dhcp/network-info.ts';
import type { Machine } from '../machine.ts';
import { completeProvisioning } from '../ml2/provisioning.ts';
import { messageView } from '../parts.ts';
import { wirePort, wirePorts } from './wire.ts';

/** What DHCP agents ask, and the metadata agent's one question (upstream: api/rpc/handlers/dhcp_rpc.py, metadata_rpc.py). */
export function dhcpEndpoint(machine: Machine, dhcpPorts: DhcpPorts, directory: AgentDirectory): Endpoint {
  const { shared } = machine;
  const { db } = shared.database;
  const view = messageView(shared);
  return endpoint<DhcpMethods>(pluginEndpointVersions.dhcp, {
    get_active_networks_info: async ({ host, enable_dhcp_filter = true }, context) => {
      if (!context.readOnly) await directory.autoSchedule(host);
      const agent = await agentByTypeAndHost(db, 'DHCP agent', host);
      const stopped = !shared.options.core.enable_services_on_agents_with_admin_state_down;
      if (!agent || (stopped && !agent.admin_state_up)) return [];
      return networkInfos(db, await networksOfDhcpAgent(db, agent.id), {
        onlyDhcpSubnets: enable_dhcp_filter,
        host,
        view,
      });
    },
    get_network_info: async ({ network_id, host = null }) =>
      (await networkInfos(db, [network_id], { host, view }))[0] ?? null,
    create_dhcp_port: async ({ port: { port }, host }, context) => {
      const made = await dhcpPorts.create(context, host, port);
      return made && wirePort(made);
    },
    update_dhcp_port: async ({ port_id, port: { port }, host }, context) => {
      const updated = await dhcpPorts.update(context, host, port_id, port);
      return updated && (await wirePorts(db, { id: [port_id] }, view))[0]!;
    },
    release_dhcp_port: async ({ network_id, device_id }, context) => {
      await dhcpPorts.release(context, network_id, device_id);
      return null;
    },
    dhcp_ready_on_ports: async ({ port_ids }, context) => {
      await completeProvisioning(machine, port_ids, { context, entity: 'DHCP' });
      return null;
    },
    get_ports: async ({ filters }) => {
      const known = portFilters(filters ?? {});
      return known === null ? [] : wirePorts(db, known, view);
    },
  });
}

const scalarKeys = ['id', 'network_id', 'device_id', 'device_owner', 'mac_address', 'name', 'status'];

/** A message's filters as a query; null when none of them is known: upstream answers that with nothing at all. */
function portFilters(filters: PortFilters): ListQuery['filters'] | null {
  const known: Record<string, FilterValue[]> = {};
  for (const key of scalarKeys) {
    const values = filters[key];
    if (Array.isArray(values)) known[key] = values as string[];
  }
  const { ip_address, subnet_id } = filters.fixed_ips ?? {};
  if (ip_address || subnet_id) {
    known.fixed_ips = [
      ...(ip_address ?? []).map((value) => ({ key: 'ip_address', value })),
      ...(subnet_id ?? []).map((value) => ({ key: 'subnet_id', value })),
    ];
  }
  return Object.keys(known).length === 0 ? null : known;
}
