import { batchLine, runBatch } from './batch.ts';
import type { Exec, Host } from './contract.ts';

/** What limits the traffic of devices: the qdisc by which packets leave them, and the filter they come in by. */
export interface TrafficState {
  /** By device. */
  readonly roots: ReadonlyMap<string, Root>;
  /** Devices with a place for filters of what comes in: `ingress`, or `clsact`. */
  readonly entrances: ReadonlyMap<string, Entrance>;
  /** Devices that what comes in elsewhere is sent through, to be shaped. */
  readonly detours: ReadonlySet<string>;
}

export interface Root {
  readonly kind: string;
  /** Of a token bucket. */
  readonly shape?: Shape;
}

/** A token bucket. */
export interface Shape {
  /** Bytes per second. */
  readonly rate: number;
  /** Bytes. */
  readonly burst: number;
}

export interface Entrance {
  readonly kind: 'ingress' | 'clsact';
  /** The filter at our place; null: none. */
  readonly filter: Filter | null;
  /** Whether there are filters at other places. */
  readonly others: boolean;
}

/** What comes in: counted, and dropped when it is too much; or sent through another device. */
export type Filter =
  | { readonly kind: 'police'; readonly shape: Shape }
  | { readonly kind: 'redirect'; readonly to: string }
  /** Somebody else's, or a police of which we do not know what it lets pass. */
  | { readonly kind: 'other' };

export type TrafficOperation =
  | { op: 'make_detour'; name: string }
  | { op: 'delete_detour'; name: string }
  /** `limit`: bytes that may wait. */
  | ({ op: 'shape'; device: string; limit: number } & Shape)
  | { op: 'unshape'; device: string }
  | { op: 'open_entrance'; device: string }
  | { op: 'close_entrance'; device: string }
  | ({ op: 'police'; device: string } & Shape)
  | { op: 'redirect'; device: string; to: string }
  | { op: 'unfilter'; device: string };

