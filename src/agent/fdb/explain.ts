import type { ForwardingOperation } from '../../linux/forwarding.ts';
import { type ExplainStep, FLOODING_ENTRY } from '../../rpc/contract.ts';
import type { ToldNetwork } from './told.ts';

/** A step is read by people: more than this is counted. */
const SHOWN = 6;

/**
 * Whether this host knows where the others of a tunnelled network are.
 * @param missing what would have to be done now
 */
export function explainForwarding(
  known: { device: string; told: ToldNetwork } | null,
  missing: readonly ForwardingOperation[],
  { answers }: { answers: boolean },
): ExplainStep {
  const step = 'fdb';
  if (known === null) {
    const expected = 'entries for every other host with ports of the network';
    const remedy = 'they come with the tunnel, which comes with the first tap of the network here';
    return { step, state: 'waiting', expected, found: 'the network has no tunnel on this host yet', remedy };
  }
  const { device, told } = known;
  const hosts = [...told.floods].sort();
  const check = `bridge fdb show dev ${device}${answers ? `; ip neigh show dev ${device} nud permanent` : ''}`;
  const expected =
    hosts.length === 0
      ? 'no other host has ports of the network'
      : `${hosts.length} other ${hosts.length === 1 ? 'host' : 'hosts'} (${few(hosts)}), ${told.ports.size} ${told.ports.size === 1 ? 'MAC' : 'MACs'} there`;
  if (missing.length > 0) {
    const found = few(missing.map(describeLack));
    const remedy = 'mended within 20 s; else see the log of the bridge agent on this host';
    return { step, state: 'fault', expected, found, check, remedy };
  }
  if (!told.complete) {
    const remedy = 'a server of ours answers within minutes; one that is not tells by itself, and is not asked';
    const found = `what was told so far is there; no server answered whether that is all`;
    return { step, state: 'unknown', expected, found, check, remedy };
  }
  return { step, state: 'ok', expected, found: expected, check };
}

function describeLack(operation: ForwardingOperation): string {
  switch (operation.op) {
    case 'append_fdb':
      return `nothing is flooded to ${operation.remote}`;
    case 'replace_fdb':
      return `${operation.mac} is not known to be on ${operation.remote}`;
    case 'delete_fdb':
      return operation.mac === FLOODING_ENTRY[0]
        ? `${operation.remote} is flooded to, and has no port of the network`
        : `${operation.mac} is sent to ${operation.remote}, and is not there`;
    case 'replace_neighbour':
      return `nobody answers for ${operation.ip}`;
    case 'delete_neighbour':
      return `${operation.ip} is answered for, and is not there`;
  }
}

function few(texts: readonly string[]): string {
  const more = texts.length - SHOWN;
  return `${texts.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
