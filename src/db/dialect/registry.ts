import { ConnectionError } from '../errors.ts';
import type { Dialect, DialectName, DialectOptions } from './contract.ts';

/** The databases there are. Each is loaded only when a URL asks for it. */
const dialects: Partial<Record<DialectName, (options: DialectOptions) => Promise<Dialect>>> = {
  sqlite: async (options) => (await import('./sqlite/dialect.ts')).openSqlite(options),
};

/** @throws ConnectionError when the database cannot be opened */
export async function openDialect(options: DialectOptions): Promise<Dialect> {
  const open = dialects[options.url.dialect];
  if (open === undefined) {
    throw new ConnectionError(
      `[database] connection: ${options.url.dialect} is not served by this release; use sqlite:////path/to/file`,
    );
  }
  return open(options);
}
