import type { AgentRow } from '../../db/write/agents.ts';
import type { HostingAgent } from '../../db/write/network-agents.ts';
import type { Carrier } from '../../db/write/trunks.ts';
import type { Network, Port, Subnet } from '../../resources/shapes.ts';
import type { Explanation, ExplanationStep } from '../contract.ts';
import { reasonsNotServed, servedTypes } from '../ml2/mechanism/linuxbridge.ts';

/** What the server knows of a port; the rest is on hosts. */
export interface ServerFacts {
  port: Port;
  network: Network;
  subnets: readonly Subnet[];
  /** Agents registered on the port's host. */
  hostAgents: readonly (AgentRow & { alive: boolean })[];
  /** DHCP agents of the network. */
  dhcpAgents: readonly (HostingAgent & { alive: boolean })[];
  /** The trunk that it is a sub-port of. */
  carriedBy: Carrier | null;
}

const BRIDGE_AGENT = 'Linux bridge agent';

/** What can be said without asking any host: bound? agent alive? served by DHCP? ACTIVE? */
export function serverSteps(facts: ServerFacts): ExplanationStep[] {
  return [adminState(facts), ...trunk(facts), bound(facts), agent(facts), dhcpAgent(facts), status(facts)];
}

function adminState({ port, network }: ServerFacts): ExplanationStep {
  const expected = 'port and network are switched on';
  if (port.admin_state_up && network.admin_state_up)
    return { step: 'admin_state', state: 'ok', expected, found: expected };
  const off = port.admin_state_up ? 'network' : 'port';
  const id = port.admin_state_up ? network.id : port.id;
  return {
    step: 'admin_state',
    state: 'fault',
    expected,
    found: `the ${off} is switched off`,
    remedy: `neutron ${off === 'port' ? 'port' : 'net'}-update ${id} --admin-state-up True`,
  };
}

/** Where a sub-port hangs. What hangs on a parent its host's agent tells. */
function trunk({ carriedBy }: ServerFacts): ExplanationStep[] {
  if (carriedBy === null) return [];
  const { trunk_id, parent_id, status, segmentation_type, segmentation_id } = carriedBy;
  const expected = `trunk ${trunk_id} carries it as ${segmentation_type} ${segmentation_id} of port ${parent_id}`;
  const found = `${expected}; the trunk is ${status}`;
  if (status === 'ACTIVE') return [{ step: 'trunk', state: 'ok', expected, found }];
  const remedy = `see what keeps its parent from working: neutron port-explain ${parent_id}`;
  return [{ step: 'trunk', state: 'waiting', expected, found, remedy }];
}

function bound({ port, network, hostAgents, carriedBy }: ServerFacts): ExplanationStep {
  const step = 'bound';
  const host = port['binding:host_id'];
  const vifType = port['binding:vif_type'];
  if (host === '' && carriedBy !== null) {
    return {
      step,
      state: 'waiting',
      expected: "the bridge agent of the parent's host has it bound there",
      found: 'no host is set',
      remedy: `plug in the parent, port ${carriedBy.parent_id}: its sub-ports follow`,
    };
  }
  if (host === '') {
    return {
      step,
      state: 'waiting',
      expected: 'a host is set and a driver bound the port there',
      found: 'no host is set',
      remedy: `plug the port in (neutrino plug ${port.id}), or set binding:host_id`,
    };
  }
  const expected = `bound on ${host}`;
  if (vifType !== 'unbound' && vifType !== 'binding_failed') {
    const drivers = Object.values((port['binding:vif_details'].bound_drivers as Record<string, string>) ?? {});
    return { step, state: 'ok', expected, found: `${vifType} on ${host}, by ${drivers.join(', ') || 'a driver'}` };
  }
  const found = vifType === 'unbound' ? 'not bound yet' : 'no driver could bind it (binding_failed)';
  return { step, state: 'fault', expected, found, remedy: bindingRemedy(port, network, hostAgents) };
}

/** The likeliest reason why nobody bound it, in the order in which drivers look. */
function bindingRemedy(port: Port, network: Network, agents: ServerFacts['hostAgents']): string {
  const host = port['binding:host_id'];
  const bridge = agents.find(({ agent_type }) => agent_type === BRIDGE_AGENT);
  if (port['binding:vnic_type'] !== 'normal') {
    return `binding:vnic_type ${port['binding:vnic_type']} is for other drivers; set it to normal`;
  }
  if (!bridge) return `no ${BRIDGE_AGENT} ever reported from ${host}: start it there, or correct binding:host_id`;
  if (!bridge.alive) return `start neutron-linuxbridge-agent on ${host}: it is tried again then`;
  const types = new Set((network.segments ?? [network]).map((segment) => segment['provider:network_type'] ?? ''));
  const served = servedTypes(bridge);
  if (![...types].some((type) => served.includes(type))) {
    const why = reasonsNotServed(bridge, types).map((reason) => ` (${reason})`);
    return `the ${BRIDGE_AGENT} on ${host} serves ${served.join(', ')} and not ${[...types].join(', ')}${why.join('')}: use a network of those types, or another host`;
  }
  const physical = network['provider:physical_network'];
  const mappings = { ...(bridge.configurations.interface_mappings as object | undefined) };
  const bridges = { ...(bridge.configurations.bridge_mappings as object | undefined) };
  if (physical && !Object.hasOwn(mappings, physical) && !Object.hasOwn(bridges, physical)) {
    return `add ${physical}:<device> to [linux_bridge] physical_interface_mappings on ${host}, and restart its agent`;
  }
  return 'update the port (any attribute) to have it tried again; the log of neutron-server names the reason';
}

