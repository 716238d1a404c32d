import { findPorts } from '../../db/read/ports.ts';
import { portsOfRouters } from '../../db/read/router-surroundings.ts';
import { fullView } from '../../db/read/view.ts';
import { haPortsOf } from '../../db/write/ha-routers.ts';
import { agentsOfRouters } from '../../db/write/router-agents.ts';
import type { Context } from '../../lib/context.ts';
import type { Explanation, ExplanationStep } from '../contract.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import type { Shared } from '../parts.ts';
import { notFound, routerReads } from '../router/storage.ts';
import { askAgent } from './ask.ts';
import { type RouterFacts, routerSteps } from './router-steps.ts';
import { verdictOf } from './steps.ts';

/**
 * Why a router works or does not: what the rows say, then what the agents that serve it see, asked all at once.
 * @throws RouterNotFound
 */
export async function explainRouter(shared: Shared, context: Context, id: string): Promise<Explanation> {
  const facts = await routerFacts(shared, id);
  const answers = await askAgents(shared, context, facts, { router_id: id });
  return verdictOf({ router_id: id }, [...routerSteps(facts), ...answers]);
}

/** @throws RouterNotFound */
export async function routerFacts(shared: Shared, id: string): Promise<RouterFacts> {
  const { database, options, now } = shared;
  return await database.snapshot(async (db) => {
    const router = await routerReads(shared).whole(db, id);
    if (router === null) throw notFound(id);
    const ids = (await portsOfRouters(db, [id])).map(({ port_id }) => port_id);
    const ports = ids.length === 0 ? [] : await findPorts(db, { filters: { id: ids } }, fullView);
    const nowMs = now();
    const agents = (await agentsOfRouters(db, [id])).map((agent) => ({
      ...agent,
      alive: isAlive(agent.heartbeat_timestamp, nowMs, options.core),
    }));
    const haPorts = router.ha ? await haPortsOf(db, [id]) : [];
    const haStates = new Map(haPorts.flatMap(({ host, state }) => (host ? [[host, state] as const] : [])));
    return { router, ports, agents, haStates };
  });
}

/** What the agents see. Dead ones do not answer: asking them would only take time. */
export async function askAgents(
  shared: Shared,
  context: Context,
  { agents }: RouterFacts,
  request: { router_id: string; floatingip_id?: string },
): Promise<ExplanationStep[]> {
  const asked = agents.filter(({ alive }) => alive);
  const answers = await Promise.all(
    asked.map(({ host }) =>
      askAgent(shared, { agent: 'l3', host }, (api, options) => api.explainRouter(host, request, options), context),
    ),
  );
  // Of an HA router several say the same of their hosts.
  const named = (step: ExplanationStep, host: string) =>
    asked.length > 1 ? { ...step, step: `${step.step}@${host}` } : step;
  return answers.flatMap((steps, index) => steps.map((step) => named(step, asked[index]!.host)));
}
