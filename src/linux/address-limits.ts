import { kernelAddress } from '../lib/ip/kernel-text.ts';
import { batchLine, runBatch } from './batch.ts';
import type { Exec } from './contract.ts';
import type { Shape } from './traffic-control.ts';

/** How much of one IPv4 address passes a device. */
export interface AddressLimit extends Shape {
  readonly address: string;
}

/** Both ways: `out` by source address as packets leave, `in` by destination as they come. */
export interface DeviceLimits {
  readonly out: readonly AddressLimit[];
  readonly in: readonly AddressLimit[];
}

/** A place for filters of a device, and what is there. */
export interface LimitPlace {
  /** The qdisc that filters hang on; null: none of the kind. */
  readonly parent: string | null;
  readonly filters: readonly AddressFilter[];
  /** Of a place that shapes: by number. */
  readonly classes: ReadonlyMap<number, Shape>;
}

export interface AddressFilter {
  /** As `tc` names it: `800::801`. */
  readonly handle: string;
  /** Null: it looks at something else. */
  readonly address: string | null;
  readonly action:
    | { readonly kind: 'police'; readonly shape: Shape }
    | { readonly kind: 'redirect'; readonly to: string }
    | { readonly kind: 'class'; readonly number: number }
    | { readonly kind: 'other' };
}

export interface AddressLimitState {
  readonly out: LimitPlace;
  readonly in: LimitPlace;
  /** Of the device that what comes in is sent through, where the kernel cannot police; null: there is none. */
  readonly detour: LimitPlace | null;
}

/** Commands of `ip` and `tc`, in the order in which they are run. */
export interface LimitCommands {
  readonly before: readonly string[];
  readonly traffic: readonly string[];
  readonly after: readonly string[];
}

/** Upstream's place among filters. */
const PREFERENCE = 1;
/** Where the header of IPv4 has its addresses. */
const SOURCE = 12;
const DESTINATION = 16;
const INGRESS = 'ffff:';

/** `ifb` and the rest of the gateway's name. */
export function limitDetour(device: string): string {
  return `ifb${device.slice(device.indexOf('-') + 1)}`;
}

export async function readAddressLimits(exec: Exec, netns: string, device: string): Promise<AddressLimitState> {
  const qdiscs = parse<RawQdisc>(await run(exec, netns, ['tc', '-j', 'qdisc', 'show']));
  const detour = limitDetour(device);
  const place = async (dev: string, kind: 'htb' | 'ingress', offset: number): Promise<LimitPlace> => {
    const parent = qdiscs.find((one) => one.dev === dev && one.kind === kind)?.handle ?? null;
    if (parent === null) return { parent, filters: [], classes: new Map() };
    const [filters, classes] = await Promise.all([
      run(exec, netns, ['tc', '-j', 'filter', 'show', 'dev', dev, 'parent', parent]),
      kind === 'htb' ? run(exec, netns, ['tc', 'class', 'show', 'dev', dev]) : '',
    ]);
    return { parent, filters: readFilters(filters, offset), classes: readClasses(classes) };
  };
  return {
    out: await place(device, 'htb', SOURCE),
    in: await place(device, 'ingress', DESTINATION),
    detour: qdiscs.some(({ dev }) => dev === detour) ? await place(detour, 'htb', DESTINATION) : null,
  };
}

interface RawQdisc {
  kind: string;
  dev?: string;
  handle?: string;
}

interface RawFilter {
  pref: number;
  options?: {
    fh?: string;
    flowid?: string;
    match?: { value?: string; mask?: string; off?: number };
    actions?: { kind?: string; to_dev?: string; cookie?: string }[];
  };
}

export function readFilters(text: string, offset: number): AddressFilter[] {
  return parse<RawFilter>(text).flatMap(({ pref, options }) => {
    // The first two lines are the list itself, and its table.
    if (pref !== PREFERENCE || options?.fh === undefined || !/^\w+::\w+$/.test(options.fh)) return [];
    const { match, flowid, actions = [] } = options;
    const isAddress = match?.mask === 'ffffffff' && match.off === offset && match.value !== undefined;
    const address = isAddress ? kernelAddress(BigInt(`0x${match.value}`), 4) : null;
    return [{ handle: options.fh, address, action: actionOf(actions, flowid) }];
  });
}

