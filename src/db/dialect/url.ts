import { ConnectionError } from '../errors.ts';
import type { ConnectionUrl, DialectName } from './contract.ts';

const DIALECTS: Readonly<Record<string, DialectName>> = {
  sqlite: 'sqlite',
  mysql: 'mysql',
  mariadb: 'mysql',
  postgresql: 'postgres',
  postgres: 'postgres',
};

/**
 * Reads an SQLAlchemy URL as oslo.db takes it: `sqlite:////var/lib/neutron/neutron.sqlite` (four slashes: absolute path),
 * `mysql+pymysql://user:p%40ss@host:3306/neutron?charset=utf8`. The driver after `+` is Python's business and ignored.
 *
 * @throws ConnectionError without the password in its text
 */
export function parseConnectionUrl(url: string): ConnectionUrl {
  const match =
    /^([a-z]+)(?:\+\w+)?:\/\/(?:([^:@/]*)(?::([^@]*))?@)?(\[[^\]]*\]|[^:/?]*)(?::(\d+))?(?:\/([^?]*))?(?:\?(.*))?$/.exec(
      url,
    );
  if (match === null) throw new ConnectionError('[database] connection is not a database URL (dialect://…)');
  // Otherwise the rest of the password would be looked for as a host, and named in the error of that.
  if (url.split('?')[0]!.split('@').length > 2 && !url.startsWith('sqlite'))
    throw new ConnectionError('[database] connection has more than one @; write that of a password as %40');
  const [, scheme = '', user, password, host = '', port, path = '', query = ''] = match;
  const dialect = DIALECTS[scheme];
  if (dialect === undefined) {
    const known = Object.keys(DIALECTS).join(', ');
    throw new ConnectionError(`[database] connection: unknown kind of database "${scheme}" (known: ${known})`);
  }
  return {
    dialect,
    user: user === undefined ? null : decodeURIComponent(user),
    password: password === undefined ? null : decodeURIComponent(password),
    host: host === '' ? null : host.replace(/^\[(.*)\]$/, '$1'),
    port: port === undefined ? null : Number(port),
    database: dialect === 'sqlite' ? path : decodeURIComponent(path),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}
