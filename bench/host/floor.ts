import type { Port } from '../../src/resources/shapes.ts';
import type { EmulatedHost } from '../../test/support/hosts.ts';
import type { Served } from './start.ts';
import { makeTaps } from './taps.ts';

/** The state an agent left, as files for the tools themselves: what somebody could have applied by hand. */
export interface HandFiles {
  readonly ipset: string;
  readonly iptables: string;
  readonly ip6tables: string;
  readonly ebtables: string;
  readonly ip: string;
}

export interface FloorFigures {
  /** One tool after the other. */
  readonly inTurnMs: number;
  /** As few as depend on each other in turn, the others side by side: sets, then rules and links. */
  readonly sideBySideMs: number;
  readonly each: Readonly<Record<keyof HandFiles, number>>;
  readonly lines: Readonly<Record<keyof HandFiles, number>>;
}

const tools: Record<keyof HandFiles, string[]> = {
  ipset: ['ipset', 'restore'],
  iptables: ['iptables-restore', '--noflush', '-w'],
  ip6tables: ['ip6tables-restore', '--noflush', '-w'],
  ebtables: ['ebtables-restore', '--noflush'],
  ip: ['ip', '-batch', '-'],
};

/** Reads what an agent made. Counters are left out: by hand one starts at zero, too. */
export async function readFiles({ host, ports }: Served): Promise<HandFiles> {
  const [ipset, iptables, ip6tables, ebtables, links] = await Promise.all([
    host.read(['ipset', 'save']),
    host.read(['iptables-save']),
    host.read(['ip6tables-save']),
    host.read(['ebtables-save']),
    host.json<{ ifname: string; mtu: number; master?: string; linkinfo?: { info_kind?: string } }[]>([
      ...['ip', '-j', '-d', 'link', 'show'],
    ]),
  ]);
  const ours = new Set(ports.map((port) => `tap${port.id.slice(0, 11)}`));
  const bridges = links.filter((link) => link.linkinfo?.info_kind === 'bridge' && link.ifname.startsWith('brq'));
  const ip = [
    ...bridges.flatMap(({ ifname, mtu }) => [
      `link add ${ifname} type bridge forward_delay 0 stp_state 0`,
      `link set ${ifname} mtu ${mtu} up`,
    ]),
    ...links
      .filter(({ ifname }) => ours.has(ifname))
      .flatMap(({ ifname, mtu, master }) => [`link set ${ifname} mtu ${mtu}`, `link set ${ifname} master ${master}`]),
  ].join('\n');
  return { ipset, iptables, ip6tables, ebtables: renderable(ebtables), ip: `${ip}\n` };
}

/** ebtables prints for a person what its restore does not read. */
function renderable(saved: string): string {
  return saved.replaceAll(/^(-A .*) -j CONTINUE *$/gm, '$1');
}

/** Applies the files on hosts like the agent's: taps there, nothing else. */
export async function measureFloor(
  hosts: { inTurn: EmulatedHost; sideBySide: EmulatedHost },
  ports: readonly Port[],
  files: HandFiles,
): Promise<FloorFigures> {
  for (const host of Object.values(hosts)) await makeTaps(host, ports);
  const run = async (host: EmulatedHost, tool: keyof HandFiles) => {
    const from = performance.now();
    if (files[tool].trim() !== '') await host.run(tools[tool], { stdin: files[tool], timeoutMs: 120_000 });
    return performance.now() - from;
  };
  const names = Object.keys(tools) as (keyof HandFiles)[];
  const each = {} as Record<keyof HandFiles, number>;
  const from = performance.now();
  for (const tool of names) each[tool] = await run(hosts.inTurn, tool);
  const inTurnMs = performance.now() - from;
  const together = performance.now();
  await run(hosts.sideBySide, 'ipset');
  await Promise.all(names.filter((tool) => tool !== 'ipset').map((tool) => run(hosts.sideBySide, tool)));
  const sideBySideMs = performance.now() - together;
  const lines = Object.fromEntries(names.map((tool) => [tool, files[tool].split('\n').length - 1]));
  return { inTurnMs, sideBySideMs, each, lines: lines as FloorFigures['lines'] };
}
