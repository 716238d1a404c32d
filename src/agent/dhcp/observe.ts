import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host, NetworkState } from '../../linux/contract.ts';
import { type DaemonSpec, findDaemon, isInNetns, type RunningDaemon } from '../../linux/daemon.ts';
import { checksumFamilies } from './checksum-rules.ts';
import type { DhcpState } from './derive.ts';

/** A daemon, and whether it is in the namespace of that name: one that was deleted and made anew is another. */
export interface PlacedDaemon extends RunningDaemon {
  inNamespace: boolean;
}

/** What of a network's DHCP server is on the host. */
export interface DhcpObserved {
  /** Null when the namespace is not there; undefined when it was not looked at. */
  namespace: NetworkState | null | undefined;
  /** Families whose checksum rule is there; undefined when it was not looked at. */
  checksums: readonly (4 | 6)[] | undefined;
  files: { interface: string | null; host: string | null; addn_hosts: string | null; opts: string | null };
  leases: string | null;
  dnsmasq: PlacedDaemon | null;
  proxyConfig: string | null;
  proxy: PlacedDaemon | null;
}

/**
 * How much is looked at. `files`: files and processes, some small reads; a new port changes nothing else. `inside`: the
 * namespace too, one spawn. `all`: its firewall rules too, one spawn per address family.
 */
export type Scope = 'files' | 'inside' | 'all';

/** Looks at the host. */
export async function observe(host: Host, state: DhcpState, scope: Scope): Promise<DhcpObserved> {
  const [files, leases, dnsmasq, proxyConfig, proxy, inside] = await Promise.all([
    readFiles(state.folder),
    textOf(join(state.folder, 'leases')),
    findPlaced(state.dnsmasq, state.namespace),
    textOf(state.proxy.configFile),
    findProxy(state),
    scope === 'files' ? { namespace: undefined, checksums: undefined } : lookInside(host, state, scope),
  ]);
  return { ...inside, files, leases, dnsmasq, proxyConfig, proxy };
}

/** A proxy that nobody wants and that has no configuration is not searched for: most networks have none. */
async function findProxy({ proxy, namespace }: DhcpState): Promise<PlacedDaemon | null> {
  if (proxy.config === null && (await textOf(proxy.configFile)) === null) return null;
  return await findPlaced(proxy.daemon, namespace);
}

async function findPlaced(spec: DaemonSpec, namespace: string): Promise<PlacedDaemon | null> {
  const found = await findDaemon(spec);
  return found && { ...found, inNamespace: await isInNetns(found.pid, namespace) };
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
    if (await isUsable(host, state.namespace)) throw error;
    return { namespace: null, checksums: [] };
  }
}

async function isUsable(host: Host, namespace: string): Promise<boolean> {
  return await host.readNetwork(namespace).then(
    () => true,
    () => false,
  );
}

async function readFiles(folder: string): Promise<DhcpObserved['files']> {
  const [device, host, addn_hosts, opts] = await Promise.all(
    ['interface', 'host', 'addn_hosts', 'opts'].map((name) => textOf(join(folder, name))),
  );
  return { interface: device!, host: host!, addn_hosts: addn_hosts!, opts: opts! };
}

/** A file's text; null when it is not there. */
export async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
