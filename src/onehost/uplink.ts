import { existsSync } from 'node:fs';
import { cidrsOverlap, parseCidr } from '../lib/ip/cidr.ts';
import { isNetworkBridge } from '../linux/cleanup/bridges.ts';
import type { Host, NetworkOperation, NetworkState } from '../linux/contract.ts';
import { RuleTables } from '../linux/iptables.ts';
import { moveAddresses } from '../linux/move-addresses.ts';
import { OneHostError } from './errors.ts';
import { openArp } from './gateway-arp.ts';
import { type Manifest, readManifest, type UplinkRecord, writeManifest } from './manifest.ts';
import { type StateFolder, stateFolder } from './state-folder.ts';

/** What `--uplink` says. */
export type UplinkChoice = { kind: 'nat' } | { kind: 'none' } | { kind: 'interface'; name: string };

const FORWARDING = 'net/ipv4/ip_forward';

/** @throws OneHostError */
export function parseUplink(text: string): UplinkChoice {
  if (text === 'nat' || text === 'none') return { kind: text };
  if (/^[\w.@-]{1,15}$/.test(text)) return { kind: 'interface', name: text };
  throw new OneHostError(`--uplink ${JSON.stringify(text)}: give nat, none, or the name of a network card`);
}

/** What becomes physical network `public`; null for none. */
export function deviceOf(choice: UplinkChoice, state: StateFolder): string | null {
  if (choice.kind === 'none') return null;
  return choice.kind === 'nat' ? pairNames(state).port : choice.name;
}

/** Names of an instance's veth pair: the host's end, and the one that goes into a bridge. */
export function pairNames({ tag }: StateFolder): { gateway: string; port: string } {
  return { gateway: `ngw-${tag}`, port: `nup-${tag}` };
}

export function rawChain({ tag }: StateFolder): string {
  return `neutrino-${tag}-raw`;
}

export function natChain({ tag }: StateFolder): string {
  return `neutrino-${tag}-nat`;
}

/**
 * Makes physical network `public` as it was chosen, and unmakes what an earlier start chose differently. Doing it again
 * changes nothing.
 *
 * @returns how it is now; null for none
 * @throws OneHostError for a card that is not there
 */
export async function ensureUplink(
  host: Host,
  state: StateFolder,
  choice: UplinkChoice,
  sysctl: Sysctls,
): Promise<UplinkRecord | null> {
  const manifest = readManifest(state);
  if (manifest.uplink?.kind === 'nat' && choice.kind !== 'nat') await removeUplink(host, state, sysctl);
  if (manifest.uplink?.kind === 'interface') {
    const { name } = manifest.uplink;
    if (choice.kind !== 'interface' || choice.name !== name) await releaseCard(host, name);
  }
  if (choice.kind === 'none') {
    writeManifest(state, { ...readManifest(state), uplink: null });
    return null;
  }
  const network = await host.readNetwork();
  if (choice.kind === 'interface') {
    if (!network.links.has(choice.name)) {
      throw new OneHostError(
        `--uplink ${choice.name}: this host has no such card; it has ${cards(network).join(', ') || 'none'}`,
      );
    }
    const uplink: UplinkRecord = { kind: 'interface', name: choice.name };
    writeManifest(state, { ...readManifest(state), uplink });
    return uplink;
  }
  return ensureNat(host, state, network, sysctl);
}

/**
 * A card that is no longer the uplink leaves the bridge it is in, with the host's addresses: it would join its own network
 * to the new one, and lose the addresses with the bridge.
 */
async function releaseCard(host: Host, name: string): Promise<void> {
  const network = await host.readNetwork();
  const card = network.links.get(name);
  const bridge = network.links.get(card?.master ?? '');
  if (!card || !bridge || !isNetworkBridge(bridge.name)) return;
  const leave: NetworkOperation = { op: 'set_master', name, master: null };
  await host.apply(moveAddresses(network, bridge, card, 'back', [leave]));
}

/** Reading and writing of kernel settings, a seam for tests. */
export interface Sysctls {
  read(key: string): Promise<string>;
}

async function ensureNat(
  host: Host,
  state: StateFolder,
  network: NetworkState,
  sysctl: Sysctls,
): Promise<UplinkRecord> {
  const manifest = readManifest(state);
  const { gateway, port } = pairNames(state);
  const before = manifest.uplink?.kind === 'nat' ? manifest.uplink.cidr : null;
  const cidr = before ?? freeNetwork(network);
  const uplink: UplinkRecord = { kind: 'nat', gateway, port, cidr };
  const forwarding = await sysctl.read(FORWARDING);
  const changed: Manifest = {
    ...manifest,
    uplink,
    sysctls: forwarding === '1' ? manifest.sysctls : { [FORWARDING]: forwarding, ...manifest.sysctls },
    chains: withChain(withChain(manifest.chains, { table: 'nat', name: natChain(state) }), {
      table: 'raw',
      name: rawChain(state),
    }),
  };
  writeManifest(state, changed);

  const operations: NetworkOperation[] = [
    { op: 'ensure_veth', name: gateway, peer: port },
    // Read by other instances, to find whom to leave a kernel setting to.
    { op: 'set_alias', name: gateway, alias: `neutrino:${state.path}` },
    { op: 'add_address', device: gateway, cidr },
    { op: 'set_up', name: gateway },
    { op: 'set_up', name: port },
    { op: 'sysctl', key: FORWARDING, value: '1' },
  ];
  await host.apply(operations);
  const guests = networkOf(cidr);
  const iptables = new RuleTables(host.exec, 'iptables');
  await iptables.ensure({
    table: 'raw',
    chains: [{ name: rawChain(state), rules: zoneRules(guests) }],
    // The first to name a zone is heard: that is the firewall of the bridge agent, where it filters.
    jumps: [{ from: 'PREROUTING', chain: rawChain(state), last: true }],
  });
  await iptables.ensure({
    table: 'nat',
    chains: [{ name: natChain(state), rules: masqueradeRules(guests, gateway) }],
    jumps: [{ from: 'POSTROUTING', chain: natChain(state) }],
  });
  return uplink;
}

