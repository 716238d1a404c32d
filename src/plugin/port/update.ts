import { randomUUID } from 'node:crypto';
import { getPort } from '../../db/read/ports.ts';
import { agentsOnHost } from '../../db/write/agents.ts';
import { activeBinding, deleteInactiveBinding, replaceBindingLevels, updateBinding } from '../../db/write/bindings.ts';
import { agentsHosting } from '../../db/write/network-agents.ts';
import { type NewPort, replaceAddressPairs, replaceDhcpOptions, updatePortRow } from '../../db/write/ports.ts';
import { deleteProvisioningBlocks, ensureProvisioningBlock } from '../../db/write/provisioning.ts';
import { subnetFacts } from '../../db/write/subnets.ts';
import { holdPorts } from '../../db/write/turns.ts';
import type { Port } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Input } from '../contract.ts';
import { checkFixedAddresses } from '../floatingip/fixed-port.ts';
import type { FormerPlace } from '../l2-population/notes.ts';
import { isRoutersOwn } from '../l3-agent/owners.ts';
import type { Machine } from '../machine.ts';
import { waitsForDhcp, waitsForL2 } from '../ml2/provisioning.ts';
import { proxiedPortChanged } from '../ndp-proxy/ndp-proxies.ts';
import { callersFullView, messageView } from '../parts.ts';
import { forwardedPortChanged } from '../port-forwarding/notes.ts';
import { changePortQos } from '../qos/attach.ts';
import { changePortGroups, groupsWithOtherMembers } from '../security-group/port-groups.ts';
import { parentUnbound } from '../trunk/parent-rules.ts';
import { completePairs, type PairRequest } from './address-pairs.ts';
import { letsDeviceGo, PHYSICAL_FUNCTION } from './device-mac.ts';
import { mergeOptions, type OptionRequest } from './dhcp-options.ts';
import { portErrors } from './errors.ts';
import { changedExtras, dnsNames, withoutTrust, withTrust } from './extras.ts';
import { changeAddresses, changeMac } from './readdress.ts';
import { checkProfile } from './rules.ts';

/** A port before and after a change. */
export interface UpdatedPort {
  original: Port;
  current: Port;
}

/**
 * Changes a port inside the transaction (upstream: ml2/plugin.py `update_port`).
 * @throws PortNotFound, RevisionNumberConstraintFailed, PortBound, MacAddressInUse and what addresses, pairs and groups
 * may be refused with
 */
export async function updatePortIn(
  change: Change,
  machine: Machine,
  { id, changes, ifRevision }: { id: string; changes: Input; ifRevision?: number | null },
): Promise<UpdatedPort> {
  const { tx } = change;
  const { core } = machine.shared.options;
  await holdPorts(tx, [id]);
  const original = await getPort(tx, id, callersFullView(change.context));
  if (!original) throw portErrors.PortNotFound({ port_id: id });
  checkRevision(ifRevision, original.revision_number);
  const port: Port = { ...original };
  const was = await placesBefore(change, machine, original, changes);
  const letGo = letsDeviceGo(original, changes);
  await changeMac(change, machine, port, { wanted: letGo ? null : changes.mac_address, letGo });
  await changeAddresses(change, machine, { original, port, changes });
  if (changes.fixed_ips !== undefined && machine.shared.extensions.has('fip-port-details')) {
    await checkFixedAddresses(change, id, port.fixed_ips);
    const forwards = machine.shared.extensions.has('floating-ip-port-forwarding');
    if (forwards) await forwardedPortChanged(change, id, port.fixed_ips);
    if (machine.shared.extensions.has('l3-ndp-proxy')) await proxiedPortChanged(change, id, port.fixed_ips);
  }
  await changeExtras(change, machine, port, changes);
  await changeBinding(change, port, changes);
  const unbound = original['binding:vif_type'] !== 'unbound' && port['binding:vif_type'] === 'unbound';
  if (unbound && machine.shared.extensions.has('trunk')) await parentUnbound(change, id);
  const named = { ...changes, dns_name: undefined, dns_domain: undefined, ...dnsNames(changes, core.dns_domain) };
  await updatePortRow(tx, id, { ...columnsOf(change, port, named), ...changedExtras(original, changes) });
  await changePortQos(change, machine, { changes, port });
  await changeBlocks(change, machine, { original, port });
  for (const driver of machine.extensionDrivers) await driver.processUpdatePort?.(tx, changes, port);
  const current = (await getPort(tx, id, messageView(machine.shared)))!;
  await machine.statuses.written(change, original, current);
  if (isElsewhere(original, current)) await machine.forwarding.moved(change, id, was);
  const told = whoMustKnow(original, current);
  // It may get the MAC of its device when it is bound.
  if (needsBind(current) && current['binding:vnic_type'] === PHYSICAL_FUNCTION) told.dhcp = true;
  const groups = groupsWithOtherMembers(original, current);
  if (told.dhcp || told.bridge || groups.length > 0 || needsBind(current)) {
    const stays = current['binding:host_id'] === original['binding:host_id'];
    const host = stays ? current['binding:host_id'] : '';
    const payload = { network_id: current.network_id, ...told, groups, host, ...routersToTell(original, current) };
    await change.todo('port', id, 'updated', payload);
  } else {
    await change.changed('port', id);
  }
  return { original, current };
}

