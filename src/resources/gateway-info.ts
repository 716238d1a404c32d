import { pythonRepr, pythonString } from '../lib/python-text.ts';
import type { AttributeType } from './contract.ts';
import { toBoolean } from './converters.ts';
import { fixedIps, toCanonicalUuid } from './types.ts';
import { isObject, fixedIps as notFixedIps, uuid } from './validators.ts';

/** Where a router leads outside, as clients ask for it. */
export interface GatewayRequest {
  network_id: string;
  enable_snat?: boolean;
  /** Each by subnet, by address or by both. */
  external_fixed_ips?: { subnet_id?: string; ip_address?: string }[];
  qos_policy_id?: string | null;
}

const known = ['network_id', 'external_fixed_ips', 'enable_snat', 'qos_policy_id'];

/** What is wrong with it, in upstream's words (neutron-lib `validate_dict_or_nodata`), or null. */
function problem(value: unknown): string | null {
  if (isNothing(value)) return null;
  if (!isObject(value)) return `'${pythonString(value)}' is not a dictionary`;
  const keys = Object.keys(value);
  if (!keys.includes('network_id')) {
    const provided = keys.map(pythonRepr).join(', ');
    return `Validation of dictionary's keys failed. Expected keys: {'network_id'} Provided keys: {${provided}}`;
  }
  const unknown = keys.filter((key) => !known.includes(key));
  if (unknown.length > 0) return `Unexpected keys supplied: ${unknown.join(', ')}`;
  const { network_id, external_fixed_ips, enable_snat, qos_policy_id } = value;
  if (enable_snat !== undefined) toBoolean(enable_snat);
  return (
    uuid(network_id) ??
    (external_fixed_ips === undefined ? null : notFixedIps(external_fixed_ips)) ??
    (qos_policy_id === undefined || qos_policy_id === null ? null : uuid(qos_policy_id))
  );
}

/** `{}`, and whatever else Python takes for nothing, is no gateway. */
function isNothing(value: unknown): boolean {
  if (isObject(value)) return Object.keys(value).length === 0;
  return !value || (Array.isArray(value) && value.length === 0);
}

const id = { type: 'string', format: 'uuid' } as const;

/** `external_gateway_info` of a router. */
export const gatewayInfo: AttributeType = {
  schema: {
    type: ['object', 'null'],
    properties: {
      network_id: id,
      enable_snat: { type: 'boolean' },
      external_fixed_ips: {
        type: 'array',
        items: { type: 'object', properties: { subnet_id: id, ip_address: { type: 'string' } } },
      },
      qos_policy_id: { type: ['string', 'null'], format: 'uuid' },
    },
    required: ['network_id'],
    additionalProperties: false,
  },
  validate: problem,
  normalize: (value: GatewayRequest | null): GatewayRequest | null => {
    if (isNothing(value)) return null;
    const { network_id, external_fixed_ips, enable_snat, qos_policy_id } = value!;
    return {
      network_id: toCanonicalUuid(network_id),
      ...(enable_snat !== undefined && { enable_snat: toBoolean(enable_snat) }),
      ...(external_fixed_ips !== undefined && {
        external_fixed_ips: fixedIps.normalize!(external_fixed_ips) as GatewayRequest['external_fixed_ips'] & object,
      }),
      ...(qos_policy_id !== undefined && { qos_policy_id: qos_policy_id && toCanonicalUuid(qos_policy_id) }),
    };
  },
};
