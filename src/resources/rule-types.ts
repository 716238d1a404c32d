import { protocolNumbers } from '../lib/protocols.ts';
import { pythonRepr, pythonString } from '../lib/python-text.ts';
import type { AttributeType } from './contract.ts';
import { toCidr } from './converters.ts';
import { resourceErrors } from './errors.ts';
import { toCanonicalUuid } from './types.ts';
import * as check from './validators.ts';

/** The values of security group rules: names and numbers as upstream's extensions/securitygroup.py takes them. */

const protocolNames = new Set(Object.keys(protocolNumbers));
const ethertypes = ['IPv4', 'IPv6'] as const;

/** A number as Python's `int()` reads it; null for anything else. */
function wholeNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isInteger(value) ? value : null;
  return typeof value === 'string' && /^\s*[+-]?\d{1,15}\s*$/.test(value) ? Number(value) : null;
}

function toProtocol(value: unknown): string | null {
  if (value === null) return null;
  const number = wholeNumber(value);
  if (number !== null && number >= 0 && number <= 255) return String(number);
  const name = typeof value === 'string' ? value.toLowerCase() : '';
  if (number === null && protocolNames.has(name)) return name;
  throw resourceErrors.SecurityGroupRuleInvalidProtocol({
    protocol: pythonString(value),
    values: pythonRepr([null, ...protocolNames]),
  });
}

/** A name, or a number from 0 to 255 (kept as text); null is any. */
export const protocol: AttributeType = {
  schema: { type: ['string', 'null'] },
  convert: toProtocol,
  filter: (text) => text.toLowerCase(),
};

function toEthertype(value: unknown): string {
  const found = typeof value === 'string' && ethertypes.find((one) => one.toLowerCase() === value.toLowerCase());
  if (!found) {
    throw resourceErrors.SecurityGroupRuleInvalidEtherType({
      ethertype: pythonString(value),
      values: pythonRepr(ethertypes),
    });
  }
  return found;
}

/** In any case on the way in. */
export const ethertype: AttributeType = {
  schema: { enum: [...ethertypes] },
  convert: toEthertype,
  filter: (text) => ethertypes.find((one) => one.toLowerCase() === text.toLowerCase()) ?? text,
};

function toPort(value: unknown): number | null {
  if (value === null) return null;
  const port = wholeNumber(value);
  if (port === null || port < 0 || port > 65_535) {
    throw resourceErrors.SecurityGroupInvalidPortValue({ port: pythonString(value) });
  }
  return port;
}

/** A port, or a type or code of ICMP. */
export const portNumber: AttributeType = {
  schema: { type: ['integer', 'null'], minimum: 0, maximum: 65_535 },
  convert: toPort,
  filter: (text) => wholeNumber(text),
};

function toPrefix(value: unknown): string | null {
  if (value === null || value === '' || value === false || value === 0) return null;
  try {
    return toCidr(value) as string;
  } catch (error) {
    throw resourceErrors.InvalidCIDR({ input: pythonString(value) }, error);
  }
}

/** An address or prefix, with the host bits it came with; a bare address is a host's. */
export const remotePrefix: AttributeType = { schema: { type: ['string', 'null'] }, convert: toPrefix };

/** The same as a network, which the server makes of it. */
export const normalizedPrefix: AttributeType = { schema: { type: ['string', 'null'] }, filter: (text) => text };

/** The same id in other notations is the same id; what is none stays as it is. */
const sameId = (value: unknown): unknown =>
  typeof value === 'string' && check.uuid(value) === null ? toCanonicalUuid(value) : value;

/** The group a rule is for: what names nothing is not found, as upstream has it. */
export const groupId: AttributeType = {
  schema: { type: 'string', maxLength: 36 },
  validate: check.text(36),
  normalize: sameId,
};

/** As `groupId`, for what a rule may refer to. */
export const reference: AttributeType = {
  schema: { type: ['string', 'null'] },
  convert: (value) => (value === '' ? null : value),
  validate: check.orNull(check.text()),
  normalize: sameId,
  filter: (text) => text,
};

/** A name that is not the default group's, in any case. */
export const groupName: AttributeType = {
  schema: { type: 'string', maxLength: 255 },
  validate: (value) => {
    const wrong = check.text(255)(value);
    if (wrong === null && (value as string).toLowerCase() === 'default') {
      throw resourceErrors.SecurityGroupDefaultAlreadyExists();
    }
    return wrong;
  },
};
