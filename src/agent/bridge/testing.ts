import type { Logger } from '../../lib/log.ts';
import { tapName } from '../../lib/names.ts';
import { defaultValues } from '../../lib/options.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import type { BoundDeviceDetails, ExplainStep } from '../../rpc/contract.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import type { FirewallDriver, FirewallOutcome, FirewallState, Unchanged } from '../firewall/contract.ts';
import { BridgeAgent, type BridgeAgentParts } from './agent.ts';
import { bridgeAgentOptions, linuxBridgeOptions, securityGroupOptions } from './options.ts';
import { vxlanOptions } from './vxlan-options.ts';

/** An id that starts with a digit of its own, so that names on the host differ. */
export function idOf(digit: number): string {
  return `${String(digit).repeat(8)}-${String(digit).repeat(4)}-4111-8111-111111111111`;
}

export function deviceDetails(portId: string, changes: Partial<BoundDeviceDetails> = {}): BoundDeviceDetails {
  return {
    ...{ device: tapName(portId), network_id: idOf(1), port_id: portId, mac_address: 'fa:16:3e:00:00:01' },
    ...{ admin_state_up: true, network_type: 'local', segmentation_id: null, physical_network: null, mtu: 1500 },
    ...{ fixed_ips: [], device_owner: 'network:dhcp', allowed_address_pairs: [], port_security_enabled: false },
    ...{ qos_policy_id: null, qos_network_policy_id: null, profile: {}, propagate_uplink_status: false },
    ...changes,
  };
}

interface Changes {
  linuxBridge?: object;
  vxlan?: object;
  agent?: object;
  securityGroup?: object;
  parts?: Partial<BridgeAgentParts>;
}

/** Filters nothing; keeps what it was told. */
export class FakeFirewall implements FirewallDriver {
  readonly name = 'fake';
  state: FirewallState | null = null;
  outcome: FirewallOutcome = { closed: new Map(), late: new Map() };
  onApply: () => void | Promise<void> = () => {};

  /** What it was told that it need not look at, each time. */
  readonly distrusted: (Unchanged | undefined)[] = [];

  async start() {}
  distrust(unchanged?: Unchanged) {
    this.distrusted.push(unchanged);
  }

  async apply(state: FirewallState) {
    await this.onApply();
    this.state = state;
    return this.outcome;
  }

  async explain(_: FirewallState, name: string): Promise<ExplainStep[]> {
    return [{ step: 'rules', state: 'ok', expected: name, found: name }];
  }

  async plan({ ports }: FirewallState) {
    return [...ports.keys()].map((name) => `filter ${name}`);
  }
}

/** An agent on a host and with a server that exist only as models. */
export class AgentBench {
  readonly host = new FakeHost();
  /** What the server knows, by the name of the device. */
  readonly known = new Map<string, BoundDeviceDetails>();
  readonly log: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  readonly transport = new FakeTransport({
    report_state: 'alive',
    get_devices_details_list: ({ devices }: { devices: string[] }) => {
      if (this.isServerAway) throw new Error('nobody answers');
      return devices.map((device) => this.known.get(device) ?? { device });
    },
    update_device_up: null,
    update_device_down: ({ device }: { device: string }) => ({ device, exists: true }),
    update_device_list: { devices_up: [], failed_devices_up: [], devices_down: [], failed_devices_down: [] },
    bulk_pull: [],
  });
  isServerAway = false;
  readonly drivers: FirewallDriver[] = [];
  #agent: BridgeAgent | null = null;

  get agent(): BridgeAgent {
    if (!this.#agent) throw new Error('the agent was not started');
    return this.#agent;
  }

  async start(changes: Changes = {}): Promise<void> {
    await this.prepare(changes);
    await this.agent.start();
    await this.agent.idle();
  }

  /** Devices that the server was told of, one by one or in lists. */
  reported(method: 'update_device_up' | 'update_device_down'): string[] {
    const list = method === 'update_device_up' ? 'devices_up' : 'devices_down';
    return [
      ...this.transport.argsOf(method).map(({ device }) => device),
      ...this.transport.argsOf('update_device_list').flatMap((args) => args[list] as string[]),
    ];
  }

  /** An agent that is not started. */
  async prepare({ parts, ...changes }: Changes = {}): Promise<void> {
    await this.close();
    const keep = (level: string) => (fields: object, message: string) =>
      void this.log.push({ level, fields: { ...fields }, message });
    const logger: Logger = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
    this.#agent = new BridgeAgent({
      host: 'host1',
      options: {
        linuxBridge: defaultValues(linuxBridgeOptions, changes.linuxBridge),
        vxlan: defaultValues(vxlanOptions, changes.vxlan ?? { enable_vxlan: false }),
        agent: defaultValues(bridgeAgentOptions, changes.agent),
        securityGroup: defaultValues(securityGroupOptions, changes.securityGroup),
      },
      ...{ transport: this.transport, linux: this.host, logger, scanIntervalMs: 60_000, drivers: this.drivers },
      ...parts,
    });
  }

  /** The server says something to all agents. */
  async tell(method: 'network_update' | 'network_delete' | 'port_update', args: object): Promise<void> {
    const topics = { network_update: 'network-update', network_delete: 'network-delete', port_update: 'port-update' };
    await this.transport.tell(`q-agent-notifier-${topics[method]}`, method, { ...args });
    await this.settle();
  }

  /** A tap comes, whose port the server knows. */
  async plug(details: BoundDeviceDetails): Promise<void> {
    this.known.set(details.device, details);
    this.host.addTap(details.device);
    await this.settle();
  }

  async unplug(device: string): Promise<void> {
    this.host.removeLink(device);
    await this.settle();
  }

  /** Events of the host are told in a later turn, and wake the agent some milliseconds later. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await this.agent.idle();
  }

  async close(): Promise<void> {
    await this.#agent?.close();
    this.#agent = null;
  }
}