function agent({ port, hostAgents }: ServerFacts): ExplanationStep {
  const step = 'agent';
  const host = port['binding:host_id'];
  if (host === '') {
    return { step, state: 'not_applicable', expected: 'an agent on the host of the port', found: 'no host is set' };
  }
  const expected = `${BRIDGE_AGENT} on ${host} alive`;
  const found = hostAgents.find(({ agent_type }) => agent_type === BRIDGE_AGENT);
  const remedy = `start neutron-linuxbridge-agent on ${host}`;
  if (!found) return { step, state: 'fault', expected, found: 'it never reported', remedy };
  const seen = new Date(found.heartbeat_timestamp).toISOString().slice(0, 19).replace('T', ' ');
  if (!found.alive) return { step, state: 'fault', expected, found: `last heard of at ${seen}`, remedy };
  return { step, state: 'ok', expected, found: `alive, last heard of at ${seen}` };
}

function dhcpAgent({ port, network, subnets, dhcpAgents }: ServerFacts): ExplanationStep {
  const step = 'dhcp_agent';
  const expected = 'a live DHCP agent serves the network';
  const own = new Set(port.fixed_ips.map(({ subnet_id }) => subnet_id));
  if (!subnets.some(({ id, enable_dhcp }) => own.has(id) && enable_dhcp)) {
    return { step, state: 'not_applicable', expected, found: 'no subnet of the port has DHCP on' };
  }
  if (dhcpAgents.length === 0) {
    const remedy = 'start neutron-dhcp-agent: it takes networks that nobody serves';
    return { step, state: 'fault', expected, found: `no agent serves network ${network.id}`, remedy };
  }
  const hosts = (agents: ServerFacts['dhcpAgents']) => agents.map(({ host }) => host).join(', ');
  const working = dhcpAgents.filter(({ alive, admin_state_up }) => alive && admin_state_up);
  if (working.length > 0) return { step, state: 'ok', expected, found: `served from ${hosts(working)}` };
  const dead = dhcpAgents.filter(({ alive }) => !alive);
  const found = dead.length > 0 ? `its agent on ${hosts(dead)} is dead` : `its agent on ${hosts(dhcpAgents)} is off`;
  const remedy = dead.length > 0 ? `start neutron-dhcp-agent on ${hosts(dead)}` : 'switch the agent on (agent-update)';
  return { step, state: 'fault', expected, found, remedy };
}

function status({ port }: ServerFacts): ExplanationStep {
  const step = 'status';
  if (port.status === 'ACTIVE') return { step, state: 'ok', expected: 'ACTIVE', found: 'ACTIVE' };
  if (port.status === 'N/A') return { step, state: 'not_applicable', expected: 'ACTIVE', found: 'N/A' };
  const remedy = 'see the steps before and after: the port becomes ACTIVE when its agents have reported it';
  return { step, state: 'waiting', expected: 'ACTIVE', found: port.status, remedy };
}

/** What all steps together mean. A host that says nothing makes what looks well merely unknown. */
export function verdictOf(
  about: Pick<Explanation, 'port_id' | 'network_id' | 'router_id' | 'floatingip_id'>,
  steps: ExplanationStep[],
): Explanation {
  const faults = steps.filter(({ state }) => state === 'fault');
  const waits = steps.filter(({ state, step }) => state === 'waiting' && step !== 'status');
  const unknown = steps.filter(({ state }) => state === 'unknown');
  const first = faults[0] ?? waits[0] ?? unknown[0] ?? steps.find(({ state }) => state === 'waiting');
  const verdict = faults.length > 0 ? 'broken' : waits.length > 0 ? 'waits' : unknown.length > 0 ? 'unknown' : null;
  const summary = first
    ? `${first.step}: expected ${first.expected}; found ${first.found}${first.remedy ? `. ${first.remedy}` : ''}`
    : 'everything is as it should be';
  return { ...about, verdict: verdict ?? (first ? 'waits' : 'works'), summary, steps };
}
