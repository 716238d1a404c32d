import { findAgents, getAgent } from '../../db/read/agents.ts';
import { agentById } from '../../db/write/agents.ts';
import { agentsHosting, bindDhcpAgent, networksOfDhcpAgent, unbindDhcpAgent } from '../../db/write/network-agents.ts';
import { networkFacts } from '../../db/write/networks.ts';
import { everything } from '../../lib/query.ts';
import type { Agent } from '../../resources/shapes.ts';
import { agentErrors } from '../agent/errors.ts';
import { FinishedJson, type RouteCall } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { networkErrors } from '../network/errors.ts';
import { wholeView } from '../parts.ts';
import { DhcpPorts } from './dhcp-ports.ts';
import { dhcpErrors as errors } from './errors.ts';

/**
 * Which DHCP agent serves which network, and moving networks by hand (upstream: extensions/dhcpagentscheduler.py). Agents
 * hear of it as of any other scheduling.
 */
export class NetworkAgents {
  readonly #machine: Machine;
  readonly #dhcpPorts: DhcpPorts;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#dhcpPorts = new DhcpPorts(machine);
  }

  /** @throws AgentNotFound */
  async networksOf({ context, params }: RouteCall): Promise<unknown> {
    const { database } = this.#machine.shared;
    const ids = await networksOfDhcpAgent(database.db, params.id!);
    if (ids.length === 0) {
      if ((await getAgent(database.db, params.id!)) === null) throw agentErrors.AgentNotFound({ id: params.id! });
      return [];
    }
    const page = await this.#machine.collections.networks!.list(context, { ...everything, filters: { id: ids } });
    return page.items ?? new FinishedJson(page.json);
  }

  /** Those of a network that is not there are none, as upstream has it. */
  async agentsOf({ params }: RouteCall): Promise<(Agent & { resource_versions: unknown })[]> {
    const { shared } = this.#machine;
    const { db } = shared.database;
    const ids = (await agentsHosting(db, [params.id!])).map(({ id }) => id);
    if (ids.length === 0) return [];
    const agents = await findAgents(db, { filters: { id: ids } }, wholeView(shared));
    return Promise.all(
      agents.map(async (agent) => {
        const versions = (await agentById(db, agent.id))?.resource_versions ?? null;
        return { ...agent, resource_versions: versions === null ? {} : JSON.parse(versions) };
      }),
    );
  }

  /**
   * Gives a network to an agent, beside those it has.
   * @throws NetworkNotFound, AgentNotFound, InvalidDHCPAgent, NetworkHostedByDHCPAgent
   */
  async add({ context, params, input }: RouteCall): Promise<null> {
    const { changes, outbox, shared } = this.#machine;
    const id = params.id!;
    const network_id = input.network_id as string;
    const { tasks } = await changes.run(context, async (change) => {
      const { tx } = change;
      if ((await networkFacts(tx, network_id)) === null) throw networkErrors.NetworkNotFound({ net_id: network_id });
      const agent = await agentById(tx, id);
      if (agent === null) throw agentErrors.AgentNotFound({ id });
      const works = agent.admin_state_up || shared.options.core.enable_services_on_agents_with_admin_state_down;
      if (agent.agent_type !== 'DHCP agent' || !works) throw errors.InvalidDHCPAgent({ id });
      const present = await agentsHosting(tx, [network_id]);
      if (present.some((hosting) => hosting.id === id)) {
        throw errors.NetworkHostedByDHCPAgent({ network_id, agent_id: id });
      }
      await bindDhcpAgent(tx, network_id, id, present);
      await change.todo('network', network_id, 'scheduled', { hosts: [agent.host] });
    });
    outbox.tellSoon(tasks);
    return null;
  }

  /**
   * Takes a network from an agent. Its port there is kept for the next one, with its addresses.
   * @throws AgentNotFound, NetworkNotHostedByDhcpAgent
   */
  async remove({ context, params }: RouteCall): Promise<void> {
    const { changes, outbox } = this.#machine;
    const { id, network_id } = params as { id: string; network_id: string };
    const { result: host, tasks } = await changes.run(context, async (change) => {
      const { tx } = change;
      const agent = await agentById(tx, id);
      if (agent === null) throw agentErrors.AgentNotFound({ id });
      if (!(await agentsHosting(tx, [network_id])).some((hosting) => hosting.id === id)) {
        throw errors.NetworkNotHostedByDhcpAgent({ network_id, agent_id: id });
      }
      await unbindDhcpAgent(tx, network_id, id);
      await change.todo('network', network_id, 'unscheduled', { hosts: [agent.host] });
      return agent.host;
    });
    await this.#dhcpPorts.reserve(context, network_id, host);
    outbox.tellSoon(tasks);
  }
}
