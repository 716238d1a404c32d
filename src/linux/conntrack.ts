import type { IpVersion } from '../lib/ip/address.ts';
import { CommandFailed, type Exec } from './contract.ts';

/** A connection the kernel follows, as whoever began it sees it. */
export interface Flow {
  readonly version: IpVersion;
  readonly zone: number;
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly icmp: { readonly type: number; readonly code: number } | null;
}

const TIMEOUT_MS = 60_000;
/** From so many zones on, one look at everything is cheaper than one at each. */
const MANY_ZONES = 8;
const family = { 4: 'ipv4', 6: 'ipv6' } as const;

/** Connections in these zones. */
export async function listFlows(exec: Exec, version: IpVersion, zones: ReadonlySet<number>): Promise<Flow[]> {
  const list = async (words: readonly string[]) => {
    const argv = ['conntrack', '-L', '-f', family[version], ...words];
    return parseFlows((await exec.run(argv, { timeoutMs: TIMEOUT_MS })).stdout, version);
  };
  const found =
    zones.size < MANY_ZONES
      ? (await Promise.all([...zones].map((zone) => list(['-w', `${zone}`])))).flat()
      : await list([]);
  return found.filter(({ zone }) => zones.has(zone));
}

export function parseFlows(text: string, version: IpVersion): Flow[] {
  return text.split('\n').flatMap((line) => {
    const protocol = /^\S+ +(\d+) /.exec(line)?.[1];
    // Of two directions the first is that of the beginning.
    const [, source, destination, rest = ''] = / src=(\S+) dst=(\S+)(.*)$/.exec(line) ?? [];
    if (protocol === undefined || source === undefined || destination === undefined) return [];
    const own = rest.split(' src=')[0] as string;
    const value = (name: string, of = own) => {
      const digits = new RegExp(` ${name}=(\\d+)`).exec(of)?.[1];
      return digits === undefined ? null : Number(digits);
    };
    const type = value('type');
    return {
      version,
      zone: value('zone', rest) ?? 0,
      protocol: Number(protocol),
      source,
      destination,
      sourcePort: value('sport'),
      destinationPort: value('dport'),
      icmp: type === null ? null : { type, code: value('code') ?? 0 },
    };
  });
}

/**
 * Ends connections: what belongs to them is judged anew.
 *
 * @param all the connections `ends` was chosen from: where nothing else is between two addresses, one command ends all
 */
export async function endFlows(exec: Exec, ends: readonly Flow[], all: readonly Flow[], netns?: string): Promise<void> {
  await runDeletions(exec, deletions(ends, all), netns);
}

/** Ends the connections of a namespace whose first packet went to one of these addresses, or whose answers go there. */
export async function endFlowsBy(exec: Exec, netns: string, addresses: readonly string[]): Promise<void> {
  const commands = addresses.flatMap((address) => {
    const words = ['-D', '-f', family[address.includes(':') ? 6 : 4]];
    return [
      [...words, '-d', address],
      [...words, '-q', address],
    ];
  });
  await runDeletions(exec, commands, netns);
}

async function runDeletions(exec: Exec, commands: readonly (readonly string[])[], netns?: string): Promise<void> {
  if (commands.length === 0) return;
  try {
    const stdin = `${commands.map((words) => words.join(' ')).join('\n')}\n`;
    await exec.run(['conntrack', '--load-file', '-'], { stdin, netns, timeoutMs: TIMEOUT_MS, okCodes: [0, 1] });
  } catch (error) {
    // Before 1.4.7 it reads no commands from a file.
    if (!(error instanceof CommandFailed) || error.code !== 2) throw error;
    await Promise.all(commands.map((words) => exec.run(['conntrack', ...words], { netns, okCodes: [0, 1] })));
  }
}

export function deletions(ends: readonly Flow[], all: readonly Flow[]): string[][] {
  const ending = new Set(ends);
  const mixed = new Set(all.filter((flow) => !ending.has(flow)).map(between));
  const commands = new Map<string, string[]>();
  for (const flow of ends) {
    const words = ['-D', '-w', `${flow.zone}`, '-f', family[flow.version], '-p', `${flow.protocol}`];
    words.push('-s', flow.source, '-d', flow.destination);
    if (mixed.has(between(flow))) words.push(...details(flow));
    commands.set(words.join(' '), words);
  }
  return [...commands.values()];
}

function between({ version, zone, protocol, source, destination }: Flow): string {
  return [version, zone, protocol, source, destination].join(' ');
}

function details({ sourcePort, destinationPort, icmp, protocol }: Flow): string[] {
  if (icmp) {
    const name = protocol === 1 ? 'icmp' : 'icmpv6';
    return [`--${name}-type`, `${icmp.type}`, `--${name}-code`, `${icmp.code}`];
  }
  return sourcePort === null || destinationPort === null
    ? []
    : ['--sport', `${sourcePort}`, '--dport', `${destinationPort}`];
}
