import { routerWithAgents } from '../../db/write/router-agents.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { scheduleRouter } from './scheduler.ts';

/**
 * Gives a router its agents as part of a change, when it has too few: with its first interface or gateway, not before, so
 * that an administrator can choose them. Those that serve it are told by the change's own task.
 */
export async function scheduleRouterIn(change: Change, machine: Machine, routerId: string): Promise<void> {
  const found = await routerWithAgents(change.tx, routerId);
  if (found === null) return;
  const { router, present } = found;
  await scheduleRouter(change, machine, router, { present });
}
