import { bridgeName } from '../../src/lib/names.ts';
import type { EmulatedHost } from './hosts.ts';

/** The namespace of somebody outside. */
export const OUTSIDE = 'outside';

/**
 * Somebody on an external network whom no row knows, its gateway for instance: a card in the network's bridge, which is made
 * before an agent wants it.
 * @param addresses with their prefix, or of one host
 */
export async function openOutside(host: EmulatedHost, networkId: string, addresses: readonly string[]): Promise<void> {
  const bridge = bridgeName(networkId);
  await host.run(['ip', 'netns', 'add', OUTSIDE]);
  await host.ipBatch([
    `link add ${bridge} type bridge forward_delay 0`,
    `link set ${bridge} up`,
    `link add outside-leg type veth peer name eth0 netns ${OUTSIDE}`,
    `link set outside-leg master ${bridge} up`,
  ]);
  const lines = ['link set lo up', 'link set eth0 up', ...addresses.map((address) => `addr add ${address} dev eth0`)];
  await host.ipBatch(lines, OUTSIDE);
}
