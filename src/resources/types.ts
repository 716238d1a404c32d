import { pythonString } from '../lib/python-text.ts';
import { addressPairs } from './address-pairs.ts';
import type { AttributeType } from './contract.ts';
import * as convert from './converters.ts';
import { resourceErrors } from './errors.ts';
import { hostRoutes as checkHostRoutes } from './host-routes.ts';
import * as check from './validators.ts';

/** The families of attribute types the tables are written with: conversion, validation and schema of each in one place. */

/** Anything: whoever uses it looks at it. */
export const opaque: AttributeType = { schema: {} };

const ip = { type: 'string' } as const;
const id = { type: 'string', format: 'uuid' } as const;

export function string(maxLength: number): AttributeType {
  return { schema: { type: 'string', maxLength }, validate: check.text(maxLength) };
}

/** Text that says something: not only blanks. */
export function notEmptyString(maxLength: number): AttributeType {
  return { schema: { type: 'string', minLength: 1, maxLength }, validate: check.notEmptyText(maxLength) };
}

export function stringOrNull(maxLength: number): AttributeType {
  return { schema: { type: ['string', 'null'], maxLength }, validate: check.orNull(check.text(maxLength)) };
}

export const boolean: AttributeType = { schema: { type: 'boolean' }, convert: convert.toBoolean };

/** `null` stays what it is. */
export const booleanOrNull: AttributeType = {
  schema: { type: ['boolean', 'null'] },
  convert: (value) => (value === null ? null : convert.toBoolean(value)),
};

export const integer: AttributeType = { schema: { type: 'integer' }, convert: convert.toInteger };

/** A number the server keeps: a filter that is none matches nothing instead of being refused. */
export const counter: AttributeType = {
  schema: { type: 'integer', minimum: 0 },
  filter: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : null),
};

export const nonNegative: AttributeType = {
  schema: { type: 'integer', minimum: 0 },
  convert: convert.toInteger,
  validate: check.nonNegative,
};

/** Whole numbers of the table, also as text. */
export function integerOf(...values: number[]): AttributeType {
  return { schema: { enum: values }, convert: convert.toInteger, validate: check.oneOf(values) };
}

/** Whole numbers, also as text, from the smallest to the largest. */
export function integerBetween(minimum: number, maximum: number): AttributeType {
  return {
    schema: { type: 'integer', minimum, maximum },
    convert: convert.toInteger,
    validate: check.between(minimum, maximum),
  };
}

export function stringOf(...values: (string | null)[]): AttributeType {
  return { schema: { enum: values }, validate: check.oneOf(values) };
}

