import type { Host } from '../linux/contract.ts';
import type { Port, Subnet } from '../resources/shapes.ts';
import { OneHostError } from './errors.ts';
import { type Lease, parseLease } from './lease.ts';

/** What is asked of a port's subnets to know where its addresses come from. */
export type LeaseSubnet = Pick<Subnet, 'id' | 'cidr' | 'ip_version' | 'enable_dhcp'>;

export interface PluggedCard {
  readonly netns: string;
  readonly card: string;
}

/** A second each. */
const TRIES = 10;

/**
 * What a booting guest does with its card: asks for a lease once, and configures the card with it. Where no subnet gives
 * addresses by DHCP, says how it is done by hand; IPv6 addresses come by router advertisements, which the kernel hears.
 *
 * @returns a line for the person who asked
 * @throws OneHostError when no server gave a lease
 */
export async function takeLease(
  port: Pick<Port, 'id' | 'name' | 'fixed_ips'>,
  subnets: readonly LeaseSubnet[],
  { netns, card }: PluggedCard,
  linux: Host,
): Promise<string> {
  const v4 = port.fixed_ips.flatMap(({ ip_address, subnet_id }) => {
    const subnet = subnets.find(({ id, ip_version }) => id === subnet_id && ip_version === 4);
    return subnet ? [{ ...subnet, ip_address }] : [];
  });
  if (v4.length === 0) return 'no IPv4 address to ask for: IPv6 addresses come by router advertisements';
  if (!v4.some(({ enable_dhcp }) => enable_dhcp)) {
    const byHand = v4.map(
      ({ ip_address, cidr }) => `ip -n ${netns} address add ${ip_address}/${cidr.split('/')[1]} dev ${card}`,
    );
    return `its subnets have no DHCP, so by hand: ${byHand.join('; ')}`;
  }
  const lease = await askForLease(linux, { netns, card });
  if (lease === null) {
    throw new OneHostError(
      `port ${port.name || port.id} is plugged, but no DHCP server gave ${netns} a lease in ${TRIES} s: ` +
        `neutrino explain port ${port.id} tells why; ip netns exec ${netns} busybox udhcpc -i ${card} -q asks again`,
    );
  }
  const { address, prefixLength, server, leaseSeconds } = lease;
  return `${card} has ${address}/${prefixLength} from DHCP server ${server}, for ${leaseSeconds} s`;
}

async function askForLease(linux: Host, { netns, card }: PluggedCard): Promise<Lease | null> {
  const ask = ['neutrino-lease', card, String(TRIES)];
  const { code, stdout } = await linux.exec.run(ask, { netns, timeoutMs: (TRIES + 20) * 1000, okCodes: [0, 1] });
  return code === 0 ? parseLease(stdout) : null;
}
