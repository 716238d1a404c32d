import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { writeSysctl } from '../linux/sysctl.ts';

const LOOK_EVERY_MS = 250;

/**
 * A host answers ARP for all its addresses on every device. So the bridge of a flat network on `public` would answer for
 * the gateway's address as well as the gateway itself, and guests would send some packets to the bridge's own MAC, past
 * the veth pair. Whatever bridge takes our port in is told to answer for its own addresses only; the setting goes with it.
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