function actionOf(
  [action]: readonly { kind?: string; to_dev?: string; cookie?: string }[],
  flowid: string | undefined,
): AddressFilter['action'] {
  if (action === undefined) {
    const number = /^1:([0-9a-f]+)$/.exec(flowid ?? '')?.[1];
    return number === undefined ? { kind: 'other' } : { kind: 'class', number: Number.parseInt(number, 16) };
  }
  if (action.kind === 'mirred' && action.to_dev !== undefined) return { kind: 'redirect', to: action.to_dev };
  const [, rate, burst] = /^([0-9a-f]{16})([0-9a-f]{16})$/.exec(action.cookie ?? '') ?? [];
  if (action.kind !== 'police' || rate === undefined || burst === undefined) return { kind: 'other' };
  return { kind: 'police', shape: { rate: Number.parseInt(rate, 16), burst: Number.parseInt(burst, 16) } };
}

/** `class htb 1:1 root prio 0 rate 1Mbit ceil 1Mbit burst 3000b cburst 3000b`: there is no JSON of it. */
export function readClasses(text: string): Map<number, Shape> {
  const classes = new Map<number, Shape>();
  for (const line of text.split('\n')) {
    const [, number, rate, burst] = /^class htb 1:([0-9a-f]+) .*? rate (\S+) .*? burst (\S+)/.exec(line) ?? [];
    if (number === undefined) continue;
    classes.set(Number.parseInt(number, 16), { rate: bits(rate!) / 8, burst: bytes(burst!) });
  }
  return classes;
}

function bits(text: string): number {
  const [, value, unit = ''] = /^([\d.]+)([KMGT]?)bit$/.exec(text) ?? [];
  return Number(value) * 1000 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit);
}

function bytes(text: string): number {
  const [, value, unit = ''] = /^([\d.]+)([KMG]?)b$/.exec(text) ?? [];
  return Number(value) * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit);
}

/** What must be done so that exactly these addresses are limited, and so. Nothing where all is well. */
export function planAddressLimits(
  device: string,
  wanted: DeviceLimits,
  state: AddressLimitState,
  means: 'police' | 'detour',
): LimitCommands {
  const name = limitDetour(device);
  if (means === 'police') {
    return {
      before: [],
      traffic: [...planOut(device, wanted.out, state.out, policed), ...planIn(device, wanted.in, state.in, policed)],
      after: state.detour === null ? [] : [batchLine(['link', 'del', 'dev', name])],
    };
  }
  const isDetour = wanted.in.length > 0;
  const make = [
    ['link', 'add', 'name', name, 'type', 'ifb'],
    ['link', 'set', 'dev', name, 'up'],
  ];
  const nothing: LimitPlace = { parent: null, filters: [], classes: new Map() };
  const lead = (limit: AddressLimit): Wanted => ({
    isThere: ({ action }) => action.kind === 'redirect' && action.to === name && state.detour !== null,
    words: [...match('dst', limit.address), 'action', 'mirred', 'egress', 'redirect', 'dev', name],
  });
  return {
    before: isDetour && state.detour === null ? make.map(batchLine) : [],
    traffic: [
      ...planShaped(device, 'src', wanted.out, state.out),
      ...(isDetour ? planShaped(name, 'dst', wanted.in, state.detour ?? nothing) : []),
      ...planIn(device, wanted.in, state.in, lead),
    ],
    after: !isDetour && state.detour !== null ? [batchLine(['link', 'del', 'dev', name])] : [],
  };
}

export function isEmpty({ before, traffic, after }: LimitCommands): boolean {
  return before.length + traffic.length + after.length === 0;
}

/** @throws Error with what failed first; what came behind was tried, too */
export async function applyAddressLimits(exec: Exec, netns: string, commands: LimitCommands): Promise<void> {
  const failures: string[] = [];
  for (const [program, lines] of [
    ['ip', commands.before],
    ['tc', commands.traffic],
    ['ip', commands.after],
  ] as const) {
    for (const { line, reason } of await runBatch(exec, program, lines, netns)) {
      if (!/Cannot find device|No such device|File exists/.test(reason))
        failures.push(`${program} ${lines[line]}: ${reason}`);
    }
  }
  if (failures.length > 0) throw new Error(failures.join('; '));
}

/** What a filter of an address must be. */
interface Wanted {
  isThere(filter: AddressFilter): boolean;
  words: readonly (string | number)[];
}

type Maker = (limit: AddressLimit, side: 'src' | 'dst') => Wanted;

const policed: Maker = ({ address, rate, burst }, side) => ({
  isThere: ({ action }) => action.kind === 'police' && action.shape.rate === rate && action.shape.burst === burst,
  words: [
    ...match(side, address),
    ...['action', 'police', 'rate', `${rate * 8}bit`, 'burst', `${burst}b`, 'mtu', '64kb'],
    ...[
      'conform-exceed',
      'drop/pass',
      'cookie',
      [rate, burst].map((value) => value.toString(16).padStart(16, '0')).join(''),
    ],
  ],
});

