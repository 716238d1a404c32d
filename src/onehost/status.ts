import { readdirSync, readFileSync } from 'node:fs';
import { bridgeName, dhcpNamespace, routerNamespace, tapName } from '../lib/names.ts';
import type { Host, Link, NetworkState } from '../linux/contract.ts';
import { openHost } from '../linux/host.ts';
import { isLeg } from '../linux/legs.ts';
import { apiUrl, getJson } from './api-client.ts';
import { type Instance, type Inventory, lastFiles, readInstance, type Surroundings } from './instance.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { requireStateFolder, runningInstance, type StateFolder, stateFolder } from './state-folder.ts';
import { renderTable } from './text-table.ts';

/**
 * `neutrino status`: what runs, and what is on the host and why.
 *
 * @returns the exit code: 0 when it runs, 3 when it does not (as init scripts have it)
 */
export async function status({ stateDir }: { stateDir?: string }, around: Surroundings): Promise<number> {
  const state = stateFolder(stateDir);
  requireStateFolder(state);
  const instance = readInstance(lastFiles(state));
  const pid = runningInstance(state);
  around.print(
    `State folder ${state.path}: ${pid === null ? 'not running (neutrino up starts it)' : `running as process ${pid}, API at ${apiUrl(instance.api)}`}`,
  );
  if (pid !== null) {
    around.print(`\n${renderTable(['PROGRAM', 'PID', 'MEMORY'], programs(pid))}`);
    around.print(`\n${await agents(instance)}`);
  }
  const inventory = await around.inventory(state);
  const manifest = readManifest(state);
  if (process.getuid?.() !== 0) {
    around.print('\nNot root: what is on the host cannot be looked at.');
    return pid === null ? 3 : 0;
  }
  const host = await openHost();
  try {
    const rows = hostRows({
      state,
      inventory,
      manifest,
      network: await host.readNetwork(),
      namespaces: await host.listNetns(),
      daemons: findDaemons(),
      chains: await savedChains(host),
      sets: await setNames(host),
    });
    around.print(
      rows.length ? `\n${renderTable(['ON THIS HOST', 'WHY'], rows)}` : '\nNothing of this instance is on the host.',
    );
  } finally {
    await host.close();
  }
  return pid === null ? 3 : 0;
}

export interface HostFacts {
  state: StateFolder;
  inventory: Inventory | null;
  manifest: Manifest;
  network: NetworkState;
  namespaces: readonly string[];
  /** Command lines by process id. */
  daemons: ReadonlyMap<number, string>;
  /** Names of all chains. */
  chains: ReadonlySet<string>;
  /** Names of all sets of ipset. */
  sets: readonly string[];
}

/** Each thing of this instance that is there, with its reason. */
export function hostRows({
  inventory,
  manifest,
  network,
  namespaces,
  daemons,
  chains,
  sets,
}: HostFacts): [string, string][] {
  const rows: [string, string][] = [];
  const { uplink } = manifest;
  if (uplink?.kind === 'nat') {
    for (const name of [uplink.gateway, uplink.port].filter((each) => network.links.has(each))) {
      rows.push([
        name,
        name === uplink.gateway
          ? `gateway ${uplink.cidr} of physical network public: this host's end`
          : 'the other end, for the bridge of a flat network on public',
      ]);
    }
  }
  for (const { id, name } of inventory?.networks ?? []) {
    const called = `network ${name || '(no name)'} ${id}`;
    const bridge = bridgeName(id);
    if (network.links.has(bridge)) {
      const members = [...network.links.values()].filter((link) => link.master === bridge).map((link) => link.name);
      rows.push([bridge, `bridge of ${called}; in it: ${members.join(', ') || 'nothing'}`]);
    }
    for (const link of network.links.values()) {
      if (link.master === bridge && isLeg(link))
        rows.push([link.name, `${describeLeg(link)}, the way out of ${called}`]);
    }
    if (namespaces.includes(dhcpNamespace(id))) rows.push([dhcpNamespace(id), `DHCP and DNS of ${called}`]);
    rows.push(...daemonsOf(id, called, daemons));
  }
  for (const { id, name } of inventory?.routers ?? []) {
    const called = `router ${name || '(no name)'} ${id}`;
    const namespace = routerNamespace(id);
    if (namespaces.includes(namespace)) {
      rows.push([namespace, `${called}; its routes: ip -n ${namespace} route`]);
    }
    rows.push(...daemonsOf(id, called, daemons));
  }
  for (const { id, name, network_id, device_owner, status: portStatus } of inventory?.ports ?? []) {
    if (!network.links.has(tapName(id))) continue;
    const owner = device_owner ? ` (${device_owner})` : '';
    rows.push([tapName(id), `port ${name || id}${owner}, ${portStatus}, of network ${network_id}`]);
  }
  for (const { id, name } of inventory?.groups ?? []) {
    for (const set of sets.filter((each) => /^NIPv[46]$/.test(each.slice(0, 5)) && id.startsWith(each.slice(5))))
      rows.push([`set ${set}`, `addresses in group ${name || '(no name)'} ${id}`]);
  }
  const filtered = (inventory?.ports ?? []).filter(({ id }) => chains.has(`${PORT_CHAIN}${tapName(id).slice(3, 13)}`));
  if (filtered.length > 0) {
    const example = `${PORT_CHAIN}${tapName(filtered[0]!.id).slice(3, 13)}`;
    rows.push([
      'chains neutron-linuxbri-…',
      `what security groups let pass, ${filtered.length} ports; one of them: iptables -S ${example}`,
    ]);
  }
  for (const { table, name } of manifest.chains) {
    if (chains.has(name)) rows.push([`chain ${name}`, chainReasons[name.split('-').at(-1)!] ?? `table ${table}`]);
  }
  for (const [key, value] of Object.entries(manifest.sysctls))
    rows.push([key, `was ${value}; neutrino down puts it back`]);
  return rows;
}

