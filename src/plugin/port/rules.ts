import { portErrors } from './errors.ts';

/** Longest `binding:profile` that is stored, as JSON text. */
const MAX_PROFILE_LENGTH = 4095;

/** @throws InvalidInput */
export function checkProfile(profile: Record<string, unknown>): void {
  if (JSON.stringify(profile).length > MAX_PROFILE_LENGTH) {
    throw portErrors.InvalidInput({ error_message: 'binding:profile value too large' });
  }
}
