import { type Flow, parseFlows } from '../../../linux/conntrack.ts';
import type { Exec } from '../../../linux/contract.ts';
import { type Forwarding, internalPort } from './forwarding-rules.ts';

/** A connection whose receiver was exchanged, and for whom. */
export interface ForwardedFlow extends Flow {
  readonly to: string;
  readonly toPort: number | null;
}

const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, dccp: 33, sctp: 132, udplite: 136 };

/** Connections to one floating address in a router. */
export async function readForwarded(exec: Exec, netns: string, address: string): Promise<ForwardedFlow[]> {
  const argv = ['conntrack', '-L', '-f', 'ipv4', '--dst-nat', '-d', address];
  return parseForwarded((await exec.run(argv, { netns })).stdout);
}

export function parseForwarded(text: string): ForwardedFlow[] {
  return text.split('\n').flatMap((line) => {
    const [flow] = parseFlows(line, 4);
    // The second half is what answers are expected to look like: they come from who really has the connection.
    const [, to, port] = / src=\S+ .* src=(\S+) dst=\S+(?: sport=(\d+))?/.exec(line) ?? [];
    return flow && to !== undefined ? [{ ...flow, to, toPort: port === undefined ? null : Number(port) }] : [];
  });
}

/** Those that no forwarding would send there today. */
export function strayFlows(flows: readonly ForwardedFlow[], forwardings: readonly Forwarding[]): ForwardedFlow[] {
  return flows.filter((flow) => {
    const port = flow.destinationPort;
    if (port === null) return false;
    return !forwardings.some(
      (one) =>
        one.address === flow.destination &&
        protocols[one.protocol] === flow.protocol &&
        one.external.first <= port &&
        port <= one.external.last &&
        one.to === flow.to &&
        internalPort(one, port) === flow.toPort,
    );
  });
}