/** Of what goes to a guest; behind it the start of its port's id. */
const PORT_CHAIN = 'neutron-linuxbri-i';

/** By the end of the name. */
const chainReasons: Readonly<Record<string, string>> = {
  forward: "accepts what passes our bridges, past the host's own firewall",
  nat: 'NAT of physical network public (table nat)',
  raw: 'NAT of physical network public (table raw)',
  vxlan: 'drops tunnel packets of other hosts: nobody but this host has a part in our networks (table raw)',
};

function daemonsOf(id: string, called: string, daemons: HostFacts['daemons']): [string, string][] {
  return [...daemons]
    .filter(([, command]) => command.includes(id))
    .map(([pid, command]) => [`process ${pid}`, `${command.split(' ')[0]!.split('/').at(-1)} of ${called}`]);
}

function describeLeg({ vlan, vxlan }: Link): string {
  if (vlan) return `VLAN ${vlan.vid} of card ${vlan.link}`;
  return `VXLAN ${vxlan?.vni} from ${vxlan?.local ?? 'this host'}`;
}

/** The program itself, its children and their helpers, with the memory that is theirs alone or their share of. */
function programs(pid: number): [string, string, string][] {
  const rows: [string, string, string][] = [];
  let totalKb = 0;
  const visit = (each: number, depth: number) => {
    const words = readText(`/proc/${each}/cmdline`).split(/[\0 ]/);
    const name =
      words.map((word) => word.split('/').at(-1)!).find((word) => word !== 'node' && !word.startsWith('-')) ?? '';
    const kb = Number(/^Pss:\s+(\d+) kB/m.exec(readText(`/proc/${each}/smaps_rollup`))?.[1] ?? 0);
    totalKb += kb;
    rows.push([`${'  '.repeat(depth)}${name}`, String(each), kb ? `${Math.round(kb / 1024)} MB` : '']);
    for (const child of readText(`/proc/${each}/task/${each}/children`).split(' ').filter(Boolean))
      visit(Number(child), depth + 1);
  };
  visit(pid, 0);
  if (totalKb > 0) rows.push(['all', '', `${Math.round(totalKb / 1024)} MB`]);
  return rows;
}

async function agents({ api }: Instance): Promise<string> {
  try {
    const answer = await getJson<{
      agents: { agent_type: string; host: string; alive: boolean; admin_state_up: boolean }[];
    }>(api, '/v2.0/agents');
    return renderTable(
      ['AGENT', 'HOST', 'ALIVE'],
      answer.agents.map(({ agent_type, host, alive }) => [agent_type, host, alive ? ':-)' : 'xxx']),
    );
  } catch (error) {
    return `The agents cannot be listed: ${(error as Error).message}`;
  }
}

/** Daemons that agents start: their command lines, words parted by blanks. */
function findDaemons(): Map<number, string> {
  const found = new Map<number, string>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const command = readText(`/proc/${entry}/cmdline`).replaceAll('\0', ' ').trim();
    if (/^\S*\b(dnsmasq|haproxy|radvd|keepalived|conntrackd)( |$)/.test(command)) found.set(Number(entry), command);
  }
  return found;
}

async function savedChains(host: Host): Promise<Set<string>> {
  const { stdout } = await host.exec.run(['iptables-save'], { okCodes: [0, 1, 2, 3, 4, 111] });
  return new Set([...stdout.matchAll(/^:(\S+)/gm)].map((match) => match[1]!));
}

/** None where the host has no ipset, or nobody has used it. */
async function setNames(host: Host): Promise<string[]> {
  try {
    return (await host.exec.run(['ipset', 'list', '-n'])).stdout.split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
