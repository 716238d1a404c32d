import { adminContext } from '../../lib/context.ts';
import { NeutronError } from '../../lib/errors.ts';
import type { WireRouter, WireRouterPort } from '../../rpc/contract.ts';
import { activeHosts } from '../ha-router/states.ts';
import type { Machine } from '../machine.ts';

/** Ports that are bound at the same time. */
const AT_ONCE = 16;

/**
 * Binds the ports of routers to the host whose agent serves them, where they are not yet or not any more
 * (upstream: api/rpc/handlers/l3_rpc.py `_ensure_host_set_on_ports`). Those of an HA router are bound once, to where it is
 * active, and follow what its agents report from then on; its port on the HA network is each agent's own.
 *
 * @returns whether any was bound: what was read of them is no longer true
 */
export async function bindRouterPorts(
  machine: Machine,
  routers: readonly WireRouter[],
  host: string,
): Promise<boolean> {
  const wanted: { id: string; host: string }[] = [];
  const homeless = routers.filter((router) => router.ha && portsOf(router).some(isHomeless)).map(({ id }) => id);
  const active = homeless.length > 0 ? await activeHosts(machine, homeless) : new Map<string, string>();
  for (const router of routers) {
    const { id, ha, _ha_interface } = router;
    const moving = ha ? portsOf(router).filter(isHomeless) : portsOf(router).filter((port) => needs(port, host));
    const to = ha ? active.get(id) : host;
    if (to !== undefined) wanted.push(...moving.map((port) => ({ id: port.id, host: to })));
    if (_ha_interface && needs(_ha_interface, host)) wanted.push({ id: _ha_interface.id, host });
  }
  // Side by side: changes that come together are committed together.
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    await Promise.all(wanted.slice(at, at + AT_ONCE).map(({ id, host: to }) => bindPort(machine, id, to)));
  }
  return wanted.length > 0;
}

/** To a port that is gone there is nothing to do. */
export async function bindPort({ ports }: Machine, id: string, host: string): Promise<void> {
  try {
    await ports.updateFull(adminContext(), id, { 'binding:host_id': host });
  } catch (error) {
    if (error instanceof NeutronError && error.type === 'PortNotFound') return;
    throw error;
  }
}

function portsOf({ gw_port, _interfaces = [] }: WireRouter): WireRouterPort[] {
  return gw_port ? [gw_port, ..._interfaces] : _interfaces;
}

function isHomeless(port: WireRouterPort): boolean {
  return port['binding:host_id'] === '';
}

function needs(port: WireRouterPort, host: string): boolean {
  return port['binding:host_id'] !== host || ['unbound', 'binding_failed'].includes(port['binding:vif_type']);
}
