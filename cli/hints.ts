import type { ApiError } from './errors.ts';

/** What to do next after a refusal, in one line; null: the server's words say it. */
export function hintFor({ status, type, message }: ApiError): string | null {
  if (status === 401) return 'Sign in: OS_CLOUD with clouds.yaml, or the OS_* variables; see neutron --help.';
  if (status === 403) return 'Your roles do not allow this; neutron --debug shows the request.';
  if (type === 'OverQuota') return 'neutron quota-show shows the limits; administrators raise them with quota-update.';
  if (status === 404 && message.startsWith('The resource could not be found.')) {
    return 'This server has no such resource: neutron ext-list shows what it has.';
  }
  return null;
}
