import { describeOperation, type NetworkOperation } from '../../../linux/contract.ts';
import { chainName } from '../chains.ts';
import type { RouterState } from '../contract.ts';
import { type RouterObserved, sysctlsOf } from '../kernel/observe.ts';
import { type InsideStep, inside } from './inside.ts';
import { planDevices, planPairs, planStale } from './links.ts';
import { planRoutes } from './routes.ts';
import { planRules } from './rules.ts';

/** What makes the host as the state says, in the order of the fields. */
export interface RouterPlan {
  readonly namespace: string;
  readonly makeNamespace: boolean;
  /** Devices that go: before the rules, which without them would let packets through to networks of other scopes. */
  readonly stale: readonly InsideStep[];
  readonly pairs: readonly NetworkOperation[];
  /** Texts for restore; empty: nothing changes. Before addresses: who speaks to a new one is rewritten from the first packet on. */
  readonly rules: Readonly<Record<4 | 6, string>>;
  /** Of the namespace and its devices: when these are there, and before they are up. */
  readonly sysctls: readonly (readonly [key: string, value: string])[];
  /** After `forget`: as long as an address that goes is there, what was not done to its connections is seen. */
  readonly inside: readonly InsideStep[];
  /** New addresses of IPv4 that neighbours are told of. */
  readonly announce: readonly { readonly device: string; readonly address: string }[];
  /** Floating addresses that went or lead elsewhere, and addresses of the gateway that went: connections by them end. */
  readonly forget: readonly string[];
}

/** @param seen null: the namespace is not there */
export function planRouter(state: RouterState, seen: RouterObserved | null): RouterPlan {
  const settings = sysctlsOf(state).filter(
    ([key, value]) => seen?.sysctls.get(key) !== value || isOfNewDevice(key, seen),
  );
  const loopback = seen === null ? [inside(['link', 'set', 'dev', 'lo', 'up'])] : [];
  const steps = [...loopback, ...planDevices(state, seen), ...planRoutes(state, seen)];
  return {
    namespace: state.namespace,
    makeNamespace: seen === null,
    stale: planStale(state, seen),
    pairs: planPairs(state, seen),
    rules: {
      4: planRules(state.rules[4], seen?.rules[4] ?? null),
      6: planRules(state.rules[6], seen?.rules[6] ?? null),
    },
    sysctls: settings,
    inside: steps,
    announce: announcements(state, steps),
    forget: seen === null ? [] : forgotten(state, seen),
  };
}

export function isEmpty(plan: RouterPlan): boolean {
  const { makeNamespace, sysctls, stale, pairs, rules, inside: steps } = plan;
  return !makeNamespace && !rules[4] && !rules[6] && [sysctls, stale, pairs, steps].every((list) => list.length === 0);
}

/** As lines an operator reads. */
export function describePlan(plan: RouterPlan): string[] {
  const { namespace, makeNamespace, sysctls, stale, pairs, rules, inside: steps, forget } = plan;
  const set = (settings: RouterPlan['sysctls']) =>
    settings.map(([key, value]) => `${namespace}: set ${key} to ${value}`);
  const restore = (tool: string, text: string) =>
    text
      .split('\n')
      .filter((line) => /^[-:*]/.test(line))
      .map((line) => `${namespace}: ${tool} ${line}`);
  return [
    ...(makeNamespace ? [`ensure_namespace ${namespace}`] : []),
    ...stale.map(({ line }) => `${namespace}: ip ${line}`),
    ...pairs.map((operation) => `host: ${describeOperation(operation)}`),
    ...restore('iptables', rules[4]),
    ...restore('ip6tables', rules[6]),
    ...set(sysctls),
    ...forget.map((address) => `${namespace}: end connections by ${address}`),
    ...steps.map(({ line }) => `${namespace}: ip ${line}`),
  ];
}

/** What was set of a device that is made anew is lost. */
function isOfNewDevice(key: string, seen: RouterObserved | null): boolean {
  const name = /^net\/ipv[46]\/(?:conf|neigh)\/((?:qr|qg|ha)-[^/]+)\//.exec(key)?.[1];
  return name !== undefined && !seen?.links.has(name);
}

function announcements(state: RouterState, steps: readonly InsideStep[]): RouterPlan['announce'] {
  if (!state.isActive) return [];
  const added = new Set(steps.flatMap(({ address }) => (address && !address.includes(':') ? [address] : [])));
  return [...state.devices.values()].flatMap(({ name, role, addresses, addressedBy }) =>
    addressedBy !== 'agent' || role === 'ha'
      ? []
      : addresses.filter((cidr) => added.has(cidr)).map((cidr) => ({ device: name, address: cidr.split('/')[0]! })),
  );
}

/** The rules in force say what floating addresses led to, also after a restart. */
function forgotten(state: RouterState, seen: RouterObserved): string[] {
  const chain = chainName('PREROUTING');
  const read = (bodies: readonly string[]) =>
    bodies.flatMap((body) => {
      const [, address, fixed] = /^-d (\S+)\/32 -j DNAT --to-destination (\S+)$/.exec(body) ?? [];
      return address && fixed ? [[address, fixed] as const] : [];
    });
  const wanted = new Map(read((state.rules[4].get('nat')?.get(chain) ?? []).map(({ body }) => body)));
  const before = read(seen.rules[4].get('nat')?.get(chain) ?? []);
  const led = before.filter(([address, fixed]) => wanted.get(address) !== fixed).map(([address]) => address);
  return [...new Set([...led, ...gatewayAddressesGone(state, seen)])];
}

/** An address that is still there while nobody wants it: whether its connections were ended is not known. */
function gatewayAddressesGone({ devices }: RouterState, seen: RouterObserved): string[] {
  return [...seen.links.values()].flatMap(({ name, addresses }) => {
    const device = devices.get(name);
    if (!name.startsWith('qg-') || device?.addressedBy === 'keepalived') return [];
    const gone = addresses.filter(({ cidr, family }) => family === 4 && !device?.addresses.includes(cidr));
    return gone.map(({ cidr }) => cidr.split('/')[0]!);
  });
}
