import { parseAddress } from '../lib/ip/address.ts';
import { pythonString } from '../lib/python-text.ts';
import type { AttributeType } from './contract.ts';
import { toAddress } from './converters.ts';
import { resourceErrors } from './errors.ts';
import { between, oneOf, orNull } from './validators.ts';

/** Ports and protocols of connections, as forwardings and conntrack helpers name them. */

const FIRST = 1;
const LAST = 65_535;

/** Protocols that packet filters know by name (upstream: neutron-lib `constants.IPTABLES_PROTOCOL_MAP`). */
const names = ['dccp', 'icmp', 'ipv6-icmp', 'sctp', 'tcp', 'udp'];

const wholeNumber = (value: unknown): number | null => {
  const number = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : null;
};

export const ipProtocol: AttributeType = {
  schema: { enum: names },
  convert(value) {
    if (value === null || (typeof value === 'string' && names.includes(value.toLowerCase()))) return value;
    const error_message = `IP protocol '${pythonString(value)}' is not supported. Only protocol names and their integer representation (0 to 255) are supported`;
    throw resourceErrors.InvalidInput({ error_message });
  },
  validate: oneOf(names),
};

const inRange = between(FIRST, LAST);

/** One port; as text, too. */
const port: AttributeType = {
  schema: { type: 'integer', minimum: FIRST, maximum: LAST },
  convert: (value) => wholeNumber(value) ?? value,
  validate: inRange,
  filter: wholeNumber,
};

export const portOrNull: AttributeType = {
  ...port,
  schema: { type: ['integer', 'null'], minimum: FIRST, maximum: LAST },
  validate: orNull(inRange),
};

/** `first:last`, or one port; null: not said. */
export const portRange: AttributeType = {
  schema: { type: ['string', 'null'], pattern: '^\\d+(:\\d+)?$' },
  convert: (value) => (typeof value === 'number' ? String(value) : value),
  validate(value) {
    if (value === null) return null;
    const parts = pythonString(value).split(':');
    if (parts.length > 2 || parts.includes('')) return 'Port range must be two integers separated by a colon';
    for (const part of parts) {
      if (!/^\d+$/.test(part)) return `Invalid port: ${part}`;
      if (Number(part) < FIRST || Number(part) > LAST) {
        return `Invalid port: ${part}, the port must be in the range [${FIRST}, ${LAST}]`;
      }
    }
    const [first, last = first] = parts;
    return Number(first) > Number(last) ? 'First port in a port range must be lower than the second port' : null;
  },
  normalize: (value: string | null) => (value === null ? null : rangeText(value)),
  filter: (text) => (/^\d{1,5}(:\d{1,5})?$/.test(text) ? rangeText(text) : null),
};

/** `8000:8010`, and `22:22` of `22`. */
function rangeText(text: string): string {
  const [first, last = first] = text.split(':');
  return `${Number(first)}:${Number(last)}`;
}

export const ipAddress: AttributeType = {
  schema: { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
  convert: toAddress,
  validate: (value) =>
    typeof value === 'string' && parseAddress(value) !== null
      ? null
      : `'${pythonString(value)}' is not a valid IP address`,
};
