import type { ConnectionUrl } from '../contract.ts';
import { whyNoTls } from '../tls.ts';
import { mysqlTls } from './settings.ts';

/**
 * Why a server cannot be used, in one line for the operator.
 *
 * @returns null when it may be tried again: the server may be starting
 */
export function whyNoConnection(error: unknown, { user, database, host, port, query }: ConnectionUrl): string | null {
  const { errno = 0 } = error as { errno?: number };
  const at = `${host ?? '127.0.0.1'}:${port ?? 3306}`;
  switch (errno) {
    case 1045:
    case 1698:
      return `the server at ${at} does not let ${user ?? 'nobody'} in with this password; check user, password and GRANT`;
    case 1044:
    case 1142:
      return `${user ?? 'nobody'} has no rights on the database ${database}; GRANT ALL PRIVILEGES ON ${database}.* TO it`;
    case 1049:
      return `the server at ${at} has no database ${database}; CREATE DATABASE ${database}`;
    default:
      return whyNoTls(error, at, { query, names: mysqlTls });
  }
}