/** Where others believe the port to be; nothing of a change that cannot mean another place. */
async function placesBefore(
  change: Change,
  { forwarding }: Machine,
  original: Port,
  changes: Input,
): Promise<readonly FormerPlace[]> {
  const moving = [
    'fixed_ips',
    'mac_address',
    'admin_state_up',
    'binding:host_id',
    'binding:vnic_type',
    'binding:profile',
  ];
  if (original['binding:host_id'] === '' || !moving.some((key) => changes[key] !== undefined)) return [];
  return forwarding.before(change, original.id);
}

function isElsewhere(original: Port, current: Port): boolean {
  const place = (port: Port) => [
    port['binding:host_id'],
    port['binding:vif_type'],
    port.admin_state_up,
    port.mac_address,
    port.fixed_ips.map(({ ip_address }) => ip_address),
  ];
  return JSON.stringify(place(original)) !== JSON.stringify(place(current));
}

function needsBind(port: Port): boolean {
  return port['binding:host_id'] !== '' && ['unbound', 'binding_failed'].includes(port['binding:vif_type']);
}

/** Which agents a change means something to; a new name means nothing to any. */
export function whoMustKnow(original: Port, current: Port): { dhcp: boolean; bridge: boolean } {
  const differs = (key: keyof Port) => JSON.stringify(original[key]) !== JSON.stringify(current[key]);
  const addressed = differs('fixed_ips') || differs('mac_address');
  return {
    dhcp: addressed || differs('extra_dhcp_opts') || differs('dns_name') || differs('dns_domain'),
    bridge:
      addressed ||
      differs('admin_state_up') ||
      differs('allowed_address_pairs') ||
      differs('security_groups') ||
      differs('port_security_enabled') ||
      differs('device_owner') ||
      differs('qos_policy_id') ||
      differs('binding:host_id') ||
      differs('binding:vnic_type') ||
      differs('binding:profile'),
  };
}

/** The router whose port it is, where the agent does something else with it now. */
function routersToTell(original: Port, current: Port): { router_ids?: readonly string[] } {
  const seen = (port: Port) => [port.fixed_ips, port.mac_address, port.admin_state_up, port.qos_policy_id];
  const same = JSON.stringify(seen(original)) === JSON.stringify(seen(current));
  return same || !isRoutersOwn(current) ? {} : { router_ids: [current.device_id] };
}

async function changeExtras(change: Change, machine: Machine, port: Port, changes: Input): Promise<void> {
  const { core } = machine.shared.options;
  if (typeof changes.port_security_enabled === 'boolean') port.port_security_enabled = changes.port_security_enabled;
  const pairs = changes.allowed_address_pairs as PairRequest[] | null | undefined;
  const secured = port.port_security_enabled !== false;
  if (pairs !== undefined) {
    const paired = { ...port, port_security_enabled: secured };
    port.allowed_address_pairs = completePairs(pairs ?? [], paired, core.max_allowed_address_pair);
    await replaceAddressPairs(change.tx, port.id, port.allowed_address_pairs);
  } else if (!secured && port.allowed_address_pairs.length > 0) {
    throw portErrors.AddressPairAndPortSecurityRequired();
  }
  await changePortGroups(change, machine, { changes, port });
  const options = changes.extra_dhcp_opts as OptionRequest[] | null | undefined;
  if (options) {
    port.extra_dhcp_opts = mergeOptions(port.extra_dhcp_opts, options);
    const rows = port.extra_dhcp_opts.map((option) => ({ ...option, id: randomUUID() }));
    await replaceDhcpOptions(change.tx, port.id, rows);
  }
}

