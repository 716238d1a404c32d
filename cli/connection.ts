import { CliError } from './errors.ts';

/** Where the API is and how to be let in. */
export interface Connection {
  /** Without `/v2.0` and final slash. */
  endpoint: string;
  token: string | null;
  isAdmin: boolean;
  timeoutMs: number;
  insecure: boolean;
  caFile: string | null;
  /** Prints each request and answer to stderr. */
  debug: boolean;
}

/** Values of the global options, by the names commander gives them. */
export interface GlobalOptions {
  osAuthType?: string;
  osAuthStrategy?: string;
  osEndpoint?: string;
  osUrl?: string;
  osToken?: string;
  httpTimeout?: string;
  insecure?: boolean;
  osCacert?: string;
  debug?: boolean;
  verbose?: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_ENDPOINT = 'http://127.0.0.1:9696';
const withoutAuth = new Set(['none', 'noauth']);
const withToken = new Set(['admin_token', 'token_endpoint', 'v2token_endpoint']);

/**
 * Reads options, then `OS_*` variables. Without any of them it is the server of `npm start` on this host.
 * @throws CliError for what needs Keystone, and for a token that is missing
 */
export function connectionOf(options: GlobalOptions, env: Environment): Connection {
  const endpoint = options.osEndpoint ?? options.osUrl ?? (env.OS_ENDPOINT || env.OS_URL || DEFAULT_ENDPOINT);
  const token = options.osToken ?? (env.OS_TOKEN || null);
  const type = authType(options, env, token);
  if (!withoutAuth.has(type) && !withToken.has(type)) {
    throw new CliError(
      `Authentication by Keystone (${type}) is not supported yet: set OS_AUTH_TYPE=none and OS_ENDPOINT, or OS_AUTH_TYPE=admin_token with OS_ENDPOINT and OS_TOKEN.`,
    );
  }
  if (withToken.has(type) && !token)
    throw new CliError(`OS_AUTH_TYPE=${type} needs a token: set OS_TOKEN or give --os-token.`);
  return {
    endpoint: checkedEndpoint(endpoint),
    token: withToken.has(type) ? token : null,
    isAdmin: true,
    timeoutMs: timeoutOf(options.httpTimeout),
    insecure: options.insecure ?? false,
    caFile: options.osCacert ?? (env.OS_CACERT || null),
    debug: (options.debug || options.verbose) ?? false,
  };
}

function authType(options: GlobalOptions, env: Environment, token: string | null): string {
  const given = options.osAuthType ?? options.osAuthStrategy ?? (env.OS_AUTH_TYPE || env.OS_AUTH_STRATEGY);
  if (given) return given;
  if (env.OS_AUTH_URL || env.OS_USERNAME) return 'password';
  return token ? 'admin_token' : 'none';
}

function checkedEndpoint(text: string): string {
  const isHttp = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isHttp) throw new CliError(`'${text}' is no address of the API; it looks like ${DEFAULT_ENDPOINT}`);
  return text.replace(/\/+$/, '').replace(/\/v2\.0$/, '');
}

function timeoutOf(seconds: string | undefined): number {
  if (seconds === undefined) return 120_000;
  if (!/^\d+(\.\d+)?$/.test(seconds)) throw new CliError(`'${seconds}' is no number of seconds`);
  return Number(seconds) * 1000;
}
