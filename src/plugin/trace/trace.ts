import { parseAddress } from '../../lib/ip/address.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Hop, KnownHop, Packet, Trace, TraceWorld } from './contract.ts';
import { allowingRule } from './rules.ts';
import { shown, sourceFor } from './texts.ts';
import { walk } from './walk.ts';

/** What is asked: the first packet of a flow from a port. */
export interface Question {
  /** An address, checked. */
  readonly to: string;
  readonly protocol: Packet['protocol'];
  /** Null: a ping. */
  readonly port: number | null;
}

/**
 * Follows a packet from a port to an address and, where it arrives at a guest, the answer back. From rows alone: what the
 * host really looks like, `explain` says.
 *
 * @param sees whether the asker may know things of a project; of others it is said what they are, not which
 */
export async function tracePort(
  world: TraceWorld,
  port: Port,
  { to, protocol, port: number }: Question,
  sees: (project: string | null) => boolean,
): Promise<Trace> {
  const dst = parseAddress(to)!;
  const src = sourceFor(port, dst);
  const question = { port_id: port.id, to, protocol, port: number };
  if (src === null) {
    const text = `port ${port.id} has no IPv${dst.version} address to send from`;
    const remedy = `give the port an address of an IPv${dst.version} subnet`;
    return {
      ...question,
      from: '',
      verdict: 'dropped',
      summary: text,
      hops: [{ hop: 'tap', state: 'drops', text, remedy }],
    };
  }
  const packet: Packet = { version: dst.version, src, dst, protocol, port: number };
  const { verdict, hops, at, translations } = await walk(world, port, packet);
  const told = seen(hops, sees);
  const trace = { ...question, from: shown(src), verdict, summary: textOf(told), hops: told };
  if (at === null || verdict !== 'arrives') return trace;
  const left = allowingRule(await world.rules(port), 'egress', packet);
  const answer = { ...at.packet, src: at.packet.dst, dst: at.packet.src, port: null };
  const back = await walk(world, at.port, answer, { translations, left, entered: at.rule });
  const backHops = seen(back.hops, sees);
  const backSummary = textOf(backHops);
  return {
    ...trace,
    summary: `${trace.summary}, ${back.verdict === 'arrives' ? 'and answers come back' : `but answers do not come back: ${backSummary}`}`,
    answer: { verdict: back.verdict, summary: backSummary, hops: backHops },
  };
}

function textOf(hops: readonly Hop[]): string {
  return hops.at(-1)?.text ?? '';
}

/** Hops as the asker may see them: ids, addresses and rules of others' things stay with them. */
function seen(hops: readonly KnownHop[], sees: (project: string | null) => boolean): Hop[] {
  return hops.map(({ project, ...hop }) =>
    sees(project) ? hop : { hop: hop.hop, state: hop.state, text: others[hop.hop] },
  );
}

const others: Readonly<Record<Hop['hop'], string>> = {
  tap: 'the port of another project',
  egress: "what another project's port may send",
  route: 'the route that another project chose',
  bridge: 'over the network of another project',
  leg: "out by a port of another project's router",
  router: 'the router of another project',
  nat: 'addresses are translated by another project',
  gateway: "out by the gateway of another project's router",
  ingress: "what another project's port lets in",
  arrival: 'at the port of another project',
};
