import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Config, loadConfig } from '../config/config.ts';
import { reason } from '../config/files.ts';
import { declareOptions, option } from '../lib/options.ts';
import type { Host } from '../linux/contract.ts';
import { type ApiAddress, clientHost } from './api-client.ts';
import { OneHostError } from './errors.ts';
import type { StateFolder } from './state-folder.ts';

/** What `bin` brings, of folders that this one does not know. */
export interface Surroundings {
  version: string;
  /** Folder of the executables. */
  programs: string;
  /** Installs Debian packages that agents need. @throws SetupError */
  ensurePackages: (options: { install: boolean }) => Promise<void>;
  /** Ids and names in the database of an instance, whether it runs or not; null where there is no database yet. */
  inventory: (state: StateFolder) => Promise<Inventory | null>;
  /**
   * Removes the rules, sets and limits of the agents for taps that are gone, and what is shared with the last of them.
   *
   * @returns a line for each kind of thing that was removed
   * @throws Error for what could not be removed
   */
  removeRules: (
    host: Host,
    state: StateFolder,
    of: { isThere: (tap: string) => boolean; groups: readonly string[] },
  ) => Promise<string[]>;
  print: (line: string) => void;
  /** Progress and warnings. */
  say: (line: string) => void;
}

export interface Inventory {
  networks: readonly { id: string; name: string }[];
  routers: readonly { id: string; name: string }[];
  ports: readonly { id: string; name: string; network_id: string; device_owner: string; status: string }[];
  /** Security groups and address groups. */
  groups: readonly { id: string; name: string }[];
}

export const serverName = 'neutron-server';
export const agentNames = [
  'neutron-linuxbridge-agent',
  'neutron-dhcp-agent',
  'neutron-metadata-agent',
  'neutron-l3-agent',
] as const;

/** The few options that `neutrino` itself must know; the programs read the same files. */
const instanceOptions = declareOptions('DEFAULT', {
  bind_host: option.string({ default: '127.0.0.1', help: 'address of the API' }),
  bind_port: option.int({ default: 9696, min: 0, max: 65_535, help: 'port of the API' }),
  host: option.string({ default: hostname(), help: 'name of this host as agents report it' }),
});
const tokenOptions = declareOptions('neutrino', {
  token_file: option.maybe({ help: 'file with the one token' }),
});
const bridgeOptions = declareOptions('linux_bridge', {
  physical_interface_mappings: option.list({ default: [], help: 'physical_network:interface pairs' }),
});
const tunnelOptions = declareOptions('vxlan', {
  enable_vxlan: option.bool({ default: true, help: 'offer VXLAN networks on this host' }),
  local_ip: option.maybe({ help: 'address of this host that tunnels end at' }),
  udp_dstport: option.maybeInt({ min: 0, max: 65_535, help: 'port that tunnels end at' }),
});

/** An instance as its configuration files say it is. */
export interface Instance {
  config: Config;
  api: ApiAddress;
  bindHost: string;
  bindPort: number;
  host: string;
  tokenFile: string | null;
  /** Cards that bridges may take in. */
  cards: ReadonlySet<string>;
  /** Where tunnels end; null without VXLAN. */
  tunnels: { address: string; port: number } | null;
}

/** Linux' own, which Neutron leaves as it is unless told otherwise. */
const VXLAN_PORT = 8472;

/** @throws ConfigError for the files; OneHostError for the token */
export function readInstance(files: readonly string[]): Instance {
  const config = loadConfig({ files, groups: [instanceOptions, tokenOptions, bridgeOptions, tunnelOptions] });
  const { bind_host, bind_port, host } = config.get(instanceOptions);
  const { token_file } = config.get(tokenOptions);
  const { enable_vxlan, local_ip, udp_dstport } = config.get(tunnelOptions);
  const mappings = config.get(bridgeOptions).physical_interface_mappings;
  return {
    config,
    api: { host: clientHost(bind_host), port: bind_port, token: token_file === null ? null : readToken(token_file) },
    bindHost: bind_host,
    bindPort: bind_port,
    host,
    tokenFile: token_file,
    tunnels: enable_vxlan && local_ip !== null ? { address: local_ip, port: udp_dstport || VXLAN_PORT } : null,
    cards: new Set(mappings.map((pair) => pair.slice(pair.indexOf(':') + 1).trim())),
  };
}

/** The files that the last `up` of an instance gave its programs. */
export function lastFiles(state: StateFolder): string[] {
  const file = join(state.etc, 'files.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as string[];
  } catch (cause) {
    throw new OneHostError(
      `there is no instance in ${state.path}; neutrino up makes one, and --state-dir names another one`,
      { cause },
    );
  }
}

function readToken(file: string): string {
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new OneHostError(
      `token file ${file}: ${reason(cause)}; write one token into it (openssl rand -hex 24 makes one)`,
      { cause },
    );
  }
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new OneHostError(`token file ${file}: must hold one token of printable characters without blanks`);
  return token;
}
