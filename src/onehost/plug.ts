import { randomUUID } from 'node:crypto';
import { bridgeName, tapName } from '../lib/names.ts';
import type { Host } from '../linux/contract.ts';
import { checkNetnsName } from '../linux/netns.ts';
import type { Network, Port, Subnet } from '../resources/shapes.ts';
import type { ExplainStep } from '../rpc/contract.ts';
import { type ApiAddress, ApiFailure, getJson, putJson } from './api-client.ts';
import { OneHostError } from './errors.ts';
import { giveResolver, NETNS_FILES } from './netns-resolver.ts';
import { makeDevices, plugIntoBridge, removeDevices } from './plug-devices.ts';
import { type LeaseSubnet, takeLease } from './plug-lease.ts';
import { findRecord, type PlugRecord, readRecord, readRecords, removeRecord, writeRecord } from './plug-records.ts';
import type { StateFolder } from './state-folder.ts';

export interface PlugParts {
  state: StateFolder;
  api: ApiAddress;
  linux: Host;
  /** The folder of files of namespaces; for tests. */
  netnsFiles?: string;
}

export interface PlugRequest {
  /** Id or name of the port. */
  port: string;
  /** The namespace that gets the port's card; null for a tap that a virtual machine opens. */
  netns: string | null;
  /** Whether the namespace asks for its address, as a guest does that boots. */
  dhcp?: boolean;
  /** Name of this host as the agents report it. */
  host: string;
}

/** What the port's owner becomes while it is plugged, unless it has one: guests of Nova are `compute:<zone>`. */
export const PLUG_OWNER = 'compute:neutrino';
/** Until the port is ACTIVE. */
const ACTIVE_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 50;

/**
 * What Nova does when it starts a guest: binds the port to this host, makes its tap with the port's MAC at the guest's
 * end, and puts it into the network's bridge.
 *
 * @returns lines for the person who asked
 * @throws OneHostError, ApiFailure
 */
export async function plugPort(request: PlugRequest, parts: PlugParts): Promise<string[]> {
  const { state, api, linux, netnsFiles = NETNS_FILES } = parts;
  if (request.netns !== null) checkName(request.netns);
  const port = await findPort(api, request.port);
  const { network } = await getJson<{ network: Network }>(api, `/v2.0/networks/${port.network_id}`);
  const tap = tapName(port.id);
  if ((await linux.readNetwork()).links.has(tap)) {
    throw new OneHostError(`port ${port.id} is plugged already: ${tap} is there; neutrino unplug takes it away`);
  }
  await using undo = new AsyncDisposableStack();
  // Plugged before, and the tap went with a restart of the host: what the port was is what it was then.
  const before = readRecord(state, port.id);
  const record: PlugRecord = {
    port_id: port.id,
    name: port.name,
    netns: request.netns,
    made_netns:
      request.netns !== null &&
      (!(await linux.listNetns()).includes(request.netns) || (before?.netns === request.netns && before.made_netns)),
    was: before?.was ?? {
      device_id: port.device_id,
      device_owner: port.device_owner,
      'binding:host_id': port['binding:host_id'],
    },
  };
  writeRecord(state, record);
  undo.defer(async () => {
    await removeDevices(record, linux, netnsFiles);
    await putJson(api, `/v2.0/ports/${port.id}`, { port: record.was }).catch(() => {});
    removeRecord(state, record);
  });
  const { port: bound } = await putJson<{ port: Port }>(api, `/v2.0/ports/${port.id}`, {
    port: {
      'binding:host_id': request.host,
      device_id: port.device_id || randomUUID(),
      device_owner: port.device_owner || PLUG_OWNER,
    },
  });
  if (bound['binding:vif_type'] === 'binding_failed') {
    throw new OneHostError(
      `port ${port.name || port.id} cannot be wired on ${request.host}: ${await whyNotBound(api, port.id)}`,
    );
  }
  const subnets = await subnetsOf(api, network);
  if (request.netns !== null && record.made_netns) {
    const nameservers = subnets.flatMap(({ dns_nameservers }) => dns_nameservers);
    giveResolver(request.netns, nameservers, netnsFiles);
  }
  const card = await makeDevices(port, network, request.netns, linux);
  await plugIntoBridge(port, linux);
  const active = await isActive(api, port.id);
  undo.move();
  const lines = describePlugged(port, request.netns, card, active);
  if (!request.dhcp || request.netns === null || card === null) return lines;
  return [...lines, await takeLease(port, subnets, { netns: request.netns, card }, linux)];
}

/**
 * Undoes `plugPort`: the tap goes, with the namespace if it was made for this, and the port is unbound. Works for a port
 * that was deleted meanwhile.
 *
 * @throws OneHostError
 */
