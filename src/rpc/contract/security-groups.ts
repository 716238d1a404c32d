import type { Transport } from '../transport.ts';
import { callMethod, castMethod, type MethodTable, OUR_AGENT, ownContext, type SendOptions } from './method.ts';
import type { WirePort } from './shapes.ts';
import { topics } from './topics.ts';

/** What bridge agents are told of groups, by fan-out: ids only, they ask for the rest. */
export interface SecurityGroupAgentMethods {
  /** Rules of these groups came or went. */
  security_groups_rule_updated: { args: { security_groups: string[] }; result: unknown };
  /** Ports, or their addresses, came to these groups or left them: rules that refer to the groups mean other addresses. */
  security_groups_member_updated: { args: { security_groups: string[] }; result: unknown };
}

/** What bridge agents ask (upstream: db/securitygroups_rpc_base.py). Devices are tap names or port ids. */
export interface SecurityGroupMethods {
  /** Every rule once, and addresses of what they refer to: what agents of today ask. */
  security_group_info_for_devices: { args: { devices: string[]; call_version?: string }; result: SecurityGroupInfo };
  /** The older form: each device with all its rules, addresses filled in. */
  security_group_rules_for_devices: { args: { devices: string[] }; result: Record<string, SecuredDevice> };
}

export const SECURITY_GROUP_VERSION = '1.3';
const NOTIFIER_VERSION = '1.1';

export interface SecurityGroupInfo {
  /** By port id; ports that are not filtered are missing. */
  devices: Record<string, SecuredDevice>;
  /** Rules of the groups of these ports, by group. */
  security_groups: Record<string, WireRule[]>;
  /** By group or address group, and IP version: addresses, with the MAC where an address pair has one of its own. */
  sg_member_ips: Record<string, Partial<Record<'IPv4' | 'IPv6', [address: string, mac: string | null][]>>>;
}

export type SecuredDevice = Omit<WirePort, 'fixed_ips'> & {
  device: string;
  fixed_ips: string[];
  /** Rules that the server adds for every port: DHCP and router advertisements. */
  security_group_rules: WireRule[];
  /** Groups, and address groups, that rules of the port's groups refer to. */
  security_group_source_groups: string[];
  security_group_remote_address_groups: string[];
};

/** Absent keys match anything. */
export interface WireRule {
  /** Ours, to our agents: which rule of the API this is. */
  id?: string;
  direction: 'ingress' | 'egress';
  ethertype: 'IPv4' | 'IPv6';
  stateful?: boolean;
  security_group_id?: string;
  protocol?: string;
  port_range_min?: number;
  port_range_max?: number;
  source_port_range_min?: number;
  source_port_range_max?: number;
  source_ip_prefix?: string;
  dest_ip_prefix?: string;
  remote_group_id?: string;
  remote_address_group_id?: string;
}

/** An agent's way to ask of groups. */
export class SecurityGroupApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @throws MessagingTimeout, RemoteError */
  infoForDevices(devices: readonly string[], options?: SendOptions): Promise<SecurityGroupInfo> {
    const target = { topic: topics.plugin, version: SECURITY_GROUP_VERSION };
    const args = { devices: [...devices], call_version: SECURITY_GROUP_VERSION };
    const context = { ...(options?.context ?? ownContext()), userName: OUR_AGENT };
    return callMethod<SecurityGroupMethods & MethodTable<SecurityGroupMethods>, 'security_group_info_for_devices'>(
      this.#transport,
      target,
      'security_group_info_for_devices',
      args,
      { ...options, context },
    );
  }
}

/** The server's way to tell bridge agents of groups. */
export class SecurityGroupNotifier {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  rulesUpdated(groups: readonly string[], options?: SendOptions): Promise<void> {
    return this.#fanout('security_groups_rule_updated', groups, options);
  }

  membersUpdated(groups: readonly string[], options?: SendOptions): Promise<void> {
    return this.#fanout('security_groups_member_updated', groups, options);
  }

  #fanout<K extends keyof SecurityGroupAgentMethods>(
    method: K,
    groups: readonly string[],
    options?: SendOptions,
  ): Promise<void> {
    const target = { topic: topics.securityGroupUpdate, version: NOTIFIER_VERSION, fanout: true };
    const args = { security_groups: [...groups] };
    return castMethod<SecurityGroupAgentMethods, K>(this.#transport, target, method, args, options);
  }
}
