import type { Host } from '../../linux/contract.ts';
import { crowding } from '../crowding.ts';
import { Supervision, type Watched } from '../daemons/supervision.ts';
import type { RouterState } from './contract.ts';
import type { L3AgentOptions } from './options.ts';
import type { Routers } from './routers.ts';

/**
 * Between two full checks: at rest, when nothing of them is in the processor's caches, each takes some 22 ms of CPU, and no more than
 * a hundredth of a core is to go there.
 */
const CHECK_PAUSE_MS = 3_000;
/** On a busy machine they come so many times rarer at most. */
const MOST_CROWDED = 4;

/** Notices what was done to routers behind the back of the agent: their workers mend it. */
export function superviseRouters(
  host: Pick<Host, 'listNetns'>,
  routers: Pick<Routers, 'all' | 'get'>,
  { check_child_processes_interval }: Pick<L3AgentOptions, 'check_child_processes_interval'>,
  isBusy: () => boolean,
): Supervision<RouterState> {
  return new Supervision<RouterState>({
    host,
    served: () => routers.all(),
    watched: watchedOf,
    onFound: (id) => void routers.get(id)?.check(),
    // Each router well within the minute, as long as they are few.
    checkMs: check_child_processes_interval * 750,
    leastMs: () => CHECK_PAUSE_MS * crowding(MOST_CROWDED),
    isBusy,
  });
}

/** What is looked at every second of a router. */
function watchedOf({ namespace, daemons }: RouterState): Watched {
  const wanted = daemons.filter(({ isWanted }) => isWanted);
  const files = wanted.flatMap((daemon) => daemon.files.map(({ path }) => path));
  return { namespace, daemons: wanted.map(({ spec }) => spec), files };
}
