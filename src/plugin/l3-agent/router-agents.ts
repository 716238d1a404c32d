import type { Db } from '../../db/database.ts';
import { findAgents, getAgent } from '../../db/read/agents.ts';
import { type AgentRow, agentById } from '../../db/write/agents.ts';
import { agentsOfRouters, type RouterFacts, routerFacts, routersOfAgent } from '../../db/write/router-agents.ts';
import { everything } from '../../lib/query.ts';
import type { Agent } from '../../resources/shapes.ts';
import { agentErrors } from '../agent/errors.ts';
import { FinishedJson, type RouteCall } from '../contract.ts';
import { haStates } from '../ha-router/states.ts';
import type { Machine } from '../machine.ts';
import { wholeView } from '../parts.ts';
import { notFound } from '../router/storage.ts';
import { couldServe, servesOthersOnly } from './choose-agents.ts';
import { l3AgentErrors as errors } from './errors.ts';
import { giveRouter } from './scheduler.ts';
import { takeRouter } from './take-router.ts';

const L3_AGENT = 'L3 agent';

/** As the API shows an agent of a router: `ha_state` is null where the router is not highly available. */
type AgentOfRouter = Agent & { resource_versions: unknown; ha_state: string | null };

/**
 * Which L3 agent serves which router, and moving routers by hand (upstream: db/l3_agentschedulers_db.py). The agents hear of
 * it at once.
 */
export class RouterAgents {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** @throws AgentNotFound */
  async routersOf({ context, params }: RouteCall): Promise<unknown> {
    const { db } = this.#machine.shared.database;
    const ids = await routersOfAgent(db, params.id!);
    if (ids.length === 0) {
      if ((await getAgent(db, params.id!)) === null) throw agentErrors.AgentNotFound({ id: params.id! });
      return [];
    }
    const page = await this.#machine.collections.routers!.list(context, { ...everything, filters: { id: ids } });
    return page.items ?? new FinishedJson(page.json);
  }

  /** @throws RouterNotFound */
  async agentsOf({ params }: RouteCall): Promise<AgentOfRouter[]> {
    const { shared } = this.#machine;
    const { db } = shared.database;
    const router = await this.#router(db, params.id!);
    const states = new Map<string | null, string>();
    if (router.ha) {
      for (const { l3_agent_id, state } of await haStates(this.#machine, [router.id])) states.set(l3_agent_id, state);
    }
    const serving = (await agentsOfRouters(db, [router.id])).map(({ id }) => id);
    if (serving.length === 0) return [];
    const place = ({ id }: Agent) => serving.indexOf(id);
    const found = await findAgents(db, { filters: { id: serving } }, wholeView(shared));
    const agents = found.toSorted((a, b) => place(a) - place(b));
    return Promise.all(
      agents.map(async (agent) => {
        const versions = (await agentById(db, agent.id))?.resource_versions ?? null;
        const resource_versions = versions === null ? {} : JSON.parse(versions);
        return { ...agent, resource_versions, ha_state: states.get(agent.id) ?? null };
      }),
    );
  }

  /**
   * Gives a router to an agent; an HA router beside those it has. Nothing happens where the agent has it already.
   * @throws RouterNotFound, AgentNotFound, InvalidL3Agent, RouterHostedByL3Agent
   */
  async add({ context, params, input }: RouteCall): Promise<null> {
    const { changes, outbox } = this.#machine;
    const { tasks } = await changes.run(context, async (change) => {
      const { tx } = change;
      const router = await this.#router(tx, input.router_id as string);
      const agent = await agentOf(tx, params.id!);
      this.#checkSuitable(agent, router);
      const present = await agentsOfRouters(tx, [router.id]);
      if (present.some(({ id }) => id === agent.id)) return;
      const [other] = present;
      if (other && !router.ha) throw errors.RouterHostedByL3Agent({ router_id: router.id, agent_id: other.id });
      await giveRouter(change, this.#machine, router, [agent], present);
      await change.todo('router', router.id, 'scheduled', { hosts: [agent.host] });
    });
    outbox.tellSoon(tasks);
    return null;
  }

  /**
   * Takes a router from an agent, whether that has it or not, as upstream has it: then it is served by nobody until something
   * of it changes.
   * @throws AgentNotFound, RouterNotFound, DVRL3CannotRemoveFromDvrAgent
   */
  async remove({ context, params }: RouteCall): Promise<void> {
    const { changes, outbox } = this.#machine;
    const { tasks } = await changes.run(context, async (change) => {
      const { tx } = change;
      const agent = await agentOf(tx, params.id!);
      if (servesOthersOnly(agent)) throw errors.DVRL3CannotRemoveFromDvrAgent();
      const router = await this.#router(tx, params.router_id!);
      if (agent.agent_type === L3_AGENT) await takeRouter(change, this.#machine, router.id, agent);
    });
    outbox.tellSoon(tasks);
  }

  #checkSuitable(agent: AgentRow, router: RouterFacts): void {
    const { id, agent_type, admin_state_up } = agent;
    if (agent_type !== L3_AGENT) throw errors.InvalidL3Agent({ id });
    if (servesOthersOnly(agent)) throw errors.DVRL3CannotAssignToDvrAgent();
    const works = admin_state_up || this.#machine.shared.options.core.enable_services_on_agents_with_admin_state_down;
    if (!works || !couldServe(agent, router)) throw errors.InvalidL3Agent({ id });
  }

  async #router(db: Db, id: string): Promise<RouterFacts> {
    const [router] = await routerFacts(db, [id]);
    if (!router) throw notFound(id);
    return router;
  }
}

async function agentOf(db: Db, id: string): Promise<AgentRow> {
  const agent = await agentById(db, id);
  if (agent === null) throw agentErrors.AgentNotFound({ id });
  return agent;
}
