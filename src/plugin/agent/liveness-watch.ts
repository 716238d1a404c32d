import { silentAgents } from '../../db/write/agents.ts';
import type { Duty } from '../duty/duties.ts';
import type { Shared } from '../parts.ts';

/** Agents named in one line of the log; of more it says how many. */
const NAMED = 10;

/**
 * Says in the log which agents died and which came back, once each (upstream: agents_db.py `agent_health_check`, which lists
 * the dead again and again).
 */
export function livenessWatch({ database, elapsed, logger, now, options }: Shared): Duty {
  const downMs = options.core.agent_down_time * 1000;
  const startedAtMs = elapsed();
  let known = new Set<string>();
  const say = (level: 'warn' | 'info', agents: readonly string[], message: string) => {
    if (agents.length > 0) logger[level]({ count: agents.length, agents: agents.slice(0, NAMED).join(', ') }, message);
  };
  return {
    name: 'agent watch',
    everyMs: Math.max(Math.floor(options.core.agent_down_time / 2), 1) * 1000,
    async work() {
      // Where every server was away, agents need the time to report to the first that is there.
      if (elapsed() - startedAtMs < downMs) return;
      const silent = await silentAgents(database.db, now() - downMs);
      const dead = new Set(silent.map(({ agent_type, host }) => `${agent_type} on ${host}`));
      say(
        'warn',
        [...dead].filter((agent) => !known.has(agent)),
        'agents are dead: no report within agent_down_time',
      );
      say(
        'info',
        [...known].filter((agent) => !dead.has(agent)),
        'agents live again, were switched off or deleted',
      );
      known = dead;
    },
  };
}
