import type { FixedIp } from '../../resources/shapes.ts';
import { portErrors } from './errors.ts';

/** Longest `binding:profile` that is stored, as JSON text. */
const MAX_PROFILE_LENGTH = 4095;

/** @throws InvalidInput */
export function checkProfile(profile: Record<string, unknown>): void {
  if (JSON.stringify(profile).length > MAX_PROFILE_LENGTH) {
    throw portErrors.InvalidInput({ error_message: 'binding:profile value too large' });
  }
}

/**
 * There are no security groups yet, so any that is named is unknown.
 * @throws PortSecurityAndIPRequiredForSecurityGroups, SecurityGroupNotFound
 */
export function checkSecurityGroups(
  groups: readonly string[] | null | undefined,
  port: { port_security_enabled?: boolean; fixed_ips: readonly FixedIp[] },
): void {
  const [first] = groups ?? [];
  if (first === undefined) return;
  if (port.port_security_enabled === false || port.fixed_ips.length === 0) {
    throw portErrors.PortSecurityAndIPRequiredForSecurityGroups();
  }
  throw portErrors.SecurityGroupNotFound({ id: first });
}
