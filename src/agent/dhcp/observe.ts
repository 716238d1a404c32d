import { join } from 'node:path';
import { CommandFailed, type Host, type NetworkState } from '../../linux/contract.ts';
import { isNetnsGone } from '../../linux/netns.ts';
import { findPlaced, type KeptObserved, observeKept, type PlacedDaemon, textOf } from '../daemons/kept.ts';
import { checksumFamilies } from './checksum-rules.ts';
import type { DhcpState } from './derive.ts';

/** What of a network's DHCP server is on the host. */
export interface DhcpObserved {
  /** Null when the namespace is not there; undefined when it was not looked at. */
  namespace: NetworkState | null | undefined;
  /** Families whose checksum rule is there; undefined when it was not looked at. */
  checksums: readonly (4 | 6)[] | undefined;
  files: { interface: string | null; host: string | null; addn_hosts: string | null; opts: string | null };
  leases: string | null;
  dnsmasq: PlacedDaemon | null;
  proxy: KeptObserved;
}

/**
 * How much is looked at. `files`: files and processes, some small reads; a new port changes nothing else. `inside`: the
 * namespace too, one spawn. `all`: its firewall rules too, one spawn per address family.
 */
export type Scope = 'files' | 'inside' | 'all';

/** Looks at the host. */
export async function observe(host: Host, state: DhcpState, scope: Scope): Promise<DhcpObserved> {
  const [files, leases, dnsmasq, proxy, inside] = await Promise.all([
    readFiles(state.folder),
    textOf(join(state.folder, 'leases')),
    findPlaced(state.dnsmasq),
    observeKept(state.proxy),
    scope === 'files' ? { namespace: undefined, checksums: undefined } : lookInside(host, state, scope),
  ]);
  return { ...inside, files, leases, dnsmasq, proxy };
}

async function lookInside(
  host: Host,
  state: DhcpState,
  scope: Scope,
): Promise<Pick<DhcpObserved, 'namespace' | 'checksums'>> {
  const there = (await host.listNetns()).includes(state.namespace);
  if (!there) return { namespace: null, checksums: [] };
  try {
    const [namespace, checksums] = await Promise.all([
      host.readNetwork(state.namespace),
      scope === 'all' ? checksumFamilies(host.exec, state.namespace, state.card.checksums) : undefined,
    ]);
    return { namespace, checksums };
  } catch (error) {
    // A name whose mount is gone: listed, but nobody can enter. Making it anew mends that.
    // Nothing less will do: what is taken for lost is taken away.
    if (await isLost(host, state.namespace)) return { namespace: null, checksums: [] };
    throw error;
  }
}

async function isLost(host: Host, namespace: string): Promise<boolean> {
  return await host.readNetwork(namespace).then(
    () => false,
    (error: unknown) => error instanceof CommandFailed && isNetnsGone(error.stderr),
  );
}

async function readFiles(folder: string): Promise<DhcpObserved['files']> {
  const [device, host, addn_hosts, opts] = await Promise.all(
    ['interface', 'host', 'addn_hosts', 'opts'].map((name) => textOf(join(folder, name))),
  );
  return { interface: device!, host: host!, addn_hosts: addn_hosts!, opts: opts! };
}
