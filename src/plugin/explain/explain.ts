import { getNetwork } from '../../db/read/networks.ts';
import { getPort } from '../../db/read/ports.ts';
import { findSubnets } from '../../db/read/subnets.ts';
import { fullView } from '../../db/read/view.ts';
import { agentsOnHost } from '../../db/write/agents.ts';
import { agentsHosting } from '../../db/write/network-agents.ts';
import { boundSegments } from '../../db/write/segments.ts';
import { carrierOf } from '../../db/write/trunks.ts';
import type { Context } from '../../lib/context.ts';
import type { ExplainRequest } from '../../rpc/contract.ts';
import type { Explanation } from '../contract.ts';
import { networkInfos } from '../dhcp/network-info.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import { messageView, type Shared } from '../parts.ts';
import { portErrors } from '../port/errors.ts';
import { wirePort } from '../rpc/wire.ts';
import { askAgent, type Question } from './ask.ts';
import { type ServerFacts, serverSteps, verdictOf } from './steps.ts';

/**
 * Why a port works or does not: what the rows say, then what the agents of its hosts see, asked all at once.
 * @throws PortNotFound
 */
export async function explainPort(shared: Shared, context: Context, id: string): Promise<Explanation> {
  const facts = await serverFacts(shared, id);
  const steps = serverSteps(facts);
  const asked = whomToAsk(facts);
  if (asked.length === 0) return verdictOf({ port_id: id }, steps);
  const [info] = await networkInfos(shared.database.db, [facts.network.id], { view: messageView(shared) });
  // Ports of the network that serve DHCP: its agent must find its own; the others may be thousands.
  const ports = info!.ports.filter((port) => port.id === id || port.device_owner === 'network:dhcp');
  // Agents look at the first segment: the one that the port is wired to.
  const wired = (await boundSegments(shared.database.db, [id])).get(id)?.id;
  const segments = info!.segments.toSorted((a, b) => Number(b.id === wired) - Number(a.id === wired));
  const request: ExplainRequest = { port: wirePort(facts.port), network: { ...info!, ports, segments } };
  const answers = await Promise.all(
    asked.map((question) =>
      askAgent(
        shared,
        question,
        (api, options) => api.explainPort(question.agent, question.host, request, options),
        context,
      ),
    ),
  );
  return verdictOf({ port_id: id }, [...steps.slice(0, -1), ...answers.flat(), steps.at(-1)!]);
}

async function serverFacts({ database, options, now }: Shared, id: string): Promise<ServerFacts> {
  return database.snapshot(async (db) => {
    const port = await getPort(db, id, fullView);
    if (!port) throw portErrors.PortNotFound({ port_id: id });
    const nowMs = now();
    const withLife = <A extends { heartbeat_timestamp: number }>(agent: A) => ({
      ...agent,
      alive: isAlive(agent.heartbeat_timestamp, nowMs, options.core),
    });
    return {
      port,
      network: (await getNetwork(db, port.network_id, fullView))!,
      subnets: await findSubnets(db, { filters: { network_id: [port.network_id] } }, fullView),
      hostAgents: (await agentsOnHost(db, port['binding:host_id'])).map(withLife),
      dhcpAgents: (await agentsHosting(db, [port.network_id])).map(withLife),
      carriedBy: await carrierOf(db, id),
    };
  });
}

/** Agents that are known and alive; asking dead ones would only take time. */
function whomToAsk({ port, hostAgents, dhcpAgents, subnets }: ServerFacts): Question[] {
  const host = port['binding:host_id'];
  const questions: Question[] = [];
  if (hostAgents.some(({ agent_type, alive }) => agent_type === 'Linux bridge agent' && alive)) {
    questions.push({ agent: 'bridge', host });
  }
  const own = new Set(port.fixed_ips.map(({ subnet_id }) => subnet_id));
  const usesDhcp = subnets.some(({ id, enable_dhcp }) => own.has(id) && enable_dhcp);
  for (const agent of usesDhcp ? dhcpAgents.filter(({ alive }) => alive) : []) {
    questions.push({ agent: 'dhcp', host: agent.host }, { agent: 'metadata', host: agent.host });
  }
  return questions;
}
