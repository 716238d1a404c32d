import { addressVersion } from '../../lib/ip/address.ts';
import { dhcpNamespace } from '../../lib/names.ts';
import type { Host } from '../../linux/contract.ts';
import type { ExplainStep, WirePort } from '../../rpc/contract.ts';
import type { DhcpState } from './derive.ts';
import { parseLeases, wasAsked } from './leases-file.ts';
import { hasReservations } from './network.ts';
import { type DhcpObserved, observe } from './observe.ts';

/** What the agent has to do with a network. */
export interface ServedNetwork {
  /** What it keeps on the host; null while it keeps nothing. */
  state: DhcpState | null;
  /** Whether it was told to serve it. */
  isKnown: boolean;
  /** What it failed with last; null when all went well. */
  failure: string | null;
}

/** This agent's part of `explain port`: does a DHCP server run, does it know the port, did the guest ask. Reads only. */
export async function explainDhcp(host: Host, served: ServedNetwork, port: WirePort): Promise<ExplainStep[]> {
  const { state } = served;
  if (!state) return [notServed(served)];
  const observed = await observe(host, state, 'all');
  return [
    namespaceStep(state, observed),
    dnsmasqStep(state, observed),
    hostsStep(state, observed, port),
    leaseStep(state, observed, port),
    metadataStep(state, observed),
  ];
}

function notServed({ isKnown, failure }: ServedNetwork): ExplainStep {
  const step = 'dnsmasq';
  const expected = 'a DHCP server for the network';
  if (failure !== null)
    return { ...fault(step, expected, `setting it up failed: ${failure}`), remedy: 'see the log of the DHCP agent' };
  if (isKnown) return { step, state: 'waiting', expected, found: 'it is being set up' };
  return {
    step,
    state: 'not_applicable',
    expected: 'no DHCP server for this network on this host',
    found: 'the agent keeps none',
  };
}

function namespaceStep({ namespace, card }: DhcpState, observed: DhcpObserved): ExplainStep {
  const expected = `${card.device} up in ${namespace} with ${card.addresses.join(', ')}`;
  if (!observed.namespace) return fault('namespace', expected, `no namespace ${namespace}`);
  const link = observed.namespace.links.get(card.device);
  if (!link) return fault('namespace', expected, `no ${card.device} in it`);
  const have = new Set(link.addresses.map((address) => address.cidr));
  const missing = card.addresses.filter((address) => !have.has(address));
  if (!link.up || missing.length > 0)
    return fault('namespace', expected, link.up ? `without ${missing.join(', ')}` : `${card.device} is down`);
  return { step: 'namespace', state: 'ok', expected, found: `${card.device} up with ${card.addresses.join(', ')}` };
}

function dnsmasqStep({ networkId }: DhcpState, { dnsmasq }: DhcpObserved): ExplainStep {
  const expected = `dnsmasq runs in ${dhcpNamespace(networkId)}`;
  if (!dnsmasq) return fault('dnsmasq', expected, 'it does not run');
  if (!dnsmasq.inNamespace) return fault('dnsmasq', expected, `process ${dnsmasq.pid} runs, but in another namespace`);
  return { step: 'dnsmasq', state: 'ok', expected, found: `process ${dnsmasq.pid}` };
}

/** The addresses of the port that a DHCP server gives out. */
function leasedAddresses({ network }: DhcpState, port: WirePort): string[] {
  const subnets = new Map(network.subnets.map((subnet) => [subnet.id, subnet]));
  return port.fixed_ips
    .filter(({ subnet_id }) => {
      const subnet = subnets.get(subnet_id);
      return subnet?.enable_dhcp && hasReservations(subnet);
    })
    .map((ip) => ip.ip_address);
}

function hostsStep(state: DhcpState, observed: DhcpObserved, port: WirePort): ExplainStep {
  const step = 'hosts_file';
  const addresses = leasedAddresses(state, port);
  const file = `${state.folder}/host`;
  if (port.device_owner === 'network:dhcp' || addresses.length === 0) {
    const found =
      port.device_owner === 'network:dhcp' ? 'this is the DHCP server’s own port' : 'no address on a subnet with DHCP';
    return { step, state: 'not_applicable', expected: `no line in ${file}`, found };
  }
  const expected = `${port.mac_address} with ${addresses.join(', ')} in ${file}`;
  if (observed.files.host === null) return fault(step, expected, 'the file is not there');
  const lines = observed.files.host
    .split('\n')
    .filter((line) => line.toLowerCase().startsWith(`${port.mac_address.toLowerCase()},`));
  const known = new Set(lines.flatMap((line) => line.split(',')).map((field) => field.replace(/^\[|\]$/g, '')));
  const missing = addresses.filter((address) => !known.has(address));
  if (missing.length > 0)
    return fault(step, expected, lines.length === 0 ? 'no line with this MAC' : `no line with ${missing.join(', ')}`);
  return { step, state: 'ok', expected, found: lines.join(' ') };
}

function leaseStep(state: DhcpState, observed: DhcpObserved, port: WirePort): ExplainStep {
  const step = 'lease';
  const addresses = leasedAddresses(state, port);
  const expected = `lease of ${addresses.join(', ') || 'nothing'} to ${port.mac_address}`;
  if (port.device_owner === 'network:dhcp' || addresses.length === 0) {
    return { step, state: 'not_applicable', expected: 'no lease', found: 'nothing is leased to this port' };
  }
  const leases = parseLeases(observed.leases ?? '');
  const found = leases.filter((lease) => addresses.includes(lease.address) && wasAsked(lease));
  const foreign = found.find(
    (lease) => lease.mac !== null && lease.mac.toLowerCase() !== port.mac_address.toLowerCase(),
  );
  if (foreign) return fault(step, expected, `${foreign.address} is leased to ${foreign.mac}`);
  if (found.length === 0) {
    return {
      step,
      state: 'waiting',
      expected,
      found: 'the guest has not asked this server',
      remedy: 'check that the guest runs a DHCP client and that its requests reach the bridge',
    };
  }
  const ends = found.map(
    (lease) =>
      `${lease.address} ${lease.expiry === 0 ? 'for ever' : `until ${new Date(lease.expiry * 1000).toISOString()}`}`,
  );
  // Guests of IPv6 subnets may do without a lease of that family: one is enough.
  return { step, state: 'ok', expected, found: ends.join(', ') };
}

function metadataStep({ proxy, card }: DhcpState, observed: DhcpObserved): ExplainStep {
  const step = 'metadata';
  if (!proxy.isWanted) {
    const found = 'metadata is not served by the DHCP agent on this network';
    return { step, state: 'not_applicable', expected: 'no metadata proxy here', found };
  }
  const expected = `haproxy answers on ${card.addresses.find((address) => addressVersion(address.split('/')[0]!) === 4 && address.endsWith('/32'))?.split('/')[0] ?? 'the metadata address'}`;
  if (!observed.proxy.running) return fault(step, expected, 'it does not run');
  if (!observed.proxy.running.inNamespace)
    return fault(step, expected, `process ${observed.proxy.running.pid} runs, but in another namespace`);
  return { step, state: 'ok', expected, found: `process ${observed.proxy.running.pid}` };
}

function fault(step: string, expected: string, found: string): ExplainStep {
  const remedy = 'the DHCP agent mends this within a minute; if it stays, its log says why';
  return { step, state: 'fault', expected, found, remedy };
}
