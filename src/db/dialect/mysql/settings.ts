import { connect, isIP, type Socket } from 'node:net';
import type { ConnectionOptions, SslOptions } from 'mysql2';
import { ConnectionError } from '../../errors.ts';
import type { ConnectionUrl } from '../contract.ts';
import { type TlsNames, tlsFiles } from '../tls.ts';

const DEFAULT_PORT = 3306;
const CONNECT_TIMEOUT_MS = 10_000;

export const mysqlTls: TlsNames = { ca: 'ssl_ca', cert: 'ssl_cert', key: 'ssl_key', named: 'ssl_verify_identity' };

/**
 * The driver's settings from an oslo.db URL with PyMySQL's and mysqlclient's parameters: `unix_socket`, `connect_timeout`
 * (seconds), `ssl_ca`, `ssl_cert`, `ssl_key`, `ssl_verify_cert`, `ssl_verify_identity`, `ssl_check_hostname`, `ssl_disabled`,
 * `ssl`. `charset` is read over: tables and connections are utf8mb4, of which `utf8` is a part.
 *
 * @throws ConnectionError for a file that cannot be read
 */
export function mysqlSettings({ user, password, host, port, database, query }: ConnectionUrl): ConnectionOptions {
  if (database === '') {
    throw new ConnectionError(
      '[database] connection names no database; write mysql+pymysql://user:password@host/neutron',
    );
  }
  const address = { host: host ?? '127.0.0.1', port: port ?? DEFAULT_PORT };
  const ssl = tls(query);
  const bare = ssl?.verifyIdentity && isIP(address.host) > 0;
  return {
    ...(query.unix_socket ? { socketPath: query.unix_socket } : address),
    ...(user !== null && { user }),
    ...(password !== null && { password }),
    ...(ssl && { ssl }),
    ...(bare && !query.unix_socket && { stream: () => openNamed(address) }),
    database,
    charset: 'utf8mb4',
    connectTimeout: query.connect_timeout ? Number(query.connect_timeout) * 1000 : CONNECT_TIMEOUT_MS,
    // Nobody may have this process send a file of its host: the server can ask for that in the middle of any statement.
    flags: ['-LOCAL_FILES'],
    // What is read together is asked for together. All values are quoted (`checked` in connection.ts sees to their kinds).
    multipleStatements: true,
    supportBigNumbers: true,
    dateStrings: true,
    enableKeepAlive: true,
    // A stack kept for each statement costs as much as the statement.
    trace: false,
  } as ConnectionOptions;
}

function tls(query: ConnectionUrl['query']): SslOptions | null {
  if (isTrue(query.ssl_disabled)) return null;
  const { ssl_ca, ssl_cert } = query;
  const asked = ssl_ca || ssl_cert || isTrue(query.ssl) || isTrue(query.ssl_verify_cert);
  if (!asked) return null;
  const named = isTrue(query.ssl_verify_identity) || isTrue(query.ssl_check_hostname);
  return {
    ...tlsFiles(query, mysqlTls),
    // A certificate that nobody vouches for is taken only where no authority is named, as PyMySQL does.
    rejectUnauthorized: ssl_ca !== undefined && query.ssl_verify_cert !== 'false',
    verifyIdentity: named,
  };
}

/**
 * The driver tells the TLS library no name for an address, and then the certificate is asked whether it is `localhost`'s. The
 * library looks for a name in the socket, where only sockets that looked one up have it.
 */
function openNamed({ host, port }: { host: string; port: number }): Socket {
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  return Object.assign(socket, { _host: host });
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(1|true|yes|on)$/i.test(value);
}
