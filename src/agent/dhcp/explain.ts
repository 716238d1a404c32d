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

/** This agent's part of `explain network`: does a DHCP server run, with all it must know, and how many asked it. Reads only. */
export async function explainDhcpNetwork(host: Host, served: ServedNetwork): Promise<ExplainStep[]> {
  const { state } = served;
  if (!state) return [notServed(served)];
  const observed = await observe(host, state, 'all');
  return [
    namespaceStep(state, observed),
    dnsmasqStep(state, observed),
    filesStep(state, observed),
    leasesStep(state, observed),
    metadataStep(state, observed),
  ];
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
  const place = { device: namespace, check: `ip -n ${namespace} address show dev ${card.device}` };
  const wrong = (found: string) => ({ ...fault('namespace', expected, found), ...place });
  if (!observed.namespace) return wrong(`no namespace ${namespace}`);
  const link = observed.namespace.links.get(card.device);
  if (!link) return wrong(`no ${card.device} in it`);
  const have = new Set(link.addresses.map((address) => address.cidr));
  const missing = card.addresses.filter((address) => !have.has(address));
  if (!link.up || missing.length > 0)
    return wrong(link.up ? `without ${missing.join(', ')}` : `${card.device} is down`);
  const found = `${card.device} up with ${card.addresses.join(', ')}`;
  return { step: 'namespace', state: 'ok', expected, found, ...place };
}

function dnsmasqStep({ networkId }: DhcpState, { dnsmasq }: DhcpObserved): ExplainStep {
  const namespace = dhcpNamespace(networkId);
  const expected = `dnsmasq runs in ${namespace}`;
  const check = `ip netns pids ${namespace}`;
  if (!dnsmasq) return { ...fault('dnsmasq', expected, 'it does not run'), check };
  if (!dnsmasq.inNamespace)
    return { ...fault('dnsmasq', expected, `process ${dnsmasq.pid} runs, but in another namespace`), check };
  return { step: 'dnsmasq', state: 'ok', expected, found: `process ${dnsmasq.pid}`, check };
}

/** Whether dnsmasq has been told of all ports, as of the last change. */
function filesStep({ folder, files }: DhcpState, { files: there }: DhcpObserved): ExplainStep {
  const step = 'hosts_file';
  const check = `cat ${folder}/host`;
  const lines = (text: string) => text.split('\n').filter(Boolean).length;
  const expected = `a line for each address to lease in ${folder}/host: ${lines(files.host)}`;
  if (there.host === null) return { ...fault(step, expected, 'the file is not there'), check };
  const found = `${lines(there.host)} lines`;
  if (there.host === files.host) return { step, state: 'ok', expected, found, check };
  return { ...fault(step, expected, `${found}, and not the same`), check };
}

function leasesStep({ folder, network }: DhcpState, { leases }: DhcpObserved): ExplainStep {
  const asked = parseLeases(leases ?? '').filter(wasAsked);
  const owned = new Set(network.ports.flatMap(({ fixed_ips }) => fixed_ips.map(({ ip_address }) => ip_address)));
  const foreign = asked.filter(({ address }) => !owned.has(address));
  const step = 'leases';
  const check = `cat ${folder}/leases`;
  const expected = 'leases of addresses that ports have';
  const found = `${asked.length} given to guests that asked`;
  if (foreign.length === 0) return { step, state: 'ok', expected, found, check };
  return { ...fault(step, expected, `${found}; of no port: ${foreign[0]!.address} to ${foreign[0]!.mac}`), check };
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
  const check = `grep -i ${port.mac_address} ${file}`;
  if (observed.files.host === null) return { ...fault(step, expected, 'the file is not there'), check };
  const lines = observed.files.host
    .split('\n')
    .filter((line) => line.toLowerCase().startsWith(`${port.mac_address.toLowerCase()},`));
  const known = new Set(lines.flatMap((line) => line.split(',')).map((field) => field.replace(/^\[|\]$/g, '')));
  const missing = addresses.filter((address) => !known.has(address));
  if (missing.length > 0) {
    const found = lines.length === 0 ? 'no line with this MAC' : `no line with ${missing.join(', ')}`;
    return { ...fault(step, expected, found), check };
  }
  return { step, state: 'ok', expected, found: lines.join(' '), check };
}

function leaseStep(state: DhcpState, observed: DhcpObserved, port: WirePort): ExplainStep {
  const step = 'lease';
  const addresses = leasedAddresses(state, port);
  const expected = `lease of ${addresses.join(', ') || 'nothing'} to ${port.mac_address}`;
  if (port.device_owner === 'network:dhcp' || addresses.length === 0) {
    return { step, state: 'not_applicable', expected: 'no lease', found: 'nothing is leased to this port' };
  }
  const check = `grep -i ${port.mac_address} ${state.folder}/leases`;
  const leases = parseLeases(observed.leases ?? '');
  const found = leases.filter((lease) => addresses.includes(lease.address) && wasAsked(lease));
  const foreign = found.find(
    (lease) => lease.mac !== null && lease.mac.toLowerCase() !== port.mac_address.toLowerCase(),
  );
  if (foreign) return { ...fault(step, expected, `${foreign.address} is leased to ${foreign.mac}`), check };
  if (found.length === 0) {
    return {
      step,
      state: 'waiting',
      expected,
      found: 'the guest has not asked this server',
      check,
      remedy: 'check that the guest runs a DHCP client and that its requests reach the bridge',
    };
  }
  const ends = found.map(
    (lease) =>
      `${lease.address} ${lease.expiry === 0 ? 'for ever' : `until ${new Date(lease.expiry * 1000).toISOString()}`}`,
  );
  // Guests of IPv6 subnets may do without a lease of that family: one is enough.
  return { step, state: 'ok', expected, found: ends.join(', '), check };
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