function match(side: 'src' | 'dst', address: string): string[] {
  return ['match', 'ip', side, `${address}/32`];
}

function planOut(device: string, limits: readonly AddressLimit[], place: LimitPlace, make: Maker): string[] {
  if (limits.length === 0) return place.parent === null ? [] : [batchLine(['qdisc', 'del', 'dev', device, 'root'])];
  const parent = place.parent ?? '1:';
  const open =
    place.parent === null ? [batchLine(['qdisc', 'replace', 'dev', device, 'root', 'handle', parent, 'htb'])] : [];
  return [...open, ...planFilters(device, parent, limits, place, (limit) => make(limit, 'src'))];
}

function planIn(device: string, limits: readonly AddressLimit[], place: LimitPlace, make: Maker): string[] {
  if (limits.length === 0) return place.parent === null ? [] : [batchLine(['qdisc', 'del', 'dev', device, 'ingress'])];
  const open = place.parent === null ? [batchLine(['qdisc', 'add', 'dev', device, 'ingress'])] : [];
  return [...open, ...planFilters(device, INGRESS, limits, place, (limit) => make(limit, 'dst'))];
}

function planFilters(
  device: string,
  parent: string,
  limits: readonly AddressLimit[],
  { filters }: LimitPlace,
  make: (limit: AddressLimit) => Wanted,
): string[] {
  const open = new Map(limits.map((limit) => [limit.address, make(limit)]));
  const lines: string[] = [];
  for (const filter of filters) {
    const wanted = filter.address === null ? undefined : open.get(filter.address);
    if (wanted?.isThere(filter)) open.delete(filter.address!);
    else lines.push(batchLine([...filterAt('del', device, parent), 'handle', filter.handle, 'u32']));
  }
  for (const { words } of open.values()) lines.push(batchLine([...filterAt('add', device, parent), 'u32', ...words]));
  return lines;
}

function filterAt(verb: 'add' | 'del', device: string, parent: string): (string | number)[] {
  return ['filter', verb, 'dev', device, 'parent', parent, 'protocol', 'ip', 'pref', PREFERENCE];
}

/** Where the kernel cannot police: a class of its own for each address, in which packets wait for their turn. */
function planShaped(device: string, side: 'src' | 'dst', limits: readonly AddressLimit[], place: LimitPlace): string[] {
  const numbers = new Map<string, number>();
  for (const { address, action } of place.filters) {
    const isUsable = address !== null && action.kind === 'class' && place.classes.has(action.number);
    if (isUsable && limits.some((limit) => limit.address === address)) numbers.set(address, action.number);
  }
  const taken = new Set(numbers.values());
  const classes: string[] = [];
  for (const { address, rate, burst } of limits) {
    let number = numbers.get(address);
    if (number === undefined) {
      number = 1;
      while (taken.has(number)) number++;
      taken.add(number);
      numbers.set(address, number);
    } else if (isShaped(place.classes.get(number)!, { rate, burst })) continue;
    const words = ['rate', `${rate * 8}bit`, 'ceil', `${rate * 8}bit`, 'burst', `${burst}b`, 'cburst', `${burst}b`];
    const classid = `1:${number.toString(16)}`;
    classes.push(batchLine(['class', 'replace', 'dev', device, 'parent', '1:', 'classid', classid, 'htb', ...words]));
  }
  const lines = planOut(device, limits, place, (limit) => {
    const number = numbers.get(limit.address)!;
    return {
      isThere: ({ action }) => action.kind === 'class' && action.number === number,
      words: [...match(side, limit.address), 'flowid', `1:${number.toString(16)}`],
    };
  });
  // The qdisc first, then its classes, then what leads to them; classes without filter pass nothing.
  const isOpening = (line: string) => line.startsWith('qdisc ');
  const unused = limits.length === 0 ? [] : [...place.classes.keys()].filter((number) => !taken.has(number));
  const drop = unused.map((number) =>
    batchLine(['class', 'del', 'dev', device, 'classid', `1:${number.toString(16)}`]),
  );
  const [opening, filters] = [lines.filter(isOpening), lines.filter((line) => !isOpening(line))];
  return [...opening, ...classes, ...filters, ...drop];
}

/** The kernel keeps a burst as time, and `tc` prints it rounded to KiB. */
function isShaped(there: Shape, { rate, burst }: Shape): boolean {
  return Math.abs(there.rate - rate) < 1 && Math.abs(there.burst - burst) <= Math.max(1024, burst / 100);
}

async function run(exec: Exec, netns: string, argv: readonly string[]): Promise<string> {
  return (await exec.run(argv, { netns })).stdout;
}

/** `tc` prints no list at all where there is nothing. */
function parse<T>(text: string): T[] {
  return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
}
