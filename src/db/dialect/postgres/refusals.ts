import type { ConnectionUrl } from '../contract.ts';
import { whyNoTls } from '../tls.ts';
import { postgresTls } from './settings.ts';

/**
 * Why a server cannot be used, in one line for the operator.
 *
 * @returns null when it may be tried again: the server may be starting
 */
export function whyNoConnection(error: unknown, { user, database, host, port, query }: ConnectionUrl): string | null {
  const { code = '' } = error as { code?: string };
  const at = `${host ?? '127.0.0.1'}:${port ?? 5432}`;
  switch (code) {
    case '28P01':
    case '28000':
      return `the server at ${at} does not let ${user ?? 'nobody'} in with this password; check user, password and pg_hba.conf`;
    case '42501':
      return `${user ?? 'nobody'} has no rights on the database ${database}; GRANT ALL ON DATABASE ${database} TO it`;
    case '3D000':
      return `the server at ${at} has no database ${database}; CREATE DATABASE ${database} OWNER ${user ?? 'neutron'}`;
    default:
      return whyNoTls(error, at, { query, names: postgresTls });
  }
}