export async function unplugPort(
  name: string,
  { state, api, linux, netnsFiles = NETNS_FILES }: PlugParts,
): Promise<string[]> {
  const record = findRecord(state, name) ?? findRecord(state, await idOf(api, name));
  if (!record) throw new OneHostError(`port ${name} is not plugged here: neutrino plug has not made anything for it`);
  const lines = await removeDevices(record, linux, netnsFiles);
  try {
    await putJson(api, `/v2.0/ports/${record.port_id}`, { port: record.was });
    lines.push(`port ${record.port_id} is bound to no host`);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    if (error.status !== 404) {
      // The record alone knows what the port was.
      const again = `neutrino unplug ${record.port_id} tries it again`;
      return [...lines, `port ${record.port_id} could not be unbound: ${error.message}; ${again}`];
    }
  }
  removeRecord(state, record);
  return lines;
}

/**
 * Removes from the host what `plug` made for any port of this instance: for `neutrino down`.
 *
 * @param onProblem told what could not be removed; that stays on record, the rest goes
 */
export async function unplugAll(
  state: StateFolder,
  linux: Host,
  onProblem: (what: string, error: unknown) => void,
  netnsFiles = NETNS_FILES,
): Promise<string[]> {
  const lines: string[] = [];
  for (const record of readRecords(state)) {
    try {
      lines.push(...(await removeDevices(record, linux, netnsFiles)));
      removeRecord(state, record);
    } catch (error) {
      onProblem(`card of port ${record.port_id}`, error);
    }
  }
  return lines;
}

type PluggedSubnet = LeaseSubnet & Pick<Subnet, 'dns_nameservers'>;

async function subnetsOf(api: ApiAddress, { id }: Network): Promise<PluggedSubnet[]> {
  const fields = ['id', 'cidr', 'ip_version', 'enable_dhcp', 'dns_nameservers'].map((name) => `&fields=${name}`);
  const path = `/v2.0/subnets?network_id=${id}${fields.join('')}`;
  return (await getJson<{ subnets: PluggedSubnet[] }>(api, path)).subnets;
}

/** While it is not bound: afterwards nobody asks for it any more. */
async function whyNotBound(api: ApiAddress, id: string): Promise<string> {
  try {
    const { explanation } = await getJson<{ explanation: { steps: ExplainStep[] } }>(api, `/v2.0/ports/${id}/explain`);
    const step = explanation.steps.find((each) => each.step === 'bound');
    return step?.remedy ?? step?.found ?? 'no driver could bind it';
  } catch {
    return 'no driver could bind it';
  }
}

async function isActive(api: ApiAddress, id: string): Promise<boolean> {
  const end = performance.now() + ACTIVE_WITHIN_MS;
  for (;;) {
    const { port } = await getJson<{ port: Port }>(api, `/v2.0/ports/${id}?fields=status`);
    if (port.status === 'ACTIVE') return true;
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** @throws OneHostError when no port, or more than one, is called so */
async function findPort(api: ApiAddress, name: string): Promise<Port> {
  const byId = await getJson<{ ports: Port[] }>(api, `/v2.0/ports?id=${encodeURIComponent(name)}`);
  if (byId.ports[0]) return byId.ports[0];
  const { ports } = await getJson<{ ports: Port[] }>(api, `/v2.0/ports?name=${encodeURIComponent(name)}`);
  if (ports.length > 1) throw new OneHostError(`${ports.length} ports are called ${name}: give the id of one`);
  if (!ports[0]) throw new OneHostError(`there is no port ${name}; neutron port-list shows those there are`);
  return ports[0];
}

async function idOf(api: ApiAddress, name: string): Promise<string> {
  try {
    return (await findPort(api, name)).id;
  } catch {
    return name;
  }
}

function checkName(netns: string): void {
  try {
    checkNetnsName(netns);
  } catch (cause) {
    throw new OneHostError((cause as Error).message, { cause });
  }
}

function describePlugged(port: Port, netns: string | null, card: string | null, active: boolean): string[] {
  const tap = tapName(port.id);
  const addresses = port.fixed_ips.map((ip) => ip.ip_address).join(', ') || 'no address';
  return [
    `${tap} is in bridge ${bridgeName(port.network_id)}, port ${port.name || port.id} (${addresses}) is ${active ? 'ACTIVE' : 'not ACTIVE yet'}`,
    netns === null
      ? `start the guest on it: -netdev tap,id=n0,ifname=${tap},script=no,downscript=no -device virtio-net,netdev=n0,mac=${port.mac_address}`
      : `namespace ${netns} has it as ${card} with MAC ${port.mac_address}: ip netns exec ${netns} bash`,
    ...(active ? [] : [`neutrino explain port ${port.id} tells what it waits for`]),
  ];
}