/** Of the 65,535 conntrack zones; Neutron counts those of its ports from 4097 up. */
const BRIDGED_ZONE = '1';

/**
 * Where bridges are filtered (br_netfilter) a packet of a guest is seen twice: as a frame in the bridge, then on its way
 * out of the gateway. Tracked as one connection, the first sight would settle that there is no NAT. So frames have a zone
 * of their own: that of their bridge where the bridge agent filters, else this one.
 */
export function zoneRules(guests: string): string[][] {
  return [
    ['-i', 'brq+', '-s', guests, '-j', 'CT', '--zone', BRIDGED_ZONE],
    ['-i', 'brq+', '-d', guests, '-j', 'CT', '--zone', BRIDGED_ZONE],
  ];
}

/**
 * Packets from guests that leave by another card take its address. Where bridges are filtered (br_netfilter), frames
 * between guests pass this chain too, on their way out of a bridge: they keep their addresses.
 */
export function masqueradeRules(guests: string, gateway: string): string[][] {
  return [
    ['-o', 'brq+', '-j', 'RETURN'],
    ['-s', guests, '!', '-d', guests, '!', '-o', gateway, '-j', 'MASQUERADE'],
  ];
}

/** Takes away the veth pair, its rules, and gives kernel settings back. The records of it go when it is done. */
export async function removeUplink(host: Host, state: StateFolder, sysctl: Sysctls): Promise<void> {
  const manifest = readManifest(state);
  const network = await host.readNetwork();
  if (manifest.uplink?.kind === 'nat') {
    await host.apply([{ op: 'delete_link', name: manifest.uplink.gateway }]);
    await openArp(host, state);
  }
  for (const table of ['nat', 'raw'] as const) {
    const names = manifest.chains.filter((chain) => chain.table === table).map((chain) => chain.name);
    if (names.length > 0) await new RuleTables(host.exec, 'iptables').remove(table, names);
  }
  for (const [key, value] of Object.entries(manifest.sysctls)) {
    const heir = otherInstance(network, state);
    if (heir) leaveSysctlTo(heir, key, value);
    else if ((await sysctl.read(key)) !== value) await host.apply([{ op: 'sysctl', key, value }]);
  }
  const chains = manifest.chains.filter((chain) => chain.table === 'filter');
  writeManifest(state, { ...manifest, uplink: null, sysctls: {}, chains });
}

/** Another instance that forwards packets on this host; it is the one to put the setting back, when it goes. */
function otherInstance(network: NetworkState, state: StateFolder): StateFolder | null {
  for (const { name, alias } of network.links.values()) {
    const path = /^neutrino:(\/.*)$/.exec(alias ?? '')?.[1];
    if (!name.startsWith('ngw-') || !path || path === state.path) continue;
    // Its folder may have been deleted by hand: then nobody will ever put the setting back but us.
    if (existsSync(path)) return stateFolder(path);
  }
  return null;
}

function leaveSysctlTo(heir: StateFolder, key: string, value: string): void {
  const manifest = readManifest(heir);
  writeManifest(heir, { ...manifest, sysctls: { [key]: value, ...manifest.sysctls } });
}

export function withChain(chains: Manifest['chains'], chain: Manifest['chains'][number]): Manifest['chains'] {
  return chains.some(({ table, name }) => table === chain.table && name === chain.name) ? chains : [...chains, chain];
}

/** The first of 172.24.4.0/24, 172.24.5.0/24 … that overlaps nothing this host has an address or a route in. */
export function freeNetwork(network: NetworkState): string {
  const taken = [
    ...network.routes
      .filter((route) => route.family === 4 && route.destination !== 'default')
      .map((route) => route.destination),
    ...[...network.links.values()].flatMap((link) =>
      link.addresses.filter((a) => a.family === 4).map((a) => networkOf(a.cidr)),
    ),
  ].flatMap((text) => parseCidr(text.includes('/') ? text : `${text}/32`) ?? []);
  for (let third = 4; third < 256; third++) {
    const wanted = parseCidr(`172.24.${third}.0/24`)!;
    if (!taken.some((cidr) => cidrsOverlap(cidr, wanted))) return `172.24.${third}.1/24`;
  }
  throw new OneHostError('--uplink nat: all of 172.24.0.0/16 is in use on this host; give --uplink none or a card');
}

/** `172.24.4.1/24` → `172.24.4.0/24`, for the prefixes we choose ourselves and those of addresses of the host. */
export function networkOf(cidr: string): string {
  const [address = '', prefix = '32'] = cidr.split('/');
  const bits = Number(prefix);
  const value = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - bits);
  const first = Math.floor(value / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${bits}`;
}

/** Cards a person would name: no loopback, nothing that we or agents made. */
function cards(network: NetworkState): string[] {
  return [...network.links.keys()].filter((name) => !/^(lo$|brq|tap|ns-|ngw-|nup-)/.test(name));
}
