import type { Dialect, DialectName, DialectOptions } from './contract.ts';

/** The databases there are. Each is loaded only when a URL asks for it. */
const dialects: Readonly<Record<DialectName, (options: DialectOptions) => Promise<Dialect>>> = {
  sqlite: async (options) => (await import('./sqlite/dialect.ts')).openSqlite(options),
  mysql: async (options) => (await import('./mysql/dialect.ts')).openMysql(options),
  postgres: async (options) => (await import('./postgres/dialect.ts')).openPostgres(options),
};

/** @throws ConnectionError when the database cannot be opened */
export function openDialect(options: DialectOptions): Promise<Dialect> {
  return dialects[options.url.dialect](options);
}
