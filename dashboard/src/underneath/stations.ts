import type { Counters, Explanation, Step, StepState } from './explanation.ts';

/** A place that a packet comes by, or what serves it there, with all that was said of it. */
export interface Station {
  /** The same for the same place at the next look. */
  readonly id: string;
  readonly kind: StationKind;
  /** Null: the server said it. */
  readonly host: string | null;
  readonly device: string | null;
  readonly state: StepState;
  readonly steps: readonly Step[];
  /** Of its device. */
  readonly counters: Counters | null;
}

export type StationKind =
  | 'rows'
  | 'tap'
  | 'guards'
  | 'filter'
  | 'qos'
  | 'bridge'
  | 'leg'
  | 'nic'
  | 'inside'
  | 'router'
  | 'gateway'
  | 'floating'
  | 'dhcp'
  | 'metadata'
  | 'daemons'
  | 'answer';

/** One host: what a packet comes by there, in its order, and who serves it beside that. */
export interface HostSketch {
  readonly host: string;
  readonly way: readonly Station[];
  readonly beside: readonly Station[];
}

export interface Sketch {
  readonly rows: Station | null;
  readonly hosts: readonly HostSketch[];
}

/** In the order of a packet that leaves. */
const onTheWay: readonly StationKind[] = [
  ...(['tap', 'guards', 'filter', 'qos', 'bridge', 'leg', 'nic'] as const),
  ...(['inside', 'router', 'floating', 'gateway'] as const),
];
const besideIt: readonly StationKind[] = ['dhcp', 'metadata', 'daemons', 'answer'];

const kinds: Readonly<Record<string, StationKind>> = {
  ...{ tap: 'tap', taps: 'tap', sub_port: 'tap', sub_ports: 'tap' },
  ...{ mac_guard: 'guards', arp_guard: 'guards', type_guard: 'guards', nd_guard: 'guards' },
  ...{ firewall: 'filter', bridge_filtering: 'filter', filter: 'filter', own_addresses: 'filter' },
  ...{ rule: 'filter', chain: 'filter', address_set: 'filter' },
  ...{ qos: 'qos', tap_in_bridge: 'bridge', bridge: 'bridge', leg: 'leg', fdb: 'leg', nic: 'nic' },
  ...{ namespace: 'dhcp', dnsmasq: 'dhcp', hosts_file: 'dhcp', lease: 'dhcp', leases: 'dhcp' },
};
const ofRouters: Readonly<Record<string, StationKind>> = {
  ...{ interface: 'inside', interface_tap: 'inside', gateway: 'gateway', gateway_tap: 'gateway' },
  ...{ floating_ip: 'floating', floating_ips: 'floating' },
  ...{ dnsmasq: 'daemons', haproxy: 'daemons', keepalived: 'daemons', radvd: 'daemons' },
  ...{ ha_interface: 'daemons', ha_interface_tap: 'daemons' },
};

/** Whose step it is. L3 agents name parts of routers that this page need not know. */
function kindOf({ step, agent }: Step): StationKind {
  if (agent === undefined) return 'rows';
  if (step.endsWith('_agent_answer')) return 'answer';
  if (agent === 'metadata') return 'metadata';
  if (agent === 'l3') return ofRouters[step] ?? 'router';
  return agent === 'dhcp' ? 'dhcp' : (kinds[step] ?? 'bridge');
}

/** Steps of several L3 agents come with their host behind the name. */
export function bareName({ step, host }: Pick<Step, 'step' | 'host'>): string {
  return host !== undefined && step.endsWith(`@${host}`) ? step.slice(0, -host.length - 1) : step;
}

/** What the steps say, by the places they are about. */
export function sketchOf({ steps }: Pick<Explanation, 'steps'>): Sketch {
  const named = steps.map((step) => ({ ...step, step: bareName(step) }));
  const stations = [...Map.groupBy(named, (step) => `${step.host ?? ''}/${kindOf(step)}`)].map(([id, own]) =>
    stationOf(id, own),
  );
  const hosts = Map.groupBy(
    stations.filter(({ host }) => host !== null),
    ({ host }) => host!,
  );
  return {
    rows: stations.find(({ kind }) => kind === 'rows') ?? null,
    hosts: [...hosts].map(([host, own]) => ({ host, way: inOrder(own, onTheWay), beside: inOrder(own, besideIt) })),
  };
}

function stationOf(id: string, steps: readonly Step[]): Station {
  const [first] = steps as readonly [Step];
  const counted = steps.find(({ counters, device }) => counters && device);
  return {
    ...{ id, kind: kindOf(first), host: first.host ?? null, steps },
    device: steps.find(({ device }) => device)?.device ?? null,
    state: worstOf(steps),
    counters: counted?.counters ?? null,
  };
}

function inOrder(stations: readonly Station[], order: readonly StationKind[]): Station[] {
  return order.flatMap((kind) => stations.filter((station) => station.kind === kind));
}

const gravity: readonly StepState[] = ['fault', 'unknown', 'waiting', 'ok'];

/** The worst that was said; what does not apply says nothing. */
export function worstOf(steps: readonly Pick<Step, 'state'>[]): StepState {
  return gravity.find((state) => steps.some((step) => step.state === state)) ?? 'not_applicable';
}

/** What came in since the look before, by station and step: only what grew. */
export function growth(before: Counters | undefined, now: Counters | undefined): Counters {
  if (!before || !now) return {};
  const grown = Object.entries(now).map(([name, value]) => [name, value - (before[name] ?? value)] as const);
  return Object.fromEntries(grown.filter(([, by]) => by > 0));
}