/** Small letters and hyphens, of any notation that `check.uuid` takes. */
export const toCanonicalUuid = (value: string): string => {
  const hex = value.replaceAll('-', '').toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** Filters by id take any text: what is no UUID matches nothing. */
const asIs = (text: string): string => text;

export const uuid: AttributeType = {
  schema: { type: 'string', format: 'uuid' },
  validate: check.uuid,
  normalize: toCanonicalUuid,
  filter: asIs,
};

export const uuidOrNull: AttributeType = {
  schema: { type: ['string', 'null'], format: 'uuid' },
  validate: check.orNull(check.uuid),
  normalize: (value) => (value === null ? null : toCanonicalUuid(value)),
  filter: asIs,
};

export const uuidList: AttributeType = {
  schema: { type: 'array', items: { type: 'string', format: 'uuid' }, uniqueItems: true },
  convert: convert.nullToList,
  validate: check.uuidList,
  normalize: (value) => value.map(toCanonicalUuid),
  filter: asIs,
};

export const subnetPool: AttributeType = {
  schema: { type: ['string', 'null'] },
  validate: (value) => (value === null || value === 'prefix_delegation' ? null : check.uuid(value)),
  normalize: (value) => (value === null || value === 'prefix_delegation' ? value : toCanonicalUuid(value)),
  filter: asIs,
};

export function uniqueStrings(maxLength: number): AttributeType {
  return {
    schema: { type: 'array', items: { type: 'string', maxLength }, uniqueItems: true },
    validate: check.uniqueTextList(maxLength),
    filter: asIs,
  };
}

/** As much as the column of the hints takes, written as JSON. */
const HINTS_LENGTH = 255;

export const zoneHints: AttributeType = {
  ...uniqueStrings(HINTS_LENGTH),
  validate(value) {
    const wrong = check.uniqueTextList(Number.POSITIVE_INFINITY)(value);
    if (wrong !== null || JSON.stringify(value).length <= HINTS_LENGTH) return wrong;
    throw resourceErrors.InvalidInput({ error_message: 'Too many availability_zone_hints specified' });
  },
};

export const mac: AttributeType = {
  schema: { type: ['string', 'null'], pattern: '^([0-9a-f]{2}:){5}[0-9a-f]{2}$' },
  convert: convert.toMac,
  validate: check.orNull(check.mac),
};

export const addressOrNull: AttributeType = {
  schema: { type: ['string', 'null'], anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
  convert: convert.toAddress,
  validate: check.orNull(check.address),
};

export const cidrOrNull: AttributeType = {
  schema: { type: ['string', 'null'] },
  convert: convert.toCidr,
  validate: check.orNull(check.cidr),
};

/** Prefixes, none twice. */
export const subnetList: AttributeType = {
  schema: { type: 'array', items: { type: 'string' }, uniqueItems: true },
  convert: convert.nullToList,
  validate: check.subnetList,
  normalize: (value) => value.map(convert.toCidr),
  filter: asIs,
};

/** As `subnetList`, but nothing is not an empty list. */
export const prefixes: AttributeType = {
  schema: subnetList.schema,
  validate: check.subnetList,
  normalize: (value) => value.map(convert.toCidr),
  filter: asIs,
};

/** Prefixes that a request adds or removes: at least one. */
export const givenPrefixes: AttributeType = {
  schema: { type: 'array', items: { type: 'string' }, minItems: 1 },
  validate: (value) => {
    if (!Array.isArray(value) || value.length === 0) {
      throw resourceErrors.HTTPBadRequest({ message: 'Request body contains invalid data' });
    }
    return value.map(check.subnet).find((wrong) => wrong !== null) ?? null;
  },
  normalize: (value) => value.map(convert.toCidr),
};

export const allocationPools: AttributeType = {
  schema: { type: 'array', items: { type: 'object', properties: { start: ip, end: ip }, required: ['start', 'end'] } },
  validate: check.allocationPools,
  normalize: (value) =>
    value.map((pool: { start: string; end: string }) => ({
      start: convert.toAddress(pool.start),
      end: convert.toAddress(pool.end),
    })),
};

export const nameServers: AttributeType = {
  schema: { type: 'array', items: { type: 'string' }, uniqueItems: true },
  convert: convert.nullToList,
  validate: check.nameServers,
  normalize: (value) => value.map(convert.toAddress),
};

export const hostRoutes: AttributeType = {
  schema: {
    type: 'array',
    items: {
      type: 'object',
      properties: { destination: { type: 'string' }, nexthop: ip },
      required: ['destination', 'nexthop'],
    },
  },
  convert: convert.nullToList,
  validate: checkHostRoutes,
  normalize: (value) =>
    value.map((route: { destination: string; nexthop: string }) => ({
      destination: convert.toCidr(route.destination),
      nexthop: convert.toAddress(route.nexthop),
    })),
};

/** Keys other than the two known ones are dropped, as upstream ignores them. */
export const fixedIps: AttributeType = {
  schema: { type: 'array', items: { type: 'object', properties: { subnet_id: id, ip_address: ip } } },
  validate: check.fixedIps,
  normalize: (value) =>
    value.map((item: { subnet_id?: string; ip_address?: string }) => ({
      ...(item.subnet_id === undefined ? {} : { subnet_id: toCanonicalUuid(item.subnet_id) }),
      ...(item.ip_address === undefined ? {} : { ip_address: convert.toAddress(item.ip_address) }),
    })),
  filter: (text) => {
    const pair = convert.toKeyValue(text);
    return pair.key === 'ip_address' ? { key: pair.key, value: convert.toAddress(pair.value) as string } : pair;
  },
};

export const addressPairList: AttributeType = {
  schema: {
    type: 'array',
    items: {
      type: 'object',
      properties: { ip_address: { type: 'string' }, mac_address: { type: 'string' } },
      required: ['ip_address'],
    },
  },
  convert: convert.nullToList,
  validate: addressPairs,
  normalize: (value) =>
    value.map((pair: { ip_address: string; mac_address?: string }) => ({
      ip_address: pair.ip_address.includes('/') ? convert.toCidr(pair.ip_address) : convert.toAddress(pair.ip_address),
      ...(pair.mac_address === undefined ? {} : { mac_address: convert.toMac(pair.mac_address) }),
    })),
};

export const extraDhcpOptions: AttributeType = {
  schema: {
    type: ['array', 'null'],
    items: {
      type: 'object',
      properties: {
        opt_name: { type: 'string', minLength: 1, maxLength: 64 },
        opt_value: { type: ['string', 'null'], maxLength: 255 },
        ip_version: { enum: [4, 6], default: 4 },
      },
      required: ['opt_name', 'opt_value'],
    },
  },
  validate: (value) => {
    const wrong = check.extraDhcpOptions(value);
    // Upstream finds out while it converts, hence the other type of error.
    if (wrong !== null) throw resourceErrors.InvalidInput({ error_message: wrong });
    return null;
  },
  normalize: (value) =>
    value === null
      ? null
      : value.map((option: { opt_name: string; opt_value: string | null; ip_version?: number | string }) => ({
          opt_name: option.opt_name,
          opt_value: option.opt_value,
          ip_version: Number(option.ip_version ?? 4),
        })),
};

export const objectOrNull: AttributeType = {
  schema: { type: ['object', 'null'] },
  validate: check.orNull(check.object),
};

/** Device owners that subnets may be reserved for start with one of these. */
const ownerPrefixes = ['network:', 'neutron:', 'compute:', 'baremetal:', 'trunk:', 'manila:', 'Octavia'];

export const serviceTypes: AttributeType = {
  schema: { type: 'array', items: { type: 'string' } },
  convert: convert.nullToList,
  validate: (value) => {
    if (!Array.isArray(value)) throw resourceErrors.HTTPBadRequest({ message: 'Subnet service types must be a list.' });
    for (const type of value) {
      if (typeof type !== 'string') {
        throw resourceErrors.InvalidInputSubnetServiceType({ service_type: pythonString(type) });
      }
      if (type.length > 255 || !ownerPrefixes.some((prefix) => type.startsWith(prefix))) {
        throw resourceErrors.InvalidSubnetServiceType({ service_type: type });
      }
    }
    return null;
  },
  normalize: (value) => [...new Set(value)],
};

const segmentKeys = ['provider:network_type', 'provider:physical_network', 'provider:segmentation_id'];

export const segments: AttributeType = {
  schema: {
    type: 'array',
    items: {
      type: 'object',
      properties: {
        'provider:network_type': { type: ['string', 'null'], maxLength: 64 },
        'provider:physical_network': { type: ['string', 'null'], maxLength: 64 },
        'provider:segmentation_id': { type: ['integer', 'null'] },
      },
      additionalProperties: false,
    },
  },
  validate: (value) => {
    if (!Array.isArray(value)) return `'${pythonString(value)}' is not a list`;
    for (const segment of value) {
      if (!check.isObject(segment)) return `'${pythonString(segment)}' is not a dictionary`;
      const unknown = Object.keys(segment).filter((key) => !segmentKeys.includes(key));
      if (unknown.length > 0) return `Unrecognized attribute(s) '${unknown.join(', ')}'`;
      for (const key of segmentKeys.slice(0, 2)) {
        const wrong = segment[key] === undefined ? null : check.orNull(check.text(64))(segment[key]);
        if (wrong !== null) return wrong;
      }
    }
    return null;
  },
  normalize: (value) =>
    value.map((segment: Record<string, unknown>) =>
      Object.hasOwn(segment, segmentKeys[2]!)
        ? { ...segment, [segmentKeys[2]!]: convert.toIntegerOrNull(segment[segmentKeys[2]!]) }
        : segment,
    ),
};

/** The rules of a QoS policy: each says what it is, beside what its kind says. */
export const qosRules: AttributeType = {
  schema: {
    type: 'array',
    items: {
      type: 'object',
      properties: { id, qos_policy_id: id, type: { type: 'string' } },
      required: ['id', 'qos_policy_id', 'type'],
    },
  },
};

/** A host name as agents report it; null unbinds as the empty string does. */
export const hostName: AttributeType = {
  schema: { type: ['string', 'null'], maxLength: 255 },
  convert: convert.nullToString,
  validate: check.text(255),
};
