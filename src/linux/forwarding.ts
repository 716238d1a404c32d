import { normalizeAddress } from '../lib/ip/address.ts';
import { batchLine, runBatch } from './batch.ts';
import type { Exec, Host } from './contract.ts';
import { checkWord } from './operations.ts';

/** Where a tunnel device sends frames to a MAC, put there for good by somebody: what it learned by itself is not among them. */
export interface FdbRow {
  device: string;
  mac: string;
  /** Address of the host at the tunnel's other end. */
  remote: string;
}

/** Whose address it is, put there for good: what a tunnel device answers ARP and neighbour solicitations from. */
export interface Neighbour {
  device: string;
  ip: string;
  mac: string;
}

/** What tunnel devices of the host have. */
export interface ForwardingState {
  /** Those of the devices asked for that are there. */
  devices: ReadonlySet<string>;
  fdb: readonly FdbRow[];
  neighbours: readonly Neighbour[];
}

/** Each may be repeated. A unicast MAC has one place, which is replaced; frames whose place is not known go to several. */
export type ForwardingOperation =
  | ({ op: 'replace_fdb' | 'append_fdb' | 'delete_fdb' } & FdbRow)
  | ({ op: 'replace_neighbour' | 'delete_neighbour' } & Neighbour);

/** As one line an operator reads: `replace_fdb device=vxlan-1 mac=… remote=…`. */
export function describeForwarding({ op, ...rest }: ForwardingOperation): string {
  return [op, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`)].join(' ');
}

const TIMEOUT_MS = 60_000;

type ForwardingHost = Pick<Host, 'exec' | 'apply'>;

interface RawFdb {
  mac: string;
  ifname?: string;
  dst?: string;
  state?: string;
}

interface RawNeighbour {
  dst: string;
  dev: string;
  lladdr?: string;
}

/** @param neighbours whether those are wanted, too */
export async function readForwarding(
  exec: Exec,
  devices: readonly string[],
  { neighbours }: { neighbours: boolean },
): Promise<ForwardingState> {
  const json = async <T>(argv: readonly string[], okCodes: readonly number[] = [0]): Promise<T[]> => {
    const { stdout } = await exec.run(argv, { timeoutMs: TIMEOUT_MS, okCodes });
    return stdout.trim() ? (JSON.parse(stdout) as T[]) : [];
  };
  for (const device of devices) checkWord(device);
  // The kernel leaves out what is of other devices; where many are asked for, one look at all is cheaper.
  const only = devices.length === 1 ? ['dev', devices[0]!] : [];
  const missingIsFine = devices.length === 1 ? [0, 1, 255] : [0];
  const [links, fdb, neigh] = await Promise.all([
    json<{ ifname?: string }>(['ip', '-j', 'link', 'show', 'type', 'vxlan']),
    json<RawFdb>(['bridge', '-j', 'fdb', 'show', ...only], missingIsFine),
    neighbours ? json<RawNeighbour>(['ip', '-j', 'neigh', 'show', 'nud', 'permanent']) : [],
  ]);
  const wanted = new Set(devices);
  const there = new Set(links.flatMap(({ ifname }) => (ifname !== undefined && wanted.has(ifname) ? [ifname] : [])));
  return {
    devices: there,
    fdb: fdb.flatMap(({ mac, ifname, dst, state }) => {
      const device = ifname ?? devices[0]!;
      const isPlaced = dst !== undefined && (state === 'permanent' || state === 'static');
      return isPlaced && there.has(device) ? [{ device, mac, remote: canonical(dst) }] : [];
    }),
    neighbours: neigh.flatMap(({ dst, dev, lladdr }) =>
      there.has(dev) && lladdr !== undefined ? [{ device: dev, ip: canonical(dst), mac: lladdr }] : [],
    ),
  };
}

/**
 * One `bridge -batch` and one `ip -batch`, which go on after a line that fails: one entry that cannot be made is no reason
 * to be without the others.
 *
 * @returns what failed, a line of the program for each
 */
export async function applyForwarding(
  host: ForwardingHost,
  operations: readonly ForwardingOperation[],
): Promise<string[]> {
  const bridge = operations.flatMap((operation) => bridgeLine(operation) ?? []);
  const ip = operations.flatMap((operation) => ipLine(operation) ?? []);
  const answering = operations.flatMap(({ op, ...rest }) =>
    op === 'replace_neighbour' && 'ip' in rest && rest.ip.includes(':') ? [rest.device] : [],
  );
  for (const device of new Set(answering)) await answerForIpv6(host, device);
  return [...(await run(host.exec, 'bridge', bridge)), ...(await run(host.exec, 'ip', ip))];
}

/** The kernel keeps IPv6 neighbours only of devices that have IPv6; this one gets no address all the same. */
async function answerForIpv6(host: ForwardingHost, device: string): Promise<void> {
  const noAddressByItself = '1';
  const settings = { addr_gen_mode: noAddressByItself, accept_ra: '0', disable_ipv6: '0' };
  const operations = Object.entries(settings).map(([name, value]) => ({
    ...{ op: 'sysctl' as const, key: `net/ipv6/conf/${device}/${name}`, value },
  }));
  // The neighbours that cannot be made without say so.
  await host.apply(operations).catch(() => {});
}

function bridgeLine(operation: ForwardingOperation): string | null {
  if (!('remote' in operation)) return null;
  const { op, device, mac, remote } = operation;
  const verb = { replace_fdb: 'replace', append_fdb: 'append', delete_fdb: 'del' }[op];
  return batchLine(['fdb', verb, mac, 'dev', device, 'dst', remote]);
}

function ipLine(operation: ForwardingOperation): string | null {
  if (!('ip' in operation)) return null;
  const { op, device, ip, mac } = operation;
  return op === 'replace_neighbour'
    ? batchLine(['neigh', 'replace', ip, 'lladdr', mac, 'dev', device, 'nud', 'permanent'])
    : batchLine(['neigh', 'del', ip, 'dev', device]);
}

async function run(exec: Exec, program: 'bridge' | 'ip', lines: readonly string[]): Promise<string[]> {
  const failed = await runBatch(exec, program, lines);
  return failed.map(({ line, reason }) => `${program} ${lines[line] ?? '?'}: ${reason}`);
}

function canonical(address: string): string {
  return normalizeAddress(address) ?? address;
}
