import { ApiFailure, apiUrl, getJson } from './api-client.ts';
import type { Child } from './child.ts';
import { OneHostError } from './errors.ts';
import { agentNames, type Instance, type Surroundings } from './instance.ts';

/** How long the programs may take to come up before it is said what is missing. */
const READY_LIMIT_MS = 30_000;
const POLL_MS = 50;
/** A program that gave up as often as this will not come up; it is tried again all the same. */
const GIVEN_UP = 3;

export interface AgentRow {
  agent_type: string;
  binary: string;
  host: string;
  alive: boolean;
  /** Why its program does not come up; null when it has not said so. */
  refusal: string | null;
}

type SeenAgent = Omit<AgentRow, 'refusal'>;

/**
 * Waits for the first answer of the API and for the agents, and says every two seconds what for.
 *
 * @returns the agents, also those that do not come up; null where none is run
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
      const rows = agentRows(agents, children, instance);
      const given = rows.filter((row) => !row.alive && row.refusal !== null);
      if (alive.length + given.length >= agentNames.length || late) {
        ended.catch(() => {});
        if (late) around.say('not all agents came up; see above and in the logs');
        return rows;
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

/** A row for each program: one that refuses to start has never told the server of itself. */
function agentRows(seen: readonly SeenAgent[], children: readonly Child[], { host }: Instance): AgentRow[] {
  return agentNames.map((binary) => {
    const refusals = children.find(({ name }) => name === binary)?.refusals ?? [];
    const refusal = refusals.length < GIVEN_UP ? null : refusals.at(-1)!.replace(new RegExp(`^${binary}: `), '');
    const row = seen.find((agent) => agent.binary === binary);
    return { ...(row ?? { agent_type: agentTypes[binary], binary, host, alive: false }), refusal };
  });
}

const agentTypes: Readonly<Record<(typeof agentNames)[number], string>> = {
  'neutron-linuxbridge-agent': 'Linux bridge agent',
  'neutron-dhcp-agent': 'DHCP agent',
  'neutron-metadata-agent': 'Metadata agent',
  'neutron-l3-agent': 'L3 agent',
};

/** The agents of this host, as the server sees them; null while it does not answer. */
async function ownAgents({ api, host }: Instance): Promise<SeenAgent[] | null> {
  try {
    const { agents } = await getJson<{ agents: SeenAgent[] }>(api, '/v2.0/agents');
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
