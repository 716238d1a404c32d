import { declareOptions, option } from '../../lib/options.ts';

/** oslo.db's options. MariaDB's and PostgreSQL's are read and checked now and served by a later release. */
export const databaseOptions = declareOptions('database', {
  connection: option.string({
    default: 'sqlite:///$state_path/neutron.sqlite',
    secret: 'url',
    help: 'database URL: sqlite:////absolute/path, mysql+pymysql://user:password@host/name, postgresql://…',
    deprecated: [
      { section: 'DEFAULT', name: 'sql_connection' },
      { name: 'sql_connection' },
      { section: 'sql', name: 'connection' },
    ],
    check: (url) =>
      /^(sqlite|mysql|mariadb|postgresql|postgres)(\+\w+)?:\/\//.test(url)
        ? null
        : 'is no database URL; write sqlite:////path, mysql+pymysql://… or postgresql://…',
  }),
  sqlite_synchronous: option.string({
    default: 'normal',
    choices: ['normal', 'full'],
    help: 'full: a commit survives a power cut; normal: it survives the end of any process',
  }),
  max_pool_size: option.int({ default: 5, min: 0, help: 'connections kept open' }),
  max_overflow: option.int({ default: 50, min: 0, help: 'connections opened beyond max_pool_size when busy' }),
  max_retries: option.int({ default: 10, min: -1, help: 'attempts to connect at start; -1 is for ever' }),
  retry_interval: option.int({ default: 10, min: 0, help: 'seconds between two attempts to connect' }),
  connection_recycle_time: option.int({
    default: 3600,
    min: -1,
    help: 'seconds after which an idle connection is renewed',
    deprecated: [{ name: 'idle_timeout' }],
  }),
});

/** Path of the file of a `sqlite://` URL (three slashes relative, four absolute, as SQLAlchemy has it); null for others. */
export function sqlitePath(connection: string): string | null {
  const match = /^sqlite(?:\+\w+)?:\/\/\/([^?]*)/.exec(connection);
  return match ? match[1]! : null;
}
