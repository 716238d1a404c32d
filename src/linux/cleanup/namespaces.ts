import { setTimeout as sleep } from 'node:timers/promises';
import { CommandFailed, type Host } from '../contract.ts';
import { isNetnsGone } from '../netns.ts';

/** Whose namespaces: `dhcp` makes `qdhcp-…`, `l3` makes `qrouter-…`, `fip-…` and `snat-…`. */
export type AgentKind = 'dhcp' | 'l3';

const PREFIXES: Record<AgentKind, readonly string[]> = { dhcp: ['qdhcp-'], l3: ['qrouter-', 'fip-', 'snat-'] };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A process gets this long to end by itself. */
const GRACE_MS = 2_000;
const LOOK_AGAIN_MS = 20;

export interface NamespaceCleanupOptions {
  /** Also those in use: what runs in them is ended. Without it only namespaces that have nothing but `lo`, as upstream. */
  force: boolean;
  /** Only those of one agent; default all. */
  agentKind?: AgentKind;
}

export interface CleanedNamespaces {
  removed: string[];
  /** Namespaces that have devices. */
  inUse: string[];
  /** Those that could not be looked at or removed, with the reason: they are as they were. */
  failed: NotRemoved[];
}

/** Something that a cleanup was to remove and could not. */
export interface NotRemoved {
  name: string;
  reason: string;
}

/** The body of `neutron-netns-cleanup`: removes namespaces whose name is an agent's prefix and an id, and no other. */
export async function cleanUpNamespaces(
  host: Host,
  { force, agentKind }: NamespaceCleanupOptions,
): Promise<CleanedNamespaces> {
  const cleaned: CleanedNamespaces = { removed: [], inUse: [], failed: [] };
  const prefixes = agentKind ? PREFIXES[agentKind] : Object.values(PREFIXES).flat();
  for (const name of await host.listNetns()) {
    const prefix = prefixes.find((candidate) => name.startsWith(candidate));
    if (!prefix || !UUID.test(name.slice(prefix.length))) continue;
    try {
      if (!force && !(await isEmpty(host, name))) {
        cleaned.inUse.push(name);
        continue;
      }
      if (force) await endProcesses(host, name);
      await host.removeNetns(name);
      cleaned.removed.push(name);
    } catch (error) {
      cleaned.failed.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return cleaned;
}

/** Whether a namespace has nothing but `lo`. One whose mount is gone is empty too. @throws where that cannot be said */
async function isEmpty(host: Host, netns: string): Promise<boolean> {
  try {
    const { links } = await host.readNetwork(netns);
    return [...links.values()].every((link) => link.kind === 'loopback');
  } catch (error) {
    if (error instanceof CommandFailed && isNetnsGone(error.stderr)) return true;
    throw error;
  }
}

/** Ends all that runs in a namespace: TERM, and KILL for what is still there after two seconds. */
export async function endProcesses(host: Host, netns: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of await processesIn(host, netns)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended by itself.
      }
    }
    const end = performance.now() + GRACE_MS;
    while ((await processesIn(host, netns)).length > 0) {
      if (performance.now() > end) break;
      await sleep(LOOK_AGAIN_MS);
    }
  }
}

async function processesIn(host: Host, netns: string): Promise<number[]> {
  const { stdout } = await host.exec.run(['ip', 'netns', 'pids', netns], { okCodes: [0, 1, 2, 255] });
  return stdout.split('\n').filter(Boolean).map(Number);
}
