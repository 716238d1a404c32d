/**
 * Errors that a client of the API (or of RPC) may meet. `type` is the class name upstream uses: SDKs switch on it, so it
 * is part of the contract. `kind` says what went wrong in general; only `src/api` knows which HTTP status that is.
 */
export type ErrorKind =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'conflict'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_media_type'
  | 'unavailable'
  | 'not_implemented'
  | 'internal';

/** An error with one of upstream's types. `message` is for people, without stack or internals. */
export class NeutronError extends Error {
  readonly type: string;
  readonly kind: ErrorKind;
  readonly detail: string;

  constructor(type: string, kind: ErrorKind, message: string, options: { detail?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = type;
    this.type = type;
    this.kind = kind;
    this.detail = options.detail ?? '';
  }
}

type Values = Record<string, string | number | null>;
type ErrorTable = Record<string, readonly [kind: ErrorKind, text: string]>;
/** Makes the errors of one type; says of itself what it makes, for those who list errors. */
export type ErrorMaker = ((values?: Values, cause?: unknown) => NeutronError) & {
  readonly kind: ErrorKind;
  /** With `{name}` where values are filled in. */
  readonly text: string;
};
type ErrorMakers<T extends ErrorTable> = { readonly [K in keyof T]: ErrorMaker };

/**
 * Turns a domain's table of errors into one maker per type:
 *
 *     const errors = defineErrors({ NetworkNotFound: ['not_found', 'Network {net_id} could not be found.'] });
 *     throw errors.NetworkNotFound({ net_id: id });
 */
export function defineErrors<const T extends ErrorTable>(table: T): ErrorMakers<T> {
  const makers: Record<string, ErrorMaker> = {};
  for (const [type, [kind, text]] of Object.entries(table)) {
    const make = (values: Values = {}, cause?: unknown) =>
      new NeutronError(type, kind, fillIn(text, values), { cause });
    makers[type] = Object.assign(make, { kind, text });
  }
  return makers as ErrorMakers<T>;
}

/** Replaces `{name}` by the value of that name; null reads `None`, as upstream's Python prints it. */
function fillIn(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? 'None'));
}
