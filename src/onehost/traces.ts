import { bridgeName, dhcpNamespace } from '../lib/names.ts';
import { endProcesses } from '../linux/cleanup/namespaces.ts';
import { bridgePorts, planBridgeRemoval } from '../linux/cleanup/remove-bridge.ts';
import type { Host, NetworkState } from '../linux/contract.ts';

/** What the agents of one instance have on a host. */
export interface HostTraces {
  bridges: string[];
  namespaces: string[];
  /** Taps in these bridges, whoever made them. */
  taps: string[];
}

/** Finds what belongs to these networks; things of other instances and of the operator have other names. */
export function findTraces(
  state: NetworkState,
  namespaces: readonly string[],
  networkIds: Iterable<string>,
): HostTraces {
  const ids = [...networkIds];
  const bridges = ids.map(bridgeName).filter((name) => state.links.get(name)?.kind === 'bridge');
  const taps = bridges.flatMap((bridge) =>
    bridgePorts(bridge, state)
      .map((port) => port.name)
      .filter((name) => name.startsWith('tap')),
  );
  return { bridges, taps, namespaces: ids.map(dhcpNamespace).filter((name) => namespaces.includes(name)) };
}

/**
 * Takes the traces of these networks off the host: ends what runs in their namespaces, removes those (and the veth pairs
 * into them), then the bridges, giving cards their addresses back. Taps of guests are let go, not deleted: whoever made
 * them removes them.
 *
 * @returns one line for each thing that was removed
 */
export async function removeTraces(
  host: Host,
  networkIds: Iterable<string>,
  nics: ReadonlySet<string>,
): Promise<string[]> {
  const traces = findTraces(await host.readNetwork(), await host.listNetns(), networkIds);
  const lines: string[] = [];
  for (const name of traces.namespaces) {
    await endProcesses(host, name);
    await removeWithVeths(host, name);
    lines.push(`namespace ${name}`);
  }
  for (const name of traces.bridges) {
    await host.apply(planBridgeRemoval(name, await host.readNetwork(), nics));
    lines.push(`bridge ${name}`);
  }
  return lines;
}

/** The kernel removes a namespace's devices some time after its name; ours must not be seen any more when we are done. */
async function removeWithVeths(host: Host, name: string): Promise<void> {
  try {
    const { links } = await host.readNetwork(name);
    const ours = [...links.values()].filter((link) => link.kind === 'veth');
    await host.apply(
      ours.map((link) => ({ op: 'delete_link', name: link.name })),
      name,
    );
  } catch {
    // Its mount is gone, and the devices with it.
  }
  await host.removeNetns(name);
}
