import type { Address } from '../../lib/ip/address.ts';
import type { Network, Port } from '../../resources/shapes.ts';
import type { KnownHop, KnownRule, Memory, Mend, Packet } from './contract.ts';
import { allowingAnyPort, allowingRule, isFiltered, isIn } from './rules.ts';
import { far, kind, ruleName, ruleOptions, ruleValues, shown } from './texts.ts';

/** Whether there is anything that a guest could send by, or get anything by. */
export function tapHop(port: Port, network: Network): KnownHop {
  const place = { hop: 'tap', project: port.project_id } as const;
  if (!port.admin_state_up) {
    const remedy = `neutron port-update ${port.id} --admin-state-up True`;
    return {
      ...place,
      state: 'drops',
      text: `port ${port.id} is switched off`,
      remedy,
      mend: switchOn('ports', port.id),
    };
  }
  if (!network.admin_state_up) {
    const remedy = `neutron net-update ${network.id} --admin-state-up True`;
    const mend = switchOn('networks', network.id);
    return { ...place, state: 'drops', text: `network ${network.id} is switched off`, remedy, mend };
  }
  const remedy = `neutrino explain port ${port.id}`;
  const host = port['binding:host_id'];
  if (host === '' || ['binding_failed', 'unbound'].includes(port['binding:vif_type'])) {
    return { ...place, state: 'drops', text: `port ${port.id} is on no host`, remedy };
  }
  const text = `port ${port.id} on ${host}, ${port.status}`;
  return port.status === 'ACTIVE' ? { ...place, state: 'passes', text } : { ...place, state: 'unknown', text, remedy };
}

/**
 * What a port's groups say of a packet.
 *
 * @param rules null: hosts filter nothing
 * @param memory of the packet that this one answers: what lets that pass lets answers pass, where groups are stateful
 */
export function filterHop(
  port: Port,
  rules: readonly KnownRule[] | null,
  packet: Packet,
  direction: 'egress' | 'ingress',
  memory: Memory | null,
): KnownHop {
  const place = { hop: direction, project: port.project_id };
  const through = `${direction === 'egress' ? 'out of' : 'into'} port ${port.id}`;
  if (rules === null || !isFiltered(port)) {
    const owner = port.device_owner.startsWith('network:') ? port.device_owner : 'port security is off';
    const cause = rules === null ? 'the configured firewall driver filters nothing' : owner;
    return { ...place, state: 'passes', text: `nothing filters what goes ${through}`, cause };
  }
  if (direction === 'egress' && !ownsAddress(port, packet.src)) {
    const text = `${shown(packet.src)} is not an address of port ${port.id}: spoofed packets are dropped`;
    const remedy = `neutron port-update ${port.id} --allowed-address-pair ip_address=${shown(packet.src)}`;
    const pairs = [...port.allowed_address_pairs, { ip_address: shown(packet.src) }];
    const mend: Mend = { resource: 'ports', id: port.id, values: { allowed_address_pairs: pairs } };
    return { ...place, state: 'drops', text, remedy, mend };
  }
  if (memory !== null && isRemembered(memory, direction)) {
    return { ...place, state: 'passes', text: `an answer may go ${through}` };
  }
  const rule = (memory === null ? allowingRule : allowingAnyPort)(rules, direction, packet);
  if (rule !== null) return { ...place, state: 'passes', text: `goes ${through}`, cause: ruleName(rule) };
  const groups = port.security_groups ?? [];
  if (groups.length === 0) {
    const text = `port ${port.id} has no security group: nothing goes ${through}`;
    const mend: Mend = { resource: 'ports', id: port.id, values: {} };
    return { ...place, state: 'drops', text, remedy: `neutron port-update ${port.id} --security-group GROUP`, mend };
  }
  return {
    ...place,
    state: 'drops',
    text: `no ${direction} rule of the groups of port ${port.id} lets ${kind(packet)} ${far(packet, direction)} pass`,
    cause: groups.length === 1 ? `group ${groups[0]}` : `groups ${groups.join(', ')}`,
    remedy: `neutron security-group-rule-create ${groups[0]} ${ruleOptions(packet, direction)}`,
    mend: { resource: 'security_group_rules', id: null, values: ruleValues(groups[0]!, packet, direction) },
  };
}

/** Answers pass a stateful group without a rule. */
function isRemembered(memory: Memory, direction: 'egress' | 'ingress'): boolean {
  const rule = direction === 'egress' ? memory.entered : memory.left;
  return rule === null || rule.stateful;
}

function ownsAddress(port: Port, address: Address): boolean {
  const own = port.fixed_ips.some(({ ip_address }) => isIn(address, ip_address));
  return own || port.allowed_address_pairs.some(({ ip_address }) => isIn(address, ip_address));
}

function switchOn(resource: 'ports' | 'networks', id: string): Mend {
  return { resource, id, values: { admin_state_up: true } };
}
