import type { Transport } from '../transport.ts';
import { callMethod, type MethodTable, OUR_AGENT, ownContext, type SendOptions } from './method.ts';
import type { DeviceDetails, NetworkInfo, WireNetwork, WirePort } from './shapes.ts';
import { topics } from './topics.ts';

/** What an L2 agent says of itself with each call: `lb` + a MAC without colons, and its host. */
export interface AgentIdentity {
  agent_id: string;
  host: string;
}

/** The L2 agents' endpoint on `q-plugin` (upstream: plugins/ml2/rpc.py). */
export interface DeviceMethods {
  /** An unknown device is answered with its name alone, and is no failure. */
  get_device_details: { args: AgentIdentity & { device: string }; result: DeviceDetails };
  get_devices_details_list: { args: AgentIdentity & { devices: string[] }; result: DeviceDetails[] };
  get_devices_details_list_and_failed_devices: {
    args: AgentIdentity & { devices: string[] };
    result: { devices: DeviceDetails[]; failed_devices: string[] };
  };
  /** @throws NetworkNotFound */
  get_network_details: { args: AgentIdentity & { network: string }; result: WireNetwork };
  /** Null also for an unknown device. */
  update_device_up: { args: AgentIdentity & { device: string }; result: null };
  /** `exists` is true for unknown devices too, as upstream has it. */
  update_device_down: { args: AgentIdentity & { device: string }; result: { device: string; exists: boolean } };
  update_device_list: {
    args: AgentIdentity & { devices_up: string[]; devices_down: string[]; refresh_tunnels?: boolean };
    result: {
      devices_up: string[];
      failed_devices_up: string[];
      devices_down: { device: string; exists: boolean }[];
      failed_devices_down: string[];
    };
  };
}

/** The DHCP agents' endpoint on `q-plugin` (upstream: api/rpc/handlers/dhcp_rpc.py). */
export interface DhcpMethods {
  /** Networks scheduled to the agent of `host`; with the filter only subnets that have DHCP on. */
  get_active_networks_info: { args: { host: string; enable_dhcp_filter?: boolean }; result: NetworkInfo[] };
  /** Null when the network does not exist. */
  get_network_info: { args: { network_id: string; host: string }; result: NetworkInfo | null };
  /** Null when the network (or a subnet asked for) is gone. */
  create_dhcp_port: { args: { port: { port: DhcpPortRequest }; host: string }; result: WirePort | null };
  /** Null when the port is gone. Refused with DhcpPortInUse when another agent took the reserved port first. */
  update_dhcp_port: {
    args: { port_id: string; port: { port: Partial<DhcpPortRequest> }; host: string };
    result: WirePort | null;
  };
  release_dhcp_port: { args: { network_id: string; device_id: string; host: string }; result: null };
  dhcp_ready_on_ports: { args: { port_ids: string[] }; result: null };
  /** Also what the metadata agent asks, as version 1.0. Unknown filter keys are ignored. */
  get_ports: { args: { filters: PortFilters }; result: WirePort[] };
}

/** The port a DHCP agent asks for. */
export interface DhcpPortRequest {
  name?: string;
  admin_state_up?: boolean;
  device_id: string;
  network_id: string;
  project_id?: string;
  fixed_ips?: { subnet_id: string; ip_address?: string }[];
}

/** Values of one key are alternatives, keys must all match; under `fixed_ips` likewise. */
export interface PortFilters {
  network_id?: string[];
  device_id?: string[];
  device_owner?: string[];
  mac_address?: string[];
  fixed_ips?: { ip_address?: string[]; subnet_id?: string[] };
  [key: string]: unknown;
}

export type PluginMethods = DeviceMethods & DhcpMethods;

/** The newest version of each endpoint of `q-plugin`: what the server registers. */
export const pluginEndpointVersions = { device: '1.9', dhcp: '1.10' } as const;

