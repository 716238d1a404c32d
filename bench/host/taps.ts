import { tapName } from '../../src/lib/names.ts';
import type { Port } from '../../src/resources/shapes.ts';
import type { EmulatedHost } from '../../test/support/hosts.ts';

/** Where the far ends of taps are: a guest's card is no device of the host, whose tools look at each of those. */
export const GUESTS = 'guests';
const withGuests = new WeakSet<EmulatedHost>();

/** The far end of a port's tap: where the guest's card would be. */
export const cardName = (port: Port): string => `vm${port.id.slice(0, 11)}`;

/** Lines of `ip -batch` that make the ports' taps, as libvirt would: up, in no bridge. */
function tapLines(ports: readonly Port[]): string[] {
  return ports.flatMap((port) => [
    `link add ${tapName(port.id)} type veth peer name ${cardName(port)} netns ${GUESTS}`,
    `link set ${tapName(port.id)} up`,
  ]);
}

export async function makeTaps(host: EmulatedHost, ports: readonly Port[]): Promise<void> {
  if (!withGuests.has(host)) {
    withGuests.add(host);
    await host.ipBatch([`netns add ${GUESTS}`]);
  }
  await host.ipBatch(tapLines(ports));
}

/** Deletes them in turns: a batch of thousands takes longer than a command may. */
export async function removeTaps(host: EmulatedHost, ports: readonly Port[]): Promise<void> {
  const lines = ports.map((port) => `link del ${tapName(port.id)}`);
  for (let at = 0; at < lines.length; at += 100) await host.ipBatch(lines.slice(at, at + 100));
}
