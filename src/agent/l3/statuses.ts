import type { FloatingIpStatus, WireRouter } from '../../rpc/contract.ts';
import type { ApplyOutcome } from './apply.ts';
import type { RouterState } from './contract.ts';

export type Statuses = Record<string, FloatingIpStatus>;

/**
 * What became of a router's floating IPs, as far as the server does not know: those it tells of otherwise, and those that
 * are not the router's any more.
 *
 * @param state null: nothing is in force, and what failed failed for all
 */
export function statusesToReport(
  router: WireRouter,
  state: RouterState | null,
  before: RouterState | null,
  outcome: ApplyOutcome,
): Statuses {
  if (state && !state.isActive) return {};
  const broken = new Set(outcome.addresses.map((cidr) => cidr.split('/')[0]));
  const statuses: Statuses = {};
  const told = new Map((router._floatingips ?? []).map(({ id, status }) => [id, status]));
  if (state) {
    for (const { id, address } of state.floatingIps.values()) statuses[id] = broken.has(address) ? 'ERROR' : 'ACTIVE';
    for (const { resource, id } of state.problems) if (resource === 'floatingip') statuses[id] = 'ERROR';
  } else {
    for (const id of told.keys()) statuses[id] = 'ERROR';
  }
  for (const [id, status] of Object.entries(statuses)) if (told.get(id) === status) delete statuses[id];
  for (const id of before?.floatingIps.keys() ?? []) if (!told.has(id)) statuses[id] = 'DOWN';
  return statuses;
}
