import { declareOptions, option } from '../../lib/options.ts';

/** oslo.db's options: which database, how many connections, how long to wait for it. */
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
  max_pool_size: option.int({
    default: 5,
    min: 0,
    help: 'connections kept open per process; 0 is without limit',
    deprecated: [{ section: 'DEFAULT', name: 'sql_max_pool_size' }, { name: 'sql_max_pool_size' }],
  }),
  max_overflow: option.int({
    default: 50,
    min: -1,
    help: 'connections opened beyond max_pool_size when busy; -1 is without limit',
    deprecated: [{ section: 'DEFAULT', name: 'sqlalchemy_max_overflow' }, { name: 'sqlalchemy_max_overflow' }],
  }),
  pool_timeout: option.int({
    default: 30,
    min: 1,
    help: 'seconds a request waits when all connections are in use',
    deprecated: [{ name: 'sqlalchemy_pool_timeout' }],
  }),
  max_retries: option.int({ default: 10, min: -1, help: 'attempts to connect at start; -1 is for ever' }),
  retry_interval: option.int({ default: 10, min: 0, help: 'seconds between two attempts to connect' }),
  connection_recycle_time: option.int({
    default: 3600,
    min: -1,
    help: 'seconds after which an idle connection is renewed',
    deprecated: [{ name: 'idle_timeout' }],
  }),
  mysql_wsrep_sync_wait: option.string({
    default: '',
    help: 'Galera: what a session waits for before it reads (1: to see what other nodes committed); empty leaves the server to decide',
    check: (value) => (/^\d*$/.test(value) ? null : 'must be a number (or empty)'),
  }),
});

/** How to open the configured database. */
export function databaseSettings(options: {
  connection: string;
  sqlite_synchronous: string;
  max_pool_size: number;
  max_overflow: number;
  pool_timeout: number;
  max_retries: number;
  retry_interval: number;
  connection_recycle_time: number;
  mysql_wsrep_sync_wait: string;
}) {
  const seconds = (value: number) => (value < 0 ? -1 : value * 1000);
  const { mysql_wsrep_sync_wait: wait } = options;
  return {
    connection: options.connection,
    synchronous: options.sqlite_synchronous as 'normal' | 'full',
    pool: {
      size: options.max_pool_size,
      overflow: options.max_overflow,
      waitMs: seconds(options.pool_timeout),
      recycleMs: seconds(options.connection_recycle_time),
    },
    start: { attempts: options.max_retries, pauseMs: seconds(options.retry_interval) },
    wsrepSyncWait: wait === '' ? null : Number(wait),
  };
}

/** Path of the file of a `sqlite://` URL (three slashes relative, four absolute, as SQLAlchemy has it); null for others. */
export function sqlitePath(connection: string): string | null {
  const match = /^sqlite(?:\+\w+)?:\/\/\/([^?]*)/.exec(connection);
  return match ? match[1]! : null;
}
