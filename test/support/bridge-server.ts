import { join } from 'node:path';
import { tapName } from '../../src/lib/names.ts';
import {
  type BoundDeviceDetails,
  BridgeNotifier,
  type DeviceMethods,
  endpoint,
  type ReportMethods,
  type SecuredDevice,
  type SecurityGroupMethods,
  topics,
} from '../../src/rpc/contract.ts';
import { type LocalBus, serveLocalBus } from '../../src/rpc/local/serve.ts';

/** What a bridge agent hears from a server, without a server: it knows the ports it was given and keeps what it is told. */
export class BridgeServer {
  readonly socketPath: string;
  /** Device → what the agent last said. */
  readonly states = new Map<string, 'up' | 'down'>();
  readonly #bus: LocalBus;
  readonly #known = new Map<string, BoundDeviceDetails>();
  readonly #notifier: BridgeNotifier;
  /** How often the agent asked for details. */
  asked = 0;
  /** Whether it tells of security groups: of each port one without rules. */
  tellsGroups = true;

  constructor(bus: LocalBus) {
    this.#bus = bus;
    this.socketPath = bus.socketPath;
    this.#notifier = new BridgeNotifier(bus.transport);
  }

  async listen(): Promise<void> {
    const devices = endpoint<
      Pick<DeviceMethods, 'get_devices_details_list' | 'update_device_up' | 'update_device_down' | 'update_device_list'>
    >('1.9', {
      get_devices_details_list: async ({ devices: names }) => {
        this.asked += 1;
        return names.map((device) => this.#known.get(device) ?? { device });
      },
      update_device_up: async ({ device }) => {
        this.states.set(device, 'up');
        return null;
      },
      update_device_down: async ({ device }) => {
        this.states.set(device, 'down');
        return { device, exists: true };
      },
      update_device_list: async ({ devices_up, devices_down }) => {
        for (const device of devices_up) this.states.set(device, 'up');
        for (const device of devices_down) this.states.set(device, 'down');
        return {
          devices_up,
          failed_devices_up: [],
          devices_down: devices_down.map((device) => ({ device, exists: true })),
          failed_devices_down: [],
        };
      },
    });
    const groups = endpoint<Pick<SecurityGroupMethods, 'security_group_info_for_devices'>>('1.3', {
      security_group_info_for_devices: async ({ devices: names }) => {
        if (!this.tellsGroups) throw new Error('not now');
        const secured = names.flatMap((name) => this.#known.get(name) ?? []);
        return {
          devices: Object.fromEntries(secured.map((port) => [port.port_id, securedOf(port)])),
          security_groups: { [GROUP]: [] },
          sg_member_ips: {},
        };
      },
    });
    const reports = endpoint<ReportMethods>('1.2', { report_state: async () => 'alive' as const });
    await this.#bus.transport.listen(topics.plugin, 'server', [devices, groups]);
    await this.#bus.transport.listen(topics.reports, 'server', [reports]);
  }

  /** Makes a port known. @returns the name of its tap */
  know(port: Partial<BoundDeviceDetails> & { port_id: string; network_id: string }): string {
    const device = tapName(port.port_id);
    this.#known.set(device, {
      device,
      mac_address: 'fa:16:3e:00:00:01',
      admin_state_up: true,
      network_type: 'local',
      segmentation_id: null,
      physical_network: null,
      mtu: 1500,
      fixed_ips: [],
      device_owner: 'neutrino:plug',
      allowed_address_pairs: [],
      port_security_enabled: false,
      qos_policy_id: null,
      qos_network_policy_id: null,
      profile: {},
      propagate_uplink_status: false,
      ...port,
    });
    return device;
  }

  /** Tells agents that a network was deleted, and forgets its ports. */
  async deleteNetwork(networkId: string): Promise<void> {
    for (const [device, details] of this.#known) if (details.network_id === networkId) this.#known.delete(device);
    await this.#notifier.networkDelete(networkId);
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}

const GROUP = '99999999-9999-4999-8999-999999999999';

function securedOf({ device, fixed_ips }: BoundDeviceDetails): SecuredDevice {
  const addresses = fixed_ips.map(({ ip_address }) => ip_address);
  return {
    device,
    fixed_ips: addresses,
    security_groups: [GROUP],
    security_group_rules: [],
  } as unknown as SecuredDevice;
}

export async function openBridgeServer(folder: string): Promise<BridgeServer> {
  const server = new BridgeServer(await serveLocalBus({ socketPath: join(folder, 'bus.sock') }));
  await server.listen();
  return server;
}
