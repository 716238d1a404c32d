/**
 * What every module logs to. The shape is pino's (fields first, then a constant message), so that `bin` can pass one of
 * pino's and tests a recorder. Data goes into the fields: `resource`, `id`, `request_id`, `error` …
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A logger that keeps nothing: the default where a caller gives none. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
