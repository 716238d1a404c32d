import { readLinkCounters } from '../../../linux/link-counters.ts';
import {
  EXPLAIN_VERSION,
  type ExplainRouterMethods,
  type ExplainStep,
  endpoint,
  explainServer,
  topics,
} from '../../../rpc/contract.ts';
import type { Listener } from '../../../rpc/transport.ts';
import type { PartContext, RouterPart } from '../contract.ts';
import { NamespaceFilters, observeRouter } from '../kernel/observe.ts';
import { explainFloatingIp, explainRouter, type RouterSight } from './explain.ts';

/** What a router's change takes, mostly. */
const SECOND_LOOK_MS = 300;

/** Answers `neutrino explain router` and `floatingip`; adds nothing to routers. */
export class ExplainPart implements RouterPart {
  readonly name = 'explain';
  readonly #others: readonly RouterPart[];
  #listener: Listener | null = null;

  /** @param others parts whose wishes for the host are told */
  constructor(others: readonly RouterPart[]) {
    this.#others = others;
  }

  derive(): void {}

  async start(context: PartContext): Promise<void> {
    const { transport, facts } = context;
    const filters = new NamespaceFilters(context.linux.exec);
    const methods = endpoint<ExplainRouterMethods>(EXPLAIN_VERSION, {
      explain_router: async ({ router_id, floatingip_id }) => {
        const explain = async () => {
          const sight = await this.#look(context, filters, router_id);
          if (Array.isArray(sight)) return sight;
          return floatingip_id === undefined ? await explainRouter(sight) : explainFloatingIp(sight, floatingip_id);
        };
        const steps = await explain();
        if (steps.every(({ state }) => state !== 'fault')) return { steps };
        // A change under way looks like a fault, too.
        await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
        return { steps: await explain() };
      },
    });
    this.#listener = await transport.listen(topics.explain, explainServer('l3', facts.host), [methods]);
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  /** @returns steps where there is nothing to look at */
  async #look(context: PartContext, filters: NamespaceFilters, id: string): Promise<RouterSight | ExplainStep[]> {
    const { linux } = context;
    const [router, state] = [context.router(id), context.state(id)];
    if (!router || !state) {
      const expected = 'the L3 agent has made the router here';
      const found = router
        ? 'it is at work on it, or failed: its log says which'
        : 'it has not been told of the router';
      const remedy = 'wait a moment; if it stays, see the log of the L3 agent';
      return [{ step: 'router', state: router ? 'waiting' : 'fault', expected, found, remedy }];
    }
    const observed = await observeRouter(linux, filters, state);
    const [{ links }, counters] = await Promise.all([linux.readNetwork(), readLinkCounters()]);
    const look = { host: linux, router, state, before: state, fresh: false };
    const asked = observed === null ? [] : this.#others;
    const wishes = await Promise.all(
      asked.map(async (part) => ((await part.plan?.(look)) ?? []).map(({ text }) => ({ part: part.name, text }))),
    );
    return { state, observed, links, counters, wishes: wishes.flat() };
  }
}
