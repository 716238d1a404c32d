import type { Link } from '../../../linux/contract.ts';
import type { LinkCounters } from '../../../linux/link-counters.ts';
import type { ExplainStep } from '../../../rpc/contract.ts';
import { describeDaemonStep, observeKept, planKept } from '../../daemons/kept.ts';
import type { RouterDaemon, RouterFloatingIp, RouterState } from '../contract.ts';
import type { RouterObserved } from '../kernel/observe.ts';
import { planRoutes } from '../plan/routes.ts';
import { explainDevice, explainSettings, MENDING } from './devices.ts';
import { explainRules } from './rules.ts';

/** What was seen of a router, and what its parts would do about it. */
export interface RouterSight {
  readonly state: RouterState;
  /** Null: there is no namespace. */
  readonly observed: RouterObserved | null;
  /** Of the host itself: the other ends of the router's devices. */
  readonly links: ReadonlyMap<string, Link>;
  /** Of the same; what one end sent the other received. */
  readonly counters: ReadonlyMap<string, LinkCounters>;
  /** By part: what it would change, where that is no rule, address or daemon. */
  readonly wishes: readonly { readonly part: string; readonly text: string }[];
}

/** This agent's part of `explain router`, from the namespace to the daemons. Reads only. */
export async function explainRouter(sight: RouterSight): Promise<ExplainStep[]> {
  const { state, observed } = sight;
  const { namespace, devices, isActive, problems, floatingIps } = state;
  const base = { step: 'namespace', expected: `namespace ${namespace}`, check: 'ip netns list' };
  if (!observed) return [{ ...base, state: 'fault', found: 'there is none', remedy: MENDING }];
  const standby: ExplainStep = {
    step: 'ha_state',
    state: 'ok',
    expected: 'one of the hosts of the router forwards',
    found: `this one ${isActive ? 'does' : 'stands by'}`,
  };
  return [
    { ...base, state: 'ok', found: `namespace ${namespace}` },
    ...([...devices.values()].some(({ role }) => role === 'ha') ? [standby] : []),
    ...[...devices.values()].flatMap((device) => explainDevice(device, { ...sight, observed })),
    explainSettings(state, observed),
    ...explainRoutes(state, observed),
    ...explainRules(state, observed, () => true),
    ...(floatingIps.size === 0 ? [] : [countFloating(state)]),
    ...(await explainDaemons(state)),
    ...sight.wishes.map(explainWish),
    ...problems.map(({ resource, id, reason }): ExplainStep => {
      return { step: resource, state: 'fault', expected: `${resource} ${id} in force`, found: reason };
    }),
  ];
}

/** The same of one floating address: its place on the gateway and the rules that speak of it. */
export function explainFloatingIp(sight: RouterSight, id: string): ExplainStep[] {
  const { state, observed } = sight;
  const step = 'floating_ip';
  const floating = state.floatingIps.get(id);
  const base = { step, expected: `floating IP ${id} in router ${state.routerId}`, check: 'ip netns list' };
  if (!floating) {
    const remedy = 'the log of the L3 agent says when it last asked the server, and what it was told';
    return [{ ...base, state: 'fault', found: 'the agent does not know it of this router', remedy }];
  }
  if (!observed) return [{ ...base, state: 'fault', found: `no namespace ${state.namespace}`, remedy: MENDING }];
  const gateway = [...state.devices.values()].find(({ role }) => role === 'gateway');
  const { address, fixedAddress } = floating;
  // The dots are no wildcards, and 10.0.0.1 is not in 10.0.0.11.
  const words = [address, fixedAddress].flatMap((text) => (text ? [text.replaceAll('.', '\\.')] : []));
  const speaksOf = new RegExp(`(?<![\\d.])(?:${words.join('|')})(?![\\d.])`);
  return [
    addressStep(floating, gateway?.name ?? null, state, observed),
    ...(gateway ? explainDevice(gateway, { ...sight, observed }) : []),
    ...explainRules(state, observed, (body) => speaksOf.test(body)),
    ...sight.wishes.filter(({ text }) => speaksOf.test(text)).map(explainWish),
  ];
}

function addressStep(
  { address, fixedAddress }: RouterFloatingIp,
  gateway: string | null,
  { namespace, isActive, routedBy }: RouterState,
  { links }: RouterObserved,
): ExplainStep {
  const step = 'floating_ip';
  const leads = fixedAddress === null ? 'for its port forwardings' : `for ${fixedAddress}`;
  const expected = `${address}/32 on ${gateway ?? 'the gateway'} ${leads}`;
  const check = `ip -n ${namespace} address show dev ${gateway ?? 'qg-…'}`;
  if (routedBy === 'keepalived' && !isActive) {
    return { step, state: 'not_applicable', expected, found: 'this host stands by: the active one has it', check };
  }
  const there = gateway !== null && links.get(gateway)?.addresses.some(({ cidr }) => cidr === `${address}/32`);
  if (there) return { step, state: 'ok', expected, found: expected, check };
  const found = gateway === null ? 'the router has no gateway here' : `${address} is not on ${gateway}`;
  return { step, state: 'fault', expected, found, check, remedy: MENDING };
}

function explainRoutes(state: RouterState, observed: RouterObserved): ExplainStep[] {
  const check = `ip -n ${state.namespace} route show table main`;
  const wishes = planRoutes(state, observed);
  if (wishes.length === 0) {
    const expected = `${state.routes.length} routes beside those to its own networks`;
    return [{ step: 'routes', state: 'ok', expected, found: expected, check }];
  }
  return wishes.map(({ line }) => {
    const isExtra = line.startsWith('route del ');
    const what = line.replace(/^route \w+ /, '');
    const cause = state.routes.find(({ destination }) => what.startsWith(`${destination} `))?.cause;
    const expected = isExtra ? 'no route that nobody asked for' : `route ${what}`;
    const found = isExtra ? `route ${what}` : 'it is not there';
    return { step: 'route', state: 'fault', expected, found, check, remedy: MENDING, ...(cause && { cause }) };
  });
}

async function explainDaemons({ daemons, namespace }: RouterState): Promise<ExplainStep[]> {
  const steps = await Promise.all(daemons.map((daemon) => explainDaemon(daemon, namespace)));
  return steps.flat();
}

/** Nothing of one that is not wanted and not there. */
async function explainDaemon(daemon: RouterDaemon, namespace: string): Promise<ExplainStep[]> {
  const { spec, isWanted } = daemon;
  const step = (spec.argv[0] ?? '').split('/').at(-1)!;
  const observed = await observeKept(daemon);
  const todo = planKept(daemon, observed);
  const running = observed.running ? `process ${observed.running.pid}` : 'it does not run';
  const check = `ip netns pids ${namespace}`;
  const expected = isWanted ? `${step} runs in ${namespace}` : `no ${step}`;
  if (todo.length === 0) return isWanted ? [{ step, state: 'ok', expected, found: running, check }] : [];
  const found = `${running}; to be done: ${todo.map(describeDaemonStep).join('; ')}`;
  return [{ step, state: 'fault', expected, found, check, remedy: MENDING }];
}

function countFloating({ floatingIps }: RouterState): ExplainStep {
  const expected = `floating addresses ${[...floatingIps.values()].map(({ address }) => address).join(', ')}`;
  return { step: 'floating_ips', state: 'ok', expected, found: expected, check: 'neutrino explain floatingip ID' };
}

function explainWish({ part, text }: RouterSight['wishes'][number]): ExplainStep {
  return { step: part, state: 'fault', expected: 'nothing left to do', found: `to be done: ${text}`, remedy: MENDING };
}
