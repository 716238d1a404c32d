import { defineErrors } from '../../lib/errors.ts';
import { formatAddress, isMulticast, parseAddress } from '../../lib/ip/address.ts';
import type { Question } from './trace.ts';

const errors = defineErrors({ InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'] });
const refuse = (error_message: string) => errors.InvalidInput({ error_message });

const LAST_PORT = 65_535;
const protocols = ['tcp', 'udp'] as const;

/**
 * What a trace's query string asks: `to=ADDRESS`, and `tcp=PORT` or `udp=PORT`; a ping without.
 * @throws InvalidInput
 */
export function questionOf(parameters: readonly (readonly [name: string, value: string])[]): Question {
  const given = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (name !== 'to' && name !== 'tcp' && name !== 'udp') throw refuse(`a trace has no '${name}': to, tcp, udp`);
    if (given.has(name)) throw refuse(`'${name}' is there twice`);
    given.set(name, value);
  }
  const to = parseAddress(given.get('to') ?? '');
  if (to === null) throw refuse('say where the packet goes: to=ADDRESS');
  if (isMulticast(to)) throw refuse('a packet to many cannot be followed');
  const address = formatAddress(to.value, to.version);
  const [protocol, another] = protocols.filter((name) => given.has(name));
  if (another !== undefined) throw refuse('a packet is of TCP or of UDP, not of both');
  if (protocol === undefined) return { to: address, protocol: 'icmp', port: null };
  return { to: address, protocol, port: portOf(protocol, given.get(protocol)!) };
}

function portOf(protocol: string, text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= LAST_PORT) return port;
  throw refuse(`'${text}' is no port of ${protocol}: 1 to ${LAST_PORT}`);
}
