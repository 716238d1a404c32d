import type { Change } from '../changes.ts';

/** Notes that a floating address is another now, for the agents of the routers it has to do with; without any it is nobody's business. */
export async function noteChange(
  change: Change,
  id: string,
  action: 'created' | 'updated' | 'deleted',
  routers: readonly (string | null)[],
): Promise<void> {
  const router_ids = [...new Set(routers.filter((router) => router !== null))];
  if (router_ids.length > 0) await change.todo('floatingip', id, action, { router_ids });
}
