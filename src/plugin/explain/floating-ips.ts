import { getPort } from '../../db/read/ports.ts';
import { fullView } from '../../db/read/view.ts';
import type { Context } from '../../lib/context.ts';
import type { FloatingIp, Port } from '../../resources/shapes.ts';
import type { Explanation, ExplanationStep } from '../contract.ts';
import { floatingIpErrors } from '../floatingip/errors.ts';
import { floatingIpReads } from '../floatingip/storage.ts';
import type { Shared } from '../parts.ts';
import { agentSteps } from './router-steps.ts';
import { askAgents, routerFacts } from './routers.ts';
import { verdictOf } from './steps.ts';

/**
 * Why a floating IP is reached or not: what it leads to, who serves its router, and what is on that host.
 * @throws FloatingIPNotFound
 */
export async function explainFloatingIp(shared: Shared, context: Context, id: string): Promise<Explanation> {
  const { db } = shared.database;
  const floating = await floatingIpReads(shared).whole(db, id);
  if (floating === null) throw floatingIpErrors.FloatingIPNotFound({ floatingip_id: id });
  const port = floating.port_id === null ? null : await getPort(db, floating.port_id, fullView);
  const facts = floating.router_id === null ? null : await routerFacts(shared, floating.router_id);
  const answers =
    facts === null ? [] : await askAgents(shared, context, facts, { router_id: facts.router.id, floatingip_id: id });
  const steps = [
    associated(floating),
    ...(port === null ? [] : [guest(port)]),
    ...(facts === null ? [] : [router(facts.router), ...agentSteps(facts)]),
    ...answers,
    status(floating),
  ];
  return verdictOf({ floatingip_id: id }, steps);
}

function associated({ id, port_id, fixed_ip_address, port_forwardings }: FloatingIp): ExplanationStep {
  const base = { step: 'associated', expected: 'an address of a guest, or port forwardings' };
  if (port_id !== null) return { ...base, state: 'ok', found: `${fixed_ip_address} of port ${port_id}` };
  const forwarded = Array.isArray(port_forwardings) ? port_forwardings.length : 0;
  if (forwarded > 0) return { ...base, state: 'ok', found: `${forwarded} port forwardings` };
  const remedy = `neutron floatingip-associate ${id} PORT`;
  return { ...base, state: 'waiting', found: 'it leads to nobody', remedy };
}

function guest({ id, status }: Port): ExplanationStep {
  const base = { step: 'port', expected: `port ${id} ACTIVE`, found: status };
  if (status === 'ACTIVE') return { ...base, state: 'ok' };
  return { ...base, state: 'waiting', remedy: `neutrino explain port ${id}` };
}

function router({ id, admin_state_up }: { id: string; admin_state_up: boolean }): ExplanationStep {
  const base = { step: 'router', expected: `router ${id} switched on` };
  if (admin_state_up) return { ...base, state: 'ok', found: base.expected };
  return {
    ...base,
    state: 'fault',
    found: 'it is switched off',
    remedy: `neutron router-update ${id} --admin-state-up True`,
  };
}

function status({ status: found, router_id }: FloatingIp): ExplanationStep {
  const base = { step: 'status', expected: 'ACTIVE', found };
  if (found === 'ACTIVE') return { ...base, state: 'ok' };
  const remedy = router_id === null ? '' : `neutrino explain router ${router_id}`;
  return { ...base, state: 'waiting', ...(remedy && { remedy }) };
}
