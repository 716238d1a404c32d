import type { Host, NetworkOperation } from '../contract.ts';
import { isBare, isLeg, isMarked } from '../legs.ts';
import type { NotRemoved } from './namespaces.ts';
import { bridgePorts, planBridgeRemoval } from './remove-bridge.ts';

export interface BridgeCleanupOptions {
  /** Cards of `physical_interface_mappings`: their addresses come back to them. */
  nics: ReadonlySet<string>;
  /** Bridges of `bridge_mappings`: never removed. */
  keep: ReadonlySet<string>;
  /** Also those with taps in them; without it only empty ones, as upstream. */
  force: boolean;
}

export interface CleanedBridges {
  /** Bridges and legs. */
  removed: string[];
  /** Bridges that have taps, with how many. */
  inUse: { name: string; taps: number }[];
  /** Those that could not be removed, with the reason. */
  failed: NotRemoved[];
}

/** The body of `neutron-linuxbridge-cleanup`: removes the bridges and legs that agents made for networks, and nothing else. */
export async function cleanUpBridges(host: Host, { nics, keep, force }: BridgeCleanupOptions): Promise<CleanedBridges> {
  const cleaned: CleanedBridges = { removed: [], inUse: [], failed: [] };
  const remove = async (name: string, operations: readonly NetworkOperation[]) => {
    try {
      await host.apply(operations);
      for (const operation of operations) if (operation.op === 'delete_link') cleaned.removed.push(operation.name);
    } catch (error) {
      cleaned.failed.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  };
  const { links } = await host.readNetwork();
  for (const { name, kind } of links.values()) {
    if (kind !== 'bridge' || !isNetworkBridge(name) || keep.has(name)) continue;
    // Read anew for each: what one removal gave back to a card is a matter for the next.
    const state = await host.readNetwork();
    const taps = bridgePorts(name, state).filter((port) => port.name.startsWith('tap')).length;
    if (taps > 0 && !force) {
      cleaned.inUse.push({ name, taps });
      continue;
    }
    await remove(name, planBridgeRemoval(name, state, nics));
  }
  for (const link of (await host.readNetwork()).links.values()) {
    if (link.master !== null || !isLeg(link) || !isMarked(link) || !isBare(link)) continue;
    await remove(link.name, [{ op: 'delete_link', name: link.name }]);
  }
  return cleaned;
}

/** `brq` and the first eleven characters of a network's id. */
export function isNetworkBridge(name: string): boolean {
  return /^brq[0-9a-f]{8}-[0-9a-f]{2}$/.test(name);
}
