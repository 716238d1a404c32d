import type { Context } from '../../lib/context.ts';
import { ExplainApi, type ExplainingAgent, type ExplainStep } from '../../rpc/contract.ts';
import type { ExplanationStep } from '../contract.ts';
import type { Shared } from '../parts.ts';

/** An agent that is asked. */
export interface Question {
  readonly agent: ExplainingAgent;
  readonly host: string;
}

/** What is said of an agent that does not answer; others are not kept from being heard. */
type Silence = Pick<ExplanationStep, 'step' | 'state' | 'expected' | 'found'>;

/** Asks one agent, and notes with each step who looked. */
export async function askAgent(
  { transport, logger }: Pick<Shared, 'transport' | 'logger'>,
  { agent, host }: Question,
  question: (api: ExplainApi, options: { context: Context }) => Promise<readonly ExplainStep[]>,
  context: Context,
): Promise<ExplanationStep[]> {
  const said = (step: ExplainStep): ExplanationStep => ({ ...step, agent, host });
  try {
    return (await question(new ExplainApi(transport), { context })).map(said);
  } catch (error) {
    logger.debug({ agent, host, error }, 'an agent did not explain');
    return [said(silence({ agent, host }))];
  }
}

function silence({ agent, host }: Question): Silence {
  // No metadata agent is a way to run a cloud; a silent bridge, DHCP or L3 agent is not.
  const state = agent === 'metadata' ? 'not_applicable' : 'unknown';
  const expected = `the ${agent === 'l3' ? 'L3' : agent} agent on ${host} answers`;
  const found = 'it does not answer: it is not running, or is not one of ours';
  return { step: `${agent}_agent_answer`, state, expected, found };
}
