import type { AgentRow } from '../../db/write/agents.ts';
import type { HostingAgent } from '../../db/write/network-agents.ts';
import type { Network } from '../../resources/shapes.ts';
import type { WirePort, WireSubnet } from '../../rpc/contract.ts';
import type { ExplanationStep } from '../contract.ts';

export const BRIDGE_AGENT = 'Linux bridge agent';
/** A step is read by people: more ports than this are counted. */
const NAMED = 4;

/** What the server knows of a network. */
export interface NetworkFacts {
  network: Network;
  subnets: readonly WireSubnet[];
  ports: readonly WirePort[];
  /** That have wired ports of it, those with most first. */
  hosts: readonly string[];
  /** So many of them are asked. */
  asked: number;
  /** Of the hosts that are asked. */
  bridgeAgents: readonly (AgentRow & { alive: boolean })[];
  dhcpAgents: readonly (HostingAgent & { alive: boolean })[];
}

/** What can be said without asking any host. */
export function networkSteps(facts: NetworkFacts): ExplanationStep[] {
  return [adminState(facts), subnetsStep(facts), segmentStep(facts), ports(facts), hostsStep(facts), dhcp(facts)];
}

function adminState({ network }: NetworkFacts): ExplanationStep {
  const base = { step: 'admin_state', expected: 'the network is switched on' };
  if (network.admin_state_up) return { ...base, state: 'ok', found: base.expected };
  const remedy = `neutron net-update ${network.id} --admin-state-up True`;
  return { ...base, state: 'fault', found: 'it is switched off', remedy };
}

function subnetsStep({ network, subnets }: NetworkFacts): ExplanationStep {
  const base = { step: 'subnets', expected: 'a subnet, or its ports have no addresses' };
  if (subnets.length > 0) return { ...base, state: 'ok', found: subnets.map(({ cidr }) => cidr).join(', ') };
  return { ...base, state: 'waiting', found: 'none', remedy: `neutron subnet-create ${network.id} CIDR` };
}

function segmentStep({ network }: NetworkFacts): ExplanationStep {
  const segments = network.segments ?? [network];
  const found = segments
    .map((segment) =>
      [segment['provider:network_type'], segment['provider:physical_network'], segment['provider:segmentation_id']]
        .filter((word) => word !== null && word !== undefined)
        .join(' '),
    )
    .join('; ');
  return { step: 'segment', state: 'ok', expected: 'a segment that carries it', found: `${found}, MTU ${network.mtu}` };
}

/** Ports that a host has, and that do not work yet. */
function ports({ ports }: NetworkFacts): ExplanationStep {
  const base = { step: 'ports', expected: 'the ports that are bound to a host ACTIVE' };
  const bound = ports.filter((port) => port['binding:host_id'] && port.admin_state_up);
  const down = bound.filter(({ status }) => status !== 'ACTIVE' && status !== 'N/A');
  const found = `${ports.length} in all, ${bound.length} bound, ${bound.length - down.length} of these ACTIVE`;
  if (down.length === 0) return { ...base, state: 'ok', found };
  const named = down.slice(0, NAMED).map(({ id, status }) => `port ${id} ${status}`);
  const more = down.length > NAMED ? ` and ${down.length - NAMED} more` : '';
  const remedy = `neutrino explain port ${down[0]!.id}`;
  return { ...base, state: 'waiting', found: `${found}: ${named.join(', ')}${more}`, remedy };
}

function hostsStep({ hosts, asked, bridgeAgents }: NetworkFacts): ExplanationStep {
  const base = { step: 'agent', expected: 'a live bridge agent on each host that has ports of it' };
  if (hosts.length === 0) return { ...base, state: 'not_applicable', found: 'no host has ports of it' };
  const alive = new Set(bridgeAgents.filter((agent) => agent.alive).map(({ host }) => host));
  const silent = hosts.slice(0, asked).filter((host) => !alive.has(host));
  const more = hosts.length > asked ? ` (${asked} of ${hosts.length} hosts are looked at)` : '';
  if (silent.length === 0) return { ...base, state: 'ok', found: `${[...alive].join(', ')}${more}` };
  const remedy = `start neutron-linuxbridge-agent on ${silent.join(', ')}`;
  return { ...base, state: 'fault', found: `none on ${silent.join(', ')}${more}`, remedy };
}

function dhcp({ network, subnets, dhcpAgents }: NetworkFacts): ExplanationStep {
  const base = { step: 'dhcp_agent', expected: 'a live DHCP agent serves the network' };
  if (!subnets.some(({ enable_dhcp }) => enable_dhcp)) {
    return { ...base, state: 'not_applicable', found: 'no subnet has DHCP on' };
  }
  const working = dhcpAgents.filter(({ alive, admin_state_up }) => alive && admin_state_up);
  const hosts = (of: readonly { host: string }[]) => of.map(({ host }) => host).join(', ');
  if (working.length > 0) return { ...base, state: 'ok', found: `served from ${hosts(working)}` };
  if (dhcpAgents.length === 0) {
    const remedy = 'start neutron-dhcp-agent: it takes networks that nobody serves';
    return { ...base, state: 'fault', found: `no agent serves network ${network.id}`, remedy };
  }
  const remedy = `start neutron-dhcp-agent on ${hosts(dhcpAgents)}, or switch it on (agent-update)`;
  return { ...base, state: 'fault', found: `its agent on ${hosts(dhcpAgents)} does not work`, remedy };
}
