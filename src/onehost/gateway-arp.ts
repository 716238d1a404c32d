import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { Host } from '../linux/contract.ts';
import { RuleTables } from '../linux/iptables.ts';
import { writeSysctl } from '../linux/sysctl.ts';
import type { StateFolder } from './state-folder.ts';

const LOOK_EVERY_MS = 250;

function arpChain({ tag }: StateFolder): string {
  return `neutrino-${tag}-arp`;
}

/**
 * A host answers ARP for all its addresses on every device. So the bridge of a flat network on `public` would answer for
 * the gateway's address as well as the gateway itself, and guests and routers would send some packets to the bridge's own
 * MAC, past the veth pair. No bridge of this host gets to see such questions: a router asks as soon as its bridge is there.
 *
 * @returns whether the host could be told so
 */
export async function shutArp(host: Host, state: StateFolder, cidr: string): Promise<boolean> {
  const name = arpChain(state);
  const rule = ['-p', 'ARP', '--arp-ip-dst', cidr.split('/')[0]!, '-j', 'DROP'];
  try {
    await new RuleTables(host.exec, 'ebtables').ensure({
      table: 'filter',
      chains: [{ name, rules: [rule] }],
      jumps: [{ from: 'INPUT', chain: name }],
    });
    return true;
  } catch {
    return false;
  }
}

/** Undoes `shutArp`; a host that has no ebtables has nothing of it. */
export async function openArp(host: Host, state: StateFolder): Promise<void> {
  await new RuleTables(host.exec, 'ebtables').remove('filter', [arpChain(state)]).catch(() => {});
}

/**
 * The same where frames cannot be filtered: whatever bridge takes our port in is told to answer for its own addresses only,
 * soon after it is there; the setting goes with it.
 *
 * @returns what ends it
 */
export function keepArpToGateway(port: string, say: (line: string) => void): () => void {
  let done = '';
  const look = () => {
    const bridge = masterOf(port);
    if (bridge === done) return;
    done = bridge;
    if (bridge === '') return;
    writeSysctl(`net/ipv4/conf/${bridge}/arp_ignore`, '1').catch((error: Error) => {
      done = '';
      say(`${bridge} still answers ARP for the gateway: ${error.message}`);
    });
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

/** The bridge that a device is in; empty for none. */
function masterOf(device: string): string {
  try {
    return basename(readlinkSync(`/sys/class/net/${device}/master`));
  } catch {
    return '';
  }
}
