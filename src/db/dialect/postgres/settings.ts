import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { ConnectionError } from '../../errors.ts';
import type { ConnectionUrl } from '../contract.ts';
import { type TlsNames, tlsFiles } from '../tls.ts';

const DEFAULT_PORT = 5432;
const CONNECT_TIMEOUT_MS = 10_000;

export const postgresTls: TlsNames = {
  ca: 'sslrootcert',
  cert: 'sslcert',
  key: 'sslkey',
  named: 'sslmode=verify-full',
};

/**
 * The driver's settings from an SQLAlchemy URL with libpq's parameters: `host` (also a folder of unix sockets),
 * `sslmode` (disable, allow, prefer, require, verify-ca, verify-full), `sslrootcert`, `sslcert`, `sslkey`,
 * `connect_timeout` (seconds), `application_name`.
 *
 * @throws ConnectionError for a mode there is not, or a file that cannot be read
 */
export function postgresSettings({ user, password, host, port, database, query }: ConnectionUrl): ClientConfig {
  if (database === '') {
    throw new ConnectionError('[database] connection names no database; write postgresql://user:password@host/neutron');
  }
  const ssl = tls(query);
  return {
    host: host ?? query.host ?? '127.0.0.1',
    port: port ?? Number(query.port ?? DEFAULT_PORT),
    ...(user !== null && { user }),
    ...(password !== null && { password }),
    ...(ssl !== null && { ssl }),
    database,
    application_name: query.application_name ?? 'neutron-server',
    connectionTimeoutMillis: query.connect_timeout ? Number(query.connect_timeout) * 1000 : CONNECT_TIMEOUT_MS,
    keepAlive: true,
  };
}

/** What libpq does without being asked, `prefer`, is no protection; here TLS is used when it is asked for. */
function tls(query: ConnectionUrl['query']): TlsOptions | null {
  const { sslmode = query.sslrootcert ? 'verify-ca' : 'disable', sslrootcert } = query;
  switch (sslmode) {
    case 'disable':
    case 'allow':
    case 'prefer':
      return null;
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return {
        ...tlsFiles(query, postgresTls),
        rejectUnauthorized: sslmode !== 'require' || sslrootcert !== undefined,
        ...(sslmode !== 'verify-full' && { checkServerIdentity: () => undefined }),
      };
    default:
      throw new ConnectionError(
        `[database] connection: sslmode=${sslmode} is none; give disable, require, verify-ca or verify-full`,
      );
  }
}
