import { readFile } from 'node:fs/promises';

/** What a link counted since it was made, as the kernel sees it: a tap receives what its guest sends. */
export interface LinkCounters {
  readonly rx_packets: number;
  readonly rx_bytes: number;
  readonly rx_dropped: number;
  readonly tx_packets: number;
  readonly tx_bytes: number;
  readonly tx_dropped: number;
}

/** Of every link of this process's namespace, by name: one read of a file, however many there are. */
export async function readLinkCounters(
  read: () => Promise<string> = () => readFile('/proc/self/net/dev', 'utf8'),
): Promise<Map<string, LinkCounters>> {
  return parseLinkCounters(await read());
}

/** @param text of /proc/net/dev: two lines of titles, then eight numbers of what came and eight of what went */
export function parseLinkCounters(text: string): Map<string, LinkCounters> {
  const counters = new Map<string, LinkCounters>();
  for (const line of text.split('\n').slice(2)) {
    // Names may have a colon in them (aliases of old); numbers have none.
    const at = line.lastIndexOf(':');
    if (at < 0) continue;
    const numbers = line
      .slice(at + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    const [rx_bytes = 0, rx_packets = 0, , rx_dropped = 0] = numbers;
    const [tx_bytes = 0, tx_packets = 0, , tx_dropped = 0] = numbers.slice(8);
    counters.set(line.slice(0, at).trim(), { rx_packets, rx_bytes, rx_dropped, tx_packets, tx_bytes, tx_dropped });
  }
  return counters;
}
