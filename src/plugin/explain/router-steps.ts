import type { RouterAgent } from '../../db/write/router-agents.ts';
import type { Port, Router } from '../../resources/shapes.ts';
import type { ExplanationStep } from '../contract.ts';
import { HA_PORT_OWNER } from '../ha-router/ha-ports.ts';
import { GATEWAY_OWNER } from '../router/connected.ts';

/** What the server knows of a router; the rest is on hosts. */
export interface RouterFacts {
  readonly router: Router;
  readonly ports: readonly Port[];
  readonly agents: readonly (RouterAgent & { alive: boolean })[];
  /** What agents of an HA router last said they are, by host. */
  readonly haStates: ReadonlyMap<string, string>;
}

/** What can be said of a router without asking any host. */
export function routerSteps(facts: RouterFacts): ExplanationStep[] {
  return [adminState(facts), connected(facts), ...agentSteps(facts), ...portSteps(facts)];
}

function adminState({ router }: RouterFacts): ExplanationStep {
  const base = { step: 'admin_state', expected: 'the router is switched on' };
  if (router.admin_state_up) return { ...base, state: 'ok', found: base.expected };
  const remedy = `neutron router-update ${router.id} --admin-state-up True`;
  return { ...base, state: 'fault', found: 'it is switched off', remedy };
}

function connected({ router, ports }: RouterFacts): ExplanationStep {
  const gateways = ports.filter(({ device_owner }) => device_owner === GATEWAY_OWNER);
  const interfaces = ports.filter(
    ({ device_owner }) => device_owner !== GATEWAY_OWNER && device_owner !== HA_PORT_OWNER,
  );
  const base = { step: 'connected', expected: 'networks that it leads to' };
  if (gateways.length + interfaces.length === 0) {
    const remedy = `neutron router-interface-add ${router.id} SUBNET, or router-gateway-set ${router.id} NETWORK`;
    return { ...base, state: 'waiting', found: 'it is attached to nothing: no agent is given it', remedy };
  }
  const addresses = (list: readonly Port[]) =>
    list.flatMap(({ fixed_ips }) => fixed_ips.map(({ ip_address }) => ip_address)).join(', ');
  const outside = gateways.length === 0 ? 'no gateway' : `gateway ${addresses(gateways)}`;
  const inside = interfaces.length === 0 ? 'no interface' : `interfaces ${addresses(interfaces)}`;
  return { ...base, state: 'ok', found: `${outside}; ${inside}` };
}

/** Who serves it, and is it alive? Of an HA router one is enough, but must forward. */
export function agentSteps({ router, ports, agents, haStates }: RouterFacts): ExplanationStep[] {
  const base = { step: 'agent', expected: 'a live L3 agent serves the router' };
  if (ports.every(({ device_owner }) => device_owner === HA_PORT_OWNER)) {
    return [{ ...base, state: 'not_applicable', found: 'it is attached to nothing yet' }];
  }
  if (agents.length === 0) {
    const remedy = 'start neutron-l3-agent on a host (see: neutron agent-list), or l3-agent-router-add AGENT ROUTER';
    return [{ ...base, state: 'fault', found: 'no agent has it', remedy }];
  }
  const hosts = (list: RouterFacts['agents']) => list.map(({ host }) => host).join(', ');
  const dead = agents.filter(({ alive }) => !alive);
  const off = agents.filter(({ alive, admin_state_up }) => alive && !admin_state_up);
  const working = agents.filter(({ alive, admin_state_up }) => alive && admin_state_up);
  if (working.length === 0) {
    const found =
      dead.length > 0 ? `its agent on ${hosts(dead)} is dead` : `its agent on ${hosts(off)} is switched off`;
    const remedy =
      dead.length > 0
        ? `start neutron-l3-agent on ${hosts(dead)}, or give the router to another agent`
        : `neutron agent-update ${off[0]!.id} --admin-state-up True`;
    return [{ ...base, state: 'fault', found, remedy }];
  }
  const steps: ExplanationStep[] = [{ ...base, state: 'ok', found: `served from ${hosts(working)}` }];
  if (dead.length > 0) {
    const expected = `the agents on ${hosts(agents)} alive`;
    const remedy = `start neutron-l3-agent on ${hosts(dead)}: until then there is nobody to stand in`;
    steps.push({ step: 'standby', state: 'waiting', expected, found: `${hosts(dead)} is dead`, remedy });
  }
  return router.ha ? [...steps, activeStep(working, haStates)] : steps;
}

function activeStep(working: RouterFacts['agents'], haStates: RouterFacts['haStates']): ExplanationStep {
  const of = (host: string) => haStates.get(host) ?? 'unknown';
  const active = working.filter(({ host }) => of(host) === 'active');
  const base = { step: 'ha_state', expected: 'one agent active' };
  const found = working.map(({ host }) => `${host} ${of(host)}`).join(', ');
  if (active.length === 1) return { ...base, state: 'ok', found };
  const remedy =
    active.length === 0
      ? 'give keepalived some seconds; then see whether its process runs on these hosts, and its log'
      : 'they do not hear each other: see whether their ha- devices reach each other (neutrino explain port ID)';
  return { ...base, state: active.length === 0 ? 'waiting' : 'fault', found, remedy };
}

/** Its ports are wired as any other: those that are not are named. */
function portSteps({ ports, router }: RouterFacts): ExplanationStep[] {
  const base = { step: 'ports', expected: 'all ports of the router ACTIVE' };
  // A port of an HA router moves with the active agent; that of its own network each agent has for itself.
  const own = router.ha ? ports.filter(({ device_owner }) => device_owner !== HA_PORT_OWNER) : ports;
  if (own.length === 0) return [];
  const down = own.filter(({ status }) => status !== 'ACTIVE');
  if (down.length === 0) return [{ ...base, state: 'ok', found: `${own.length} ports ACTIVE` }];
  return down.map(({ id, status, fixed_ips }): ExplanationStep => {
    const addresses = fixed_ips.map(({ ip_address }) => ip_address).join(', ');
    const expected = `port ${id} (${addresses}) ACTIVE`;
    return { step: 'port', state: 'waiting', expected, found: status, remedy: `neutrino explain port ${id}` };
  });
}
