import { createHash } from 'node:crypto';
import type { DhcpPortRequest, NetworkInfo, PluginApi, WirePort } from '../../rpc/contract.ts';
import { RemoteError } from '../../rpc/transport.ts';
import { isMac, isUuid } from './dnsmasq-text.ts';

/** `device_id` of ports that an agent left behind when it was removed: the next one takes them over, addresses and all. */
export const RESERVED_DHCP_PORT = 'reserved_dhcp_port';

const DHCP_OWNER = 'network:dhcp';

/** RFC 4122's namespace for names of hosts. */
const DNS_NAMESPACE = '6ba7b8109dad11d180b400c04fd430c8';

/** `device_id` of this host's DHCP port on a network: the same after every restart, and the same as a Python agent's. */
export function dhcpDeviceId(host: string, networkId: string): string {
  return `dhcp${uuidOfName(host.split('.', 1)[0]!)}-${networkId}`;
}

/** UUID version 5 of a host name. */
function uuidOfName(name: string): string {
  const digest = createHash('sha1').update(Buffer.from(DNS_NAMESPACE, 'hex')).update(name).digest().subarray(0, 16);
  digest[6] = (digest[6]! & 0x0f) | 0x50;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

type FixedIps = NonNullable<DhcpPortRequest['fixed_ips']>;

/** What has to be asked of the server to have the port that a network needs. */
export type DhcpPortStep =
  | { step: 'keep'; port: WirePort }
  | { step: 'update'; port: WirePort; fixedIps: FixedIps }
  | { step: 'adopt'; ports: WirePort[]; fixedIps: FixedIps }
  | { step: 'create'; fixedIps: FixedIps };

/** Own port with the right subnets, own port to be changed, reserved ports to be tried in turn, or a new one. */
export function planDhcpPort(network: NetworkInfo, deviceId: string): DhcpPortStep {
  const wanted = network.subnets.filter((subnet) => subnet.enable_dhcp).map((subnet) => subnet.id);
  // Any tenant may write any `device_id` on a port of its own, this one can be guessed, and on a shared network it would
  // be given the DHCP server's place. The owner is not the tenant's to write.
  const servers = network.ports.filter((port) => port.device_owner === DHCP_OWNER);
  const own = servers.find((port) => port.device_id === deviceId);
  if (own) {
    const present = new Set(own.fixed_ips.map((ip) => ip.subnet_id));
    const same = present.size === wanted.length && wanted.every((id) => present.has(id));
    if (same) return { step: 'keep', port: own };
    return { step: 'update', port: own, fixedIps: kept(own, wanted) };
  }
  const reserved = servers.filter((port) => port.device_id === RESERVED_DHCP_PORT);
  const fixedIps = wanted.map((subnet_id) => ({ subnet_id }));
  return reserved.length > 0 ? { step: 'adopt', ports: reserved, fixedIps } : { step: 'create', fixedIps };
}

/** Addresses on wanted subnets stay; a wanted subnet without one gets the server's choice. */
function kept(port: WirePort, wanted: readonly string[]): FixedIps {
  const stay = port.fixed_ips.filter((ip) => wanted.includes(ip.subnet_id));
  const present = new Set(stay.map((ip) => ip.subnet_id));
  const added = wanted.filter((id) => !present.has(id)).map((subnet_id) => ({ subnet_id }));
  return [...stay.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address })), ...added];
}

/**
 * Sees to it that the network has its DHCP port, with an address on every subnet that has DHCP. Where a subnet is full and
 * the port has addresses on others, it stays as it is: those go on being served.
 *
 * @param onExhausted told that no address was left
 * @returns the port as the server now has it
 * @throws RemoteError, MessagingTimeout, or Error when the network or the subnets changed meanwhile: ask again
 */
export async function ensureDhcpPort(
  network: NetworkInfo,
  host: string,
  plugin: PluginApi,
  onExhausted: (error: unknown) => void = () => {},
): Promise<WirePort> {
  const deviceId = dhcpDeviceId(host, network.id);
  const step = planDhcpPort(network, deviceId);
  let answer: WirePort | null;
  try {
    answer = await askFor(step, network, deviceId, host, plugin);
  } catch (error) {
    const serves = step.step === 'update' && step.port.fixed_ips.length > 0;
    if (!serves || !isExhausted(error)) throw error;
    onExhausted(error);
    return checked(step.port, network);
  }
  const port = checked(answer, network);
  const present = new Set(port.fixed_ips.map((ip) => ip.subnet_id));
  const missing = network.subnets.find((subnet) => subnet.enable_dhcp && !present.has(subnet.id));
  if (missing) throw new Error(`DHCP port ${port.id} got no address on subnet ${missing.id}`);
  return port;
}

async function askFor(
  step: DhcpPortStep,
  network: NetworkInfo,
  deviceId: string,
  host: string,
  plugin: PluginApi,
): Promise<WirePort | null> {
  if (step.step === 'keep') return step.port;
  if (step.step === 'update') {
    return await plugin.updateDhcpPort(
      step.port.id,
      { network_id: network.id, device_id: deviceId, fixed_ips: step.fixedIps },
      host,
    );
  }
  if (step.step === 'adopt') {
    for (const port of step.ports) {
      const adopted = await adopt(port, network, deviceId, host, plugin);
      if (adopted) return adopted;
    }
  }
  return await plugin.createDhcpPort(
    {
      name: '',
      admin_state_up: true,
      device_id: deviceId,
      network_id: network.id,
      project_id: network.project_id,
      fixed_ips: step.fixedIps,
    },
    host,
  );
}

/** Null when another agent was faster; the subnets of an adopted port are put right by a second step. */
async function adopt(
  port: WirePort,
  network: NetworkInfo,
  deviceId: string,
  host: string,
  plugin: PluginApi,
): Promise<WirePort | null> {
  try {
    const adopted = await plugin.updateDhcpPort(port.id, { network_id: network.id, device_id: deviceId }, host);
    if (!adopted) return null;
    const next = planDhcpPort({ ...network, ports: [adopted] }, deviceId);
    return await askFor(next, network, deviceId, host, plugin);
  } catch (error) {
    if (error instanceof RemoteError && error.type === 'DhcpPortInUse') return null;
    throw error;
  }
}

/** Whether the server had no address left for the port. */
export function isExhausted(error: unknown): boolean {
  return error instanceof RemoteError && error.type === 'IpAddressGenerationFailure';
}

/** The server may be any; what becomes a device name or a field of a file is looked at first. */
function checked(port: WirePort | null, network: NetworkInfo): WirePort {
  if (!port) throw new Error(`the server has no DHCP port for network ${network.id}: it or its subnets are gone`);
  if (!isUuid(port.id) || !isMac(port.mac_address)) throw new Error(`DHCP port of network ${network.id} is malformed`);
  return port;
}
