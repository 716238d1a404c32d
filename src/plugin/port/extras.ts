import type { NewPort, PortExtras } from '../../db/write/ports.ts';
import { domainOf, keepsNames } from '../../lib/dns-names.ts';
import { nameInDomain } from '../../resources/dns.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Input } from '../contract.ts';
import { portErrors } from './errors.ts';

/** Attributes of extensions that are columns of the port and mean something to Nova, DNS or people, not to our agents. */
const UNWIRED = ['unbound', 'binding_failed'];

/** @returns the columns, and what of them the profile of the binding repeats for Nova */
export function extrasOfNewPort(input: Input): PortExtras & { profile: Record<string, unknown> } {
  const given = <T>(key: string): T | null => (input[key] as T | null | undefined) ?? null;
  const hardware = given<string>('hardware_offload_type');
  const trusted = given<boolean>('trusted');
  const wanted = given<Record<string, unknown>>('binding:profile') ?? {};
  const capabilities = Array.isArray(wanted.capabilities) ? wanted.capabilities : [];
  return {
    data_plane_status: null,
    propagate_uplink_status: given<boolean>('propagate_uplink_status'),
    device_profile: given<string>('device_profile'),
    numa_affinity_policy: given<string>('numa_affinity_policy'),
    hints: jsonOrNull(given<object>('hints')),
    hardware_offload_type: hardware,
    trusted,
    profile: withTrust(
      { ...wanted, ...(hardware !== null && { capabilities: [...new Set([...capabilities, hardware])] }) },
      trusted,
    ),
  };
}

/** The profile that the host gets says whether a virtual function is trusted, whatever was written there before. */
export function withTrust(profile: Record<string, unknown>, trusted: boolean | null): Record<string, unknown> {
  return trusted === null ? profile : { ...withoutTrust(profile), trusted };
}

export function withoutTrust({ trusted: _, ...profile }: Record<string, unknown>): Record<string, unknown> {
  return profile;
}

/**
 * The columns that change.
 * @throws PortBoundNUMAAffinityPolicy
 */
export function changedExtras(port: Port, changes: Input): Partial<NewPort> {
  const columns: Partial<NewPort> = {};
  const numa = changes.numa_affinity_policy as string | null | undefined;
  if (numa !== undefined) {
    if (!UNWIRED.includes(port['binding:vif_type'])) {
      throw portErrors.PortBoundNUMAAffinityPolicy({
        port_id: port.id,
        host_id: port['binding:host_id'],
        numa_affinity_policy: numa,
      });
    }
    columns.numa_affinity_policy = numa;
  }
  if (changes.data_plane_status !== undefined) columns.data_plane_status = changes.data_plane_status as string | null;
  if (changes.hints !== undefined) columns.hints = jsonOrNull(changes.hints as object | null);
  for (const key of ['propagate_uplink_status', 'trusted'] as const) {
    if (typeof changes[key] === 'boolean') columns[key] = changes[key];
  }
  return columns;
}

function jsonOrNull(value: object | null): string | null {
  return value === null || Object.keys(value).length === 0 ? null : JSON.stringify(value);
}

/**
 * The DNS name and domain to keep of what a request says: none, as upstream, while the option `dns_domain` is left as it
 * comes.
 * @throws HTTPBadRequest for a name that does not fit under the domain
 */
export function dnsNames(
  input: Input,
  option: string,
): { dns_name?: string | undefined; dns_domain?: string | undefined } {
  const domain = domainOf(option);
  if (!keepsNames(domain)) return {};
  const dns_name = input.dns_name as string | undefined;
  const wrong = dns_name === undefined ? null : nameInDomain(dns_name, option, domain);
  if (wrong !== null) throw portErrors.HTTPBadRequest({ message: `Invalid input for dns_name. Reason: ${wrong}.` });
  return { dns_name, dns_domain: input.dns_domain as string | undefined };
}