/** As one line an operator reads: `shape device=tap… rate=125000 burst=2000`. */
export function describeTraffic({ op, ...rest }: TrafficOperation): string {
  return [op, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`)].join(' ');
}

/** Where upstream's filter stands among others. */
const PREFERENCE = 49;
const TIMEOUT_MS = 60_000;
/** Any packet: a police that counts frames before they are cut sees large ones. */
const POLICED_MTU = 65535;
/** The largest number that fits; queues of fast devices would need more. */
const MOST_BYTES = 0xffff_ffff;

interface RawQdisc {
  kind: string;
  dev?: string;
  root?: boolean;
  options?: { rate?: number; burst?: number };
}

interface RawFilter {
  pref: number;
  options?: { actions?: { kind?: string; to_dev?: string; cookie?: string }[] };
}

/**
 * One look at all qdiscs, and one at the filters of those devices that have any.
 *
 * @param devices whose filters are wanted
 */
export async function readTraffic(exec: Exec, devices: ReadonlySet<string>): Promise<TrafficState> {
  const run = async (argv: readonly string[]) => (await exec.run(argv, { timeoutMs: TIMEOUT_MS })).stdout;
  const [qdiscs, ifbs] = await Promise.all([
    run(['tc', '-j', 'qdisc', 'show']).then((text) => parse<RawQdisc>(text)),
    run(['ip', '-j', 'link', 'show', 'type', 'ifb']).then((text) => parse<{ ifname?: string }>(text)),
  ]);
  const roots = new Map<string, Root>();
  const places = new Map<string, Entrance['kind']>();
  for (const { kind, dev, root, options } of qdiscs) {
    if (dev === undefined) continue;
    if (root) roots.set(dev, { kind, ...(kind === 'tbf' && { shape: shapeOf(options) }) });
    else if ((kind === 'ingress' || kind === 'clsact') && devices.has(dev)) places.set(dev, kind);
  }
  return {
    roots,
    entrances: await readEntrances(exec, places),
    detours: new Set(ifbs.flatMap(({ ifname }) => ifname ?? [])),
  };
}

async function readEntrances(
  exec: Exec,
  places: ReadonlyMap<string, Entrance['kind']>,
): Promise<Map<string, Entrance>> {
  if (places.size === 0) return new Map();
  const devices = [...places.keys()];
  const stdin = `${devices.map((device) => batchLine(['filter', 'show', 'dev', device, 'ingress'])).join('\n')}\n`;
  const argv = ['tc', '-force', '-j', '-batch', '-'];
  const { stdout } = await exec.run(argv, { stdin, timeoutMs: TIMEOUT_MS, okCodes: [0, 1, 2, 255] });
  const answers = stdout.split('\n').filter((text) => text.trim() !== '');
  // A device that went meanwhile leaves no line, so that no line is known to be whose.
  if (answers.length !== devices.length) throw new Error('devices went away while their filters were read');
  return new Map(devices.map((device, i) => [device, entranceOf(places.get(device)!, parse<RawFilter>(answers[i]!))]));
}

function entranceOf(kind: Entrance['kind'], filters: readonly RawFilter[]): Entrance {
  const ours = filters.filter(({ pref }) => pref === PREFERENCE);
  const others = filters.length > ours.length;
  if (ours.length === 0) return { kind, filter: null, others };
  const actions = ours.flatMap(({ options }) => options?.actions ?? []);
  const [action] = actions;
  return { kind, filter: actions.length === 1 ? filterOf(action!) : { kind: 'other' }, others };
}

function filterOf({ kind, to_dev, cookie }: { kind?: string; to_dev?: string; cookie?: string }): Filter {
  if (kind === 'mirred' && to_dev !== undefined) return { kind: 'redirect', to: to_dev };
  const [, rate, burst] = /^([0-9a-f]{16})([0-9a-f]{16})$/.exec(cookie ?? '') ?? [];
  if (kind !== 'police' || rate === undefined || burst === undefined) return { kind: 'other' };
  return { kind: 'police', shape: { rate: Number.parseInt(rate, 16), burst: Number.parseInt(burst, 16) } };
}

/** A police does not tell in JSON what it lets pass: what we put there says so itself. */
function cookieOf({ rate, burst }: Shape): string {
  return [rate, burst].map((value) => value.toString(16).padStart(16, '0')).join('');
}

function shapeOf(options: RawQdisc['options']): Shape {
  return { rate: options?.rate ?? 0, burst: options?.burst ?? 0 };
}

/** `tc` prints no list at all where there is nothing. */
function parse<T>(text: string): T[] {
  return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
}

/**
 * Detours first, then one `tc -batch`, then what is needed no more: one device that cannot be limited is no reason not to
 * limit the others.
 *
 * @returns what failed, with the reason; a device that is gone needs nothing
 */
export async function applyTraffic(
  host: Pick<Host, 'exec' | 'apply'>,
  operations: readonly TrafficOperation[],
): Promise<{ operation: TrafficOperation; reason: string }[]> {
  const failed: { operation: TrafficOperation; reason: string }[] = [];
  const run = async (program: 'ip' | 'tc', these: readonly TrafficOperation[]) => {
    const lines = these.flatMap((operation) => linesOf(operation).map((line) => ({ operation, line })));
    const texts = lines.map(({ line }) => line);
    for (const { line, reason } of await runBatch(host.exec, program, texts)) {
      if (!isGone(reason)) failed.push({ operation: lines[line]!.operation, reason });
    }
  };
  const made = operations.filter((operation) => operation.op === 'make_detour');
  await run('ip', made);
  for (const { name } of made) await withoutAddresses(host, name);
  const isLink = ({ op }: TrafficOperation) => op === 'make_detour' || op === 'delete_detour';
  await run(
    'tc',
    operations.filter((operation) => !isLink(operation)),
  );
  await run(
    'ip',
    operations.filter(({ op }) => op === 'delete_detour'),
  );
  return failed;
}

/** It only passes on what others send. */
async function withoutAddresses(host: Pick<Host, 'apply'>, name: string): Promise<void> {
  const operation = { op: 'sysctl' as const, key: `net/ipv6/conf/${name}/disable_ipv6`, value: '1' };
  // A kernel without IPv6 gives it no address anyway.
  await host.apply([operation]).catch(() => {});
}

function isGone(reason: string): boolean {
  return /Cannot find device|No such device|File exists/.test(reason);
}

function linesOf(operation: TrafficOperation): string[] {
  switch (operation.op) {
    case 'make_detour':
      return [
        batchLine(['link', 'add', 'name', operation.name, 'type', 'ifb']),
        batchLine(['link', 'set', 'dev', operation.name, 'up']),
      ];
    case 'delete_detour':
      return [batchLine(['link', 'del', 'dev', operation.name])];
    case 'shape': {
      const { device, rate, burst, limit } = operation;
      const bucket = [
        'tbf',
        'rate',
        `${rate * 8}bit`,
        'burst',
        `${burst}b`,
        'limit',
        `${Math.min(limit, MOST_BYTES)}b`,
      ];
      return [batchLine(['qdisc', 'replace', 'dev', device, 'root', ...bucket])];
    }
    case 'unshape':
      return [batchLine(['qdisc', 'del', 'dev', operation.device, 'root'])];
    case 'open_entrance':
      return [batchLine(['qdisc', 'add', 'dev', operation.device, 'ingress'])];
    case 'close_entrance':
      return [batchLine(['qdisc', 'del', 'dev', operation.device, 'ingress'])];
    case 'unfilter':
      return [batchLine(['filter', 'del', 'dev', operation.device, 'ingress', 'pref', PREFERENCE])];
    case 'police': {
      const { device, rate, burst } = operation;
      const words = ['rate', `${rate * 8}bit`, 'burst', `${burst}b`, 'mtu', POLICED_MTU, 'conform-exceed', 'drop/pass'];
      return [batchLine([...everything(device), 'police', ...words, 'cookie', cookieOf(operation)])];
    }
    case 'redirect': {
      const words = ['mirred', 'egress', 'redirect', 'dev', operation.to];
      return [batchLine([...everything(operation.device), ...words])];
    }
  }
}

function everything(device: string): (string | number)[] {
  const place = ['filter', 'add', 'dev', device, 'ingress', 'protocol', 'all', 'pref', PREFERENCE];
  return [...place, 'u32', 'match', 'u32', 0, 0, 'action'];
}

/**
 * Whether this kernel polices what comes in. Asked with a request that it refuses in any case: a mean rate without a
 * measurement.
 */
export async function canPolice(exec: Exec): Promise<boolean> {
  const argv = ['tc', 'actions', 'add', 'action', 'police', 'avrate', '8kbit', 'drop'];
  const { stderr } = await exec.run(argv, { okCodes: [0, 1, 2, 255] });
  return !/Failed to load TC action|No such file|not found/i.test(stderr);
}