/** The version that agents ask for, by method. */
const versions: Record<keyof PluginMethods, string> = {
  get_device_details: '1.9',
  get_devices_details_list: '1.9',
  get_devices_details_list_and_failed_devices: '1.9',
  get_network_details: '1.6',
  update_device_up: '1.9',
  update_device_down: '1.9',
  update_device_list: '1.9',
  get_active_networks_info: '1.1',
  get_network_info: '1.0',
  create_dhcp_port: '1.1',
  update_dhcp_port: '1.1',
  release_dhcp_port: '1.0',
  dhcp_ready_on_ports: '1.5',
  get_ports: '1.0',
};

/** An agent's way to ask the server. Every method throws RemoteError or MessagingTimeout. */
export class PluginApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  getDevicesDetailsList(agent: AgentIdentity, devices: string[], options?: SendOptions): Promise<DeviceDetails[]> {
    const context = { ...(options?.context ?? ownContext()), userName: OUR_AGENT };
    return this.#call('get_devices_details_list', { devices, ...agent }, { ...options, context });
  }

  getDeviceDetails(agent: AgentIdentity, device: string, options?: SendOptions): Promise<DeviceDetails> {
    return this.#call('get_device_details', { device, ...agent }, options);
  }

  getNetworkDetails(agent: AgentIdentity, network: string, options?: SendOptions): Promise<WireNetwork> {
    return this.#call('get_network_details', { network, ...agent }, options);
  }

  async updateDeviceUp(agent: AgentIdentity, device: string, options?: SendOptions): Promise<void> {
    await this.#call('update_device_up', { device, ...agent }, options);
  }

  updateDeviceDown(
    agent: AgentIdentity,
    device: string,
    options?: SendOptions,
  ): Promise<{ device: string; exists: boolean }> {
    return this.#call('update_device_down', { device, ...agent }, options);
  }

  /** Many devices in one call: our server serves it; a Python server of 2024.1 does too. */
  updateDeviceList(
    agent: AgentIdentity,
    up: string[],
    down: string[],
    options?: SendOptions,
  ): Promise<PluginMethods['update_device_list']['result']> {
    return this.#call('update_device_list', { devices_up: up, devices_down: down, ...agent }, options);
  }

  getActiveNetworksInfo(host: string, options?: SendOptions): Promise<NetworkInfo[]> {
    return this.#call('get_active_networks_info', { host, enable_dhcp_filter: false }, options);
  }

  getNetworkInfo(networkId: string, host: string, options?: SendOptions): Promise<NetworkInfo | null> {
    return this.#call('get_network_info', { network_id: networkId, host }, options);
  }

  createDhcpPort(port: DhcpPortRequest, host: string, options?: SendOptions): Promise<WirePort | null> {
    return this.#call('create_dhcp_port', { port: { port }, host }, options);
  }

  updateDhcpPort(
    portId: string,
    changes: Partial<DhcpPortRequest>,
    host: string,
    options?: SendOptions,
  ): Promise<WirePort | null> {
    return this.#call('update_dhcp_port', { port_id: portId, port: { port: changes }, host }, options);
  }

  async releaseDhcpPort(networkId: string, deviceId: string, host: string, options?: SendOptions): Promise<void> {
    await this.#call('release_dhcp_port', { network_id: networkId, device_id: deviceId, host }, options);
  }

  async dhcpReadyOnPorts(portIds: string[], options?: SendOptions): Promise<void> {
    await this.#call('dhcp_ready_on_ports', { port_ids: portIds }, options);
  }

  getPorts(filters: PortFilters, options?: SendOptions): Promise<WirePort[]> {
    return this.#call('get_ports', { filters }, options);
  }

  #call<K extends keyof PluginMethods>(
    method: K,
    args: PluginMethods[K]['args'],
    options?: SendOptions,
  ): Promise<PluginMethods[K]['result']> {
    const target = { topic: topics.plugin, version: versions[method] };
    return callMethod<MethodTableOf, K>(this.#transport, target, method, args, options);
  }
}

type MethodTableOf = PluginMethods & MethodTable<PluginMethods>;
