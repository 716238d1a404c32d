import type { Health } from './cloud.ts';
import type { Device, NetworkItem, Topology } from './topology.ts';

/** What to look for; empty text and absent choices ask for nothing. */
export interface Filter {
  /** Part of a name, id, address, MAC, CIDR or floating IP, in any case. */
  readonly text: string;
  readonly project?: string | null;
  readonly health?: Health | null;
  readonly host?: string | null;
}

export function isFiltering({ text, project, health, host }: Filter): boolean {
  return Boolean(text.trim() || project || health || host);
}

/** What is asked for, with the networks it hangs on; of a network found by its text all that hangs on it. */
export function filtered(topology: Topology, filter: Filter): Topology {
  if (!isFiltering(filter)) return topology;
  const text = filter.text.trim().toLowerCase();
  const named = new Set(topology.networks.filter((item) => says(wordsOfNetwork(item), text)).map(idOf));
  const devices = topology.devices.filter(
    (device) =>
      isChosen(filter, device) &&
      (!filter.host || device.hosts.includes(filter.host)) &&
      (says(wordsOfDevice(device), text) || device.links.some(({ network_id }) => named.has(network_id))),
  );
  const needed = new Set(devices.flatMap(({ links }) => links.map(({ network_id }) => network_id)));
  const isFound = ({ network, health }: NetworkItem) =>
    !filter.host && named.has(network.id) && isChosen(filter, { project_id: network.project_id, health });
  const networks = topology.networks.filter((item) => needed.has(idOf(item)) || isFound(item));
  return { networks, devices };
}

/** What one can choose from: each project and host of what is there, sorted. */
export function choicesOf({ networks, devices }: Topology): { projects: string[]; hosts: string[] } {
  const projects = [...networks.map(({ network }) => network.project_id), ...devices.map((one) => one.project_id)];
  const sorted = (all: readonly string[]) => [...new Set(all.filter(Boolean))].sort();
  return { projects: sorted(projects), hosts: sorted(devices.flatMap(({ hosts }) => hosts)) };
}

const idOf = ({ network }: NetworkItem) => network.id;

function isChosen({ project, health }: Filter, one: { project_id: string; health: Health }): boolean {
  return (!project || one.project_id === project) && (!health || one.health === health);
}

function says(words: Iterable<string>, text: string): boolean {
  if (text === '') return true;
  for (const word of words) if (word.toLowerCase().includes(text)) return true;
  return false;
}

function* wordsOfNetwork({ network, subnets }: NetworkItem): Iterable<string> {
  yield network.name;
  yield network.id;
  for (const { name, cidr, id } of subnets) yield* [name, cidr, id];
}

function* wordsOfDevice({ name, id, device_id, links, floating, hosts }: Device): Iterable<string> {
  yield* [name, id, device_id, ...floating, ...hosts];
  for (const { port, addresses } of links) yield* [port.name, port.id, port.mac_address, ...addresses];
}
