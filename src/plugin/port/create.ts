import { randomUUID } from 'node:crypto';
import { ask, type Question } from '../../db/question.ts';
import { getNetwork } from '../../db/read/networks.ts';
import { type AgentRow, agentsOnHost } from '../../db/write/agents.ts';
import { insertBinding } from '../../db/write/bindings.ts';
import { agentsHostingOf, type HostingAgent } from '../../db/write/network-agents.ts';
import { type NetworkFacts, networkFactsOf } from '../../db/write/networks.ts';
import {
  holderOfMac,
  insertPort,
  type NewPort,
  type PortExtras,
  replaceAddressPairs,
  replaceDhcpOptions,
} from '../../db/write/ports.ts';
import { insertProvisioningBlocks, type ProvisioningEntity } from '../../db/write/provisioning.ts';
import { policyOfNetworkOf } from '../../db/write/qos-policies.ts';
import { replacePortGroups } from '../../db/write/security-groups.ts';
import { type SubnetFacts, subnetFactsOf } from '../../db/write/subnets.ts';
import { seesEverything } from '../../lib/context.ts';
import { dnsAssignment } from '../../lib/dns-names.ts';
import type { FixedIp, Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import { scheduleIn } from '../dhcp/schedule-in.ts';
import { checkSubnetsExist } from '../ipam/ipam.ts';
import { type AddressRequest, wishesOfNewPort } from '../ipam/wishes.ts';
import type { Machine } from '../machine.ts';
import { portSecurityOfNewPort } from '../ml2/extension/port-security.ts';
import { waitsForDhcp, waitsForL2 } from '../ml2/provisioning.ts';
import { networkErrors } from '../network/errors.ts';
import { messageView, type Shared, viewOf } from '../parts.ts';
import { qosOfNewPort, withoutPolicy } from '../qos/attach.ts';
import { groupsOfNewPort } from '../security-group/port-groups.ts';
import { candidateSubnets } from '../segment/candidates.ts';
import { completePairs, type PairRequest } from './address-pairs.ts';
import { mergeOptions, type OptionRequest } from './dhcp-options.ts';
import { portErrors } from './errors.ts';
import { dnsNames, extrasOfNewPort } from './extras.ts';
import { generateMac } from './mac.ts';
import { checkProfile } from './rules.ts';

/** What ports of one request share: read once per transaction, however many ports there are. */
export class NetworkNotes {
  readonly #networks = new Map<string, Promise<NetworkNote>>();
  readonly #hosts = new Map<string, Promise<AgentRow[]>>();
  readonly #defaultGroups = new Map<string, Promise<string | null>>();

  network(change: Change, machine: Machine, id: string): Promise<NetworkNote> {
    return remember(this.#networks, id, () => readNote(change, machine, id));
  }

  /** A project's default security group, or null where ports have none. */
  defaultGroup(change: Change, { defaultGroups }: Machine, projectId: string): Promise<string | null> {
    return remember(this.#defaultGroups, projectId, () => defaultGroups.ensureIn(change, projectId));
  }

  agentsOn(change: Change, host: string): Promise<AgentRow[]> {
    return remember(this.#hosts, host, () => agentsOnHost(change.tx, host));
  }
}

interface NetworkNote {
  facts: NetworkFacts;
  subnets: SubnetFacts[];
  agents: HostingAgent[];
  /** Its QoS policy. */
  policy: string | null;
}

const noPolicy: Question<null> = { statements: [], answer: () => null };

async function readNote(change: Change, machine: Machine, id: string): Promise<NetworkNote> {
  const { tx } = change;
  const [facts, subnets, present, policy] = await ask(
    tx,
    networkFactsOf(tx, id),
    subnetFactsOf(tx, id),
    agentsHostingOf(tx, [id]),
    machine.shared.extensions.has('qos') ? policyOfNetworkOf(tx, id) : noPolicy,
  );
  const visible =
    seesEverything(change.context) ||
    (await getNetwork(tx, id, viewOf(machine.shared, change.context), ['id'])) !== null;
  if (!facts || !visible) throw networkErrors.NetworkNotFound({ net_id: id });
  const agents = await scheduleIn(change, facts, machine, { present });
  return { facts, subnets, agents, policy };
}

function remember<T>(map: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  let value = map.get(key);
  if (!value) {
    value = read();
    map.set(key, value);
  }
  return value;
}

/**
 * Writes a new port with everything that hangs on it, inside the transaction (upstream: ml2/plugin.py
 * `_create_port_db`).
 *
 * @returns the port with every attribute there is
 * @throws NetworkNotFound, MacAddressInUse and what addresses, pairs and groups may be refused with
 */
export async function createPortIn(change: Change, machine: Machine, input: Input, notes: NetworkNotes): Promise<Port> {
  const { tx, time } = change;
  const note = await notes.network(change, machine, input.network_id as string);
  const { core } = machine.shared.options;
  const draft = portOf(input, note.facts, { time, names: dnsNames(input, core.dns_domain) });
  const { profile, ...extras } = extrasOfNewPort(input);
  draft['binding:profile'] = profile;
  draft.mac_address = await macOf(change, machine, input, draft.network_id);
  const requested = (input.fixed_ips as AddressRequest[] | null | undefined) ?? undefined;
  if (requested) await checkSubnetsExist(tx, note.subnets, requested, viewOf(machine.shared, change.context));
  const placed = { ...draft, host: draft['binding:host_id'] };
  const { subnets, deferred } = await candidateSubnets(tx, note.subnets, placed, requested);
  const wishes = deferred ? [] : wishesOfNewPort(subnets, draft, requested);
  checkProfile(draft['binding:profile']);
  draft.ip_allocation = requested?.length === 0 ? 'none' : deferred ? 'deferred' : 'immediate';
  await insertPort(tx, { ...rowOf(draft), ...extras }, (id) => {
    draft.standard_attr_id = id;
  });
  draft.fixed_ips = await machine.ipam.allocate(tx, draft, wishes);
  Object.assign(draft, shownExtras(extras), namesInDns(draft, machine.shared));
  await writeExtras(change, machine, { input, port: draft, notes });
  await qosOfNewPort(change, machine, { input, port: draft, networkPolicy: note.policy });
  await writeBlocks(change, machine, draft, { note, notes });
  for (const driver of machine.extensionDrivers) await driver.processCreatePort?.(tx, input, draft);
  const groups = draft.security_groups ?? [];
  if (draft['binding:host_id'] !== '' || note.agents.length > 0 || groups.length > 0) {
    await change.todo('port', draft.id, 'created', { network_id: draft.network_id, groups }, draft);
  } else {
    await change.changed('port', draft.id, 'created');
  }
  return draft;
}

/** A new port as the request and its network make it, before it has MAC and addresses. */
function portOf(
  input: Input,
  network: NetworkFacts,
  { time, names }: { time: string; names: ReturnType<typeof dnsNames> },
): Port {
  const device_owner = (input.device_owner as string | undefined) ?? '';
  const project_id = (input.project_id as string | undefined) ?? '';
  return {
    id: (input.id as string | undefined) ?? randomUUID(),
    name: (input.name as string | undefined) ?? '',
    network_id: network.id,
    tenant_id: project_id,
    mac_address: '',
    admin_state_up: input.admin_state_up !== false,
    // Only the plugin's own code gives one.
    status: (input.status as string | undefined) ?? 'DOWN',
    device_id: (input.device_id as string | undefined) ?? '',
    device_owner,
    fixed_ips: [] as FixedIp[],
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    security_groups: [],
    description: (input.description as string | undefined) ?? '',
    'binding:vnic_type': (input['binding:vnic_type'] as string | undefined) ?? 'normal',
    'binding:profile': {},
    'binding:host_id': (input['binding:host_id'] as string | null | undefined) ?? '',
    'binding:vif_type': 'unbound',
    'binding:vif_details': {},
    port_security_enabled: portSecurityOfNewPort(
      (input.port_security_enabled as boolean | null | undefined) ?? undefined,
      device_owner,
      network.port_security_enabled,
    ),
    ip_allocation: 'immediate',
    ...withoutPolicy,
    dns_name: names.dns_name ?? '',
    dns_domain: names.dns_domain ?? '',
    tags: [],
    created_at: time,
    updated_at: time,
    revision_number: 1,
    project_id,
  };
}

async function macOf(change: Change, machine: Machine, input: Input, networkId: string): Promise<string> {
  const { options, random } = machine.shared;
  const wanted = input.mac_address as string | null | undefined;
  if (!wanted) return generateMac(options.core.base_mac, random);
  const mac = wanted.toLowerCase();
  if (await holderOfMac(change.tx, networkId, mac)) throw portErrors.MacAddressInUse({ net_id: networkId, mac });
  return mac;
}

/** As reading would show them. */
function shownExtras({ hints, propagate_uplink_status, ...rest }: PortExtras): Partial<Port> {
  return {
    ...rest,
    propagate_uplink_status: propagate_uplink_status ?? true,
    hints: hints === null ? null : JSON.parse(hints),
  };
}

function namesInDns(port: Port, shared: Shared): Partial<Port> {
  const { dnsDomain } = messageView(shared);
  if (dnsDomain === undefined) return {};
  const addresses = port.fixed_ips.map(({ ip_address }) => ip_address);
  return { dns_assignment: dnsAssignment(addresses, port.dns_name as string, dnsDomain) };
}

function rowOf(port: Port): Omit<NewPort, keyof PortExtras> {
  return {
    id: port.id,
    project_id: port.project_id,
    name: port.name,
    description: port.description,
    created_at: port.created_at,
    updated_at: port.updated_at,
    revision_number: port.revision_number,
    network_id: port.network_id,
    mac_address: port.mac_address,
    admin_state_up: port.admin_state_up,
    status: port.status,
    device_id: port.device_id,
    device_owner: port.device_owner,
    port_security_enabled: port.port_security_enabled!,
    ip_allocation: port.ip_allocation as string,
    dns_name: port.dns_name as string,
    dns_domain: port.dns_domain as string,
  };
}

/** Groups, pairs, options and binding. */
async function writeExtras(
  change: Change,
  machine: Machine,
  { input, port, notes }: { input: Input; port: Port; notes: NetworkNotes },
): Promise<void> {
  const { tx } = change;
  const { core } = machine.shared.options;
  const pairs = (input.allowed_address_pairs as PairRequest[] | null | undefined) ?? [];
  const paired = { ...port, port_security_enabled: port.port_security_enabled !== false };
  if (pairs.length > 0 && !paired.port_security_enabled) throw portErrors.AddressPairAndPortSecurityRequired();
  const ensureDefault = () => notes.defaultGroup(change, machine, port.project_id);
  port.security_groups = await groupsOfNewPort(change, machine, { input, port, ensureDefault });
  await replacePortGroups(tx, port.id, port.security_groups, true);
  port.allowed_address_pairs = completePairs(pairs, paired, core.max_allowed_address_pair);
  await replaceAddressPairs(tx, port.id, port.allowed_address_pairs, true);
  port.extra_dhcp_opts = mergeOptions([], (input.extra_dhcp_opts as OptionRequest[] | null | undefined) ?? []);
  await replaceDhcpOptions(
    tx,
    port.id,
    port.extra_dhcp_opts.map((option) => ({ ...option, id: randomUUID() })),
    true,
  );
  await insertBinding(tx, {
    port_id: port.id,
    host: port['binding:host_id'],
    vnic_type: port['binding:vnic_type'],
    profile: port['binding:profile'],
    vif_type: 'unbound',
    vif_details: {},
    status: 'ACTIVE',
  });
}

async function writeBlocks(
  change: Change,
  machine: Machine,
  port: Port,
  { note, notes }: { note: NetworkNote; notes: NetworkNotes },
): Promise<void> {
  const { shared, mechanisms } = machine;
  const host = port['binding:host_id'];
  const blocks: ProvisioningEntity[] = [];
  if (host !== '' && waitsForL2(mechanisms.drivers, await notes.agentsOn(change, host), port['binding:vnic_type'])) {
    blocks.push('L2');
  }
  if (waitsForDhcp(port.fixed_ips, note.subnets, note.agents.length > 0, shared.options.core)) blocks.push('DHCP');
  await insertProvisioningBlocks(change.tx, port.id, blocks);
}
