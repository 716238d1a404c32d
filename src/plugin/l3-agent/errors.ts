import { defineErrors } from '../../lib/errors.ts';

export const l3AgentErrors = defineErrors({
  InvalidL3Agent: ['not_found', 'Agent {id} is not a L3 Agent or has been disabled'],
  RouterHostedByL3Agent: ['conflict', 'The router {router_id} has been already hosted by the L3 Agent {agent_id}.'],
  DVRL3CannotAssignToDvrAgent: ['conflict', "An agent in 'dvr' mode cannot be given a router by hand."],
  DVRL3CannotRemoveFromDvrAgent: ['conflict', "A router cannot be taken by hand from an agent in 'dvr' mode."],
});
