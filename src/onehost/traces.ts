import { bridgeName, dhcpNamespace, routerNamespace } from '../lib/names.ts';
import { isNetworkBridge } from '../linux/cleanup/bridges.ts';
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

/** Whose traces: ids of an instance's networks and routers. */
export interface TraceOwners {
  networkIds: Iterable<string>;
  routerIds: Iterable<string>;
}

/**
 * Finds what belongs to these networks and routers, and bridges of networks that hold one of our cards: a network may have been deleted
 * while no agent ran. Things of other instances and of the operator have other names.
 */
export function findTraces(
  state: NetworkState,
  namespaces: readonly string[],
  { networkIds, routerIds }: TraceOwners,
  nics: ReadonlySet<string>,
): HostTraces {
  const ids = [...networkIds];
  const withCards = [...nics].map((name) => state.links.get(name)?.master ?? '').filter(isNetworkBridge);
  const names = new Set([...ids.map(bridgeName), ...withCards]);
  const bridges = [...names].filter((name) => state.links.get(name)?.kind === 'bridge');
  const taps = bridges.flatMap((bridge) =>
    bridgePorts(bridge, state)
      .map((port) => port.name)
      .filter((name) => name.startsWith('tap')),
  );
  const owned = [...ids.map(dhcpNamespace), ...[...routerIds].map(routerNamespace)];
  return { bridges, taps, namespaces: owned.filter((name) => namespaces.includes(name)) };
}

/**
 * Takes the traces of these networks and routers off the host: ends what runs in their namespaces, removes those (and the veth pairs
 * into them), then the bridges, giving cards their addresses back. Taps of guests are let go, not deleted: whoever made
 * them removes them.
 *
 * @param onProblem told what could not be removed; the rest is
 * @returns one line for each thing that was removed
 */
export async function removeTraces(
  host: Host,
  owners: TraceOwners,
  nics: ReadonlySet<string>,
  onProblem: (what: string, error: unknown) => void,
): Promise<string[]> {
  const traces = findTraces(await host.readNetwork(), await host.listNetns(), owners, nics);
  const lines: string[] = [];
  const remove = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
      lines.push(what);
    } catch (error) {
      onProblem(what, error);
    }
  };
  for (const name of traces.namespaces) {
    await remove(`namespace ${name}`, async () => {
      await endProcesses(host, name);
      await removeWithVeths(host, name);
    });
  }
  for (const name of traces.bridges) {
    await remove(`bridge ${name}`, async () => host.apply(planBridgeRemoval(name, await host.readNetwork(), nics)));
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