/** A new host, kind of card or profile undoes the wiring; it is tried anew after the commit. */
async function changeBinding(change: Change, port: Port, changes: Input): Promise<void> {
  const host = changes['binding:host_id'] === undefined ? port['binding:host_id'] : changes['binding:host_id'];
  const profile = changes['binding:profile'] === undefined ? port['binding:profile'] : changes['binding:profile'];
  const given = (profile as Record<string, unknown> | null) ?? {};
  const trust = ((changes.trusted ?? port.trusted) as boolean | null | undefined) ?? null;
  const next = {
    host: (host as string | null) ?? '',
    vnic_type: (changes['binding:vnic_type'] as string | undefined) ?? port['binding:vnic_type'],
    profile: trust === null ? given : withTrust(given, trust),
  };
  const wired = trust === null ? (whole: Record<string, unknown>) => whole : withoutTrust;
  const same =
    next.host === port['binding:host_id'] &&
    next.vnic_type === port['binding:vnic_type'] &&
    JSON.stringify(wired(next.profile)) === JSON.stringify(wired(port['binding:profile']));
  checkProfile(next.profile);
  if (same) return changeTrust(change, port, next.profile);
  await replaceBindingLevels(change.tx, port.id, port['binding:host_id'], []);
  if (next.host !== port['binding:host_id']) await deleteInactiveBinding(change.tx, port.id, next.host);
  await updateBinding(change.tx, {
    port_id: port.id,
    ...next,
    vif_type: 'unbound',
    vif_details: {},
    status: 'ACTIVE',
  });
  port['binding:host_id'] = next.host;
  port['binding:vnic_type'] = next.vnic_type;
  port['binding:profile'] = next.profile;
  port['binding:vif_type'] = 'unbound';
  port['binding:vif_details'] = {};
  if (port.status !== 'N/A') port.status = 'DOWN';
}

/** Whether its virtual function is trusted is nothing a port is wired anew for. */
async function changeTrust({ tx }: Change, port: Port, profile: Record<string, unknown>): Promise<void> {
  if (profile.trusted === port['binding:profile'].trusted) return;
  const current = await activeBinding(tx, port.id);
  if (current) await updateBinding(tx, { ...current, profile });
  port['binding:profile'] = profile;
}

function columnsOf(change: Change, port: Port, changes: Input): Partial<NewPort> {
  const columns: Record<string, unknown> = {
    updated_at: change.time,
    revision_number: port.revision_number + 1,
    mac_address: port.mac_address,
    status: port.status,
    ip_allocation: port.ip_allocation,
    port_security_enabled: port.port_security_enabled,
  };
  for (const key of [
    'name',
    'description',
    'admin_state_up',
    'device_id',
    'device_owner',
    'dns_name',
    'dns_domain',
  ] as const) {
    if (changes[key] !== undefined && changes[key] !== null) columns[key] = changes[key];
  }
  return columns;
}

/** Who must report again before the port is (still) ready. */
async function changeBlocks(
  change: Change,
  machine: Machine,
  { original, port }: { original: Port; port: Port },
): Promise<void> {
  const { tx } = change;
  const host = port['binding:host_id'];
  if (host !== original['binding:host_id']) {
    const agents = host === '' ? [] : await agentsOnHost(tx, host);
    const waits = waitsForL2(machine.mechanisms.drivers, agents, port['binding:vnic_type']);
    if (waits) await ensureProvisioningBlock(tx, port.id, 'L2');
    else await deleteProvisioningBlocks(tx, [port.id], 'L2');
  }
  const readdressed =
    port.mac_address !== original.mac_address || JSON.stringify(port.fixed_ips) !== JSON.stringify(original.fixed_ips);
  if (!readdressed) return;
  const served = (await agentsHosting(tx, [port.network_id])).length > 0;
  const subnets = await subnetFacts(tx, port.network_id);
  if (waitsForDhcp(port.fixed_ips, subnets, served, machine.shared.options.core)) {
    await ensureProvisioningBlock(tx, port.id, 'DHCP');
  } else {
    await deleteProvisioningBlocks(tx, [port.id], 'DHCP');
  }
}
