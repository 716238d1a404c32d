import { ApiFailure, apiUrl, getJson } from './api-client.ts';
import type { Child } from './child.ts';
import { OneHostError } from './errors.ts';
import { agentNames, type Instance, type Surroundings } from './instance.ts';

/** How long the programs may take to come up before it is said what is missing. */
const READY_LIMIT_MS = 30_000;
const POLL_MS = 50;

export interface AgentRow {
  agent_type: string;
  binary: string;
  host: string;
  alive: boolean;
}

/**
 * Waits for the first answer of the API and for the agents, and says every two seconds what for.
 *
 * @returns the agents; null where none is run
 * @throws OneHostError when the server gives up, or does not answer in time
 */
export async function ready(
  instance: Instance,
  children: readonly Child[],
  root: boolean,
  around: Surroundings,
): Promise<AgentRow[] | null> {
  const ended = children[0]!.firstEnd.then((lastWords): never => {
    throw new OneHostError(lastWords.replace(/^neutron-server: /, ''));
  });
  const end = performance.now() + READY_LIMIT_MS;
  let told = performance.now();
  for (;;) {
    const agents = await Promise.race([ownAgents(instance), ended]);
    const late = performance.now() > end;
    if (agents !== null) {
      if (!root) {
        ended.catch(() => {});
        return null;
      }
      const alive = agents.filter((agent) => agent.alive);
      if (alive.length >= agentNames.length || late) {
        ended.catch(() => {});
        if (late) around.say('not all agents came up; see above and in the logs');
        return agents;
      }
    }
    if (late)
      throw new OneHostError(
        `${apiUrl(instance.api)} does not answer after ${READY_LIMIT_MS / 1000} s; look into the log of neutron-server`,
      );
    if (performance.now() - told > 2_000) {
      told = performance.now();
      const why = await whatIsAway(instance.api);
      around.say(`waiting for the ${agents === null ? 'API' : 'agents'} …${why && ` (${why})`}`);
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** The agents of this host, as the server sees them; null while it does not answer. */
async function ownAgents({ api, host }: Instance): Promise<AgentRow[] | null> {
  try {
    const { agents } = await getJson<{ agents: AgentRow[] }>(api, '/v2.0/agents');
    return agents.filter((agent) => agent.host === host && (agentNames as readonly string[]).includes(agent.binary));
  } catch (error) {
    if (error instanceof ApiFailure && (error.status === null || error.status >= 500)) return null;
    throw new OneHostError(`${apiUrl(api)} answers: ${(error as Error).message}`, { cause: error });
  }
}

/** What the server itself misses, by its `/healthcheck`, as `queue: away for 4 s`; empty when it says nothing. */
async function whatIsAway(api: Instance['api']): Promise<string> {
  try {
    const headers = { accept: 'text/plain' };
    const answer = await fetch(`${apiUrl(api)}/healthcheck`, { headers, signal: AbortSignal.timeout(1_000) });
    return answer.status === 503 ? (await answer.text()).trim().replaceAll('\n', '; ') : '';
  } catch {
    return '';
  }
}
