import { parseCidr } from '../../../src/lib/ip/cidr.ts';
import type { FormValues } from './form-model.ts';

/**
 * What an input says by itself of another one: the IP version of a CIDR. It follows while nobody chose otherwise.
 *
 * @param before what the inputs held before the change
 * @returns the inputs with what follows
 */
export function withFollowing(before: FormValues, after: FormValues): FormValues {
  if (!('ip_version' in after) || after.cidr === before.cidr) return after;
  const was = versionOf(before.cidr);
  const is = versionOf(after.cidr);
  const isFollowing = after.ip_version === '' || after.ip_version === was;
  return is !== null && isFollowing ? { ...after, ip_version: is } : after;
}

function versionOf(cidr: unknown): string | null {
  const parsed = typeof cidr === 'string' ? parseCidr(cidr.trim()) : null;
  return parsed === null ? null : String(parsed.version);
}
