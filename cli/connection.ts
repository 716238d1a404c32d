import { CliError } from './errors.ts';
import type { AuthName, Environment, GlobalOptions } from './global-options.ts';

/** Where the API is and how to be let in. */
export interface Connection {
  /** Without `/v2.0` and final slash. */
  endpoint: string;
  token: string | null;
  /** Lists show administrators the owner. Without Keystone everybody is one. */
  isAdmin: boolean;
  timeoutMs: number;
  insecure: boolean;
  caFile: string | null;
  certFile: string | null;
  keyFile: string | null;
  /** Prints each request and answer to stderr. */
  debug: boolean;
}

/** One setting by its name in clouds.yaml; an empty one is none. */
export type Setting = (name: AuthName | OtherName) => string | null;

type OtherName =
  | 'auth_type'
  | 'auth_strategy'
  | 'region_name'
  | 'interface'
  | 'service_type'
  | 'endpoint'
  | 'cacert'
  | 'cert'
  | 'key'
  | 'verify'
  | 'insecure';

/** Other names under which a setting may be given, the newer first. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  project_name: ['tenant_name'],
  project_id: ['tenant_id'],
  interface: ['endpoint_type'],
  endpoint: ['endpoint_override', 'network_endpoint_override', 'url'],
  default_domain_id: ['default_domain'],
  service_type: ['network_service_type'],
  region_name: ['network_region_name'],
};

const DEFAULT_ENDPOINT = 'http://127.0.0.1:9696';
const withoutAuth = new Set(['none', 'noauth']);
const withToken = new Set(['admin_token', 'token_endpoint', 'v2token_endpoint']);

/**
 * Finds the API and signs in: options, then a cloud of clouds.yaml when one is named, else the `OS_*` variables. A cloud is
 * taken as it is: variables of another cloud do not mix in. Without any of them it is the server of `npm start` on this host.
 *
 * @throws CliError for what is missing, and when Keystone does not let us in
 */
export async function connect(options: GlobalOptions, env: Environment): Promise<Connection> {
  const setting = await settingsOf(options, env);
  const type = authType(setting);
  const connection: Connection = {
    endpoint: DEFAULT_ENDPOINT,
    token: null,
    isAdmin: true,
    timeoutMs: timeoutOf(options.httpTimeout ?? env.OS_NETWORK_TIMEOUT),
    insecure:
      options.insecure === true || /^(true|1|yes)$/i.test(setting('insecure') ?? '') || isFalse(setting('verify')),
    caFile: setting('cacert'),
    certFile: setting('cert'),
    keyFile: setting('key'),
    debug: options.debug === true || options.verbose === true,
  };
  if (!withoutAuth.has(type) && !withToken.has(type)) {
    const { signIn } = await import('./sign-in.ts');
    const { endpoint, token, isAdmin } = await signIn(type, setting, connection);
    return { ...connection, endpoint: checkedEndpoint(endpoint), token, isAdmin };
  }
  const endpoint = checkedEndpoint(setting('endpoint') ?? DEFAULT_ENDPOINT);
  if (withoutAuth.has(type)) return { ...connection, endpoint };
  const token = setting('token');
  if (!token) throw new CliError(`OS_AUTH_TYPE=${type} needs a token: set OS_TOKEN or give --os-token.`);
  return { ...connection, endpoint, token };
}

async function settingsOf(options: GlobalOptions, env: Environment): Promise<Setting> {
  const cloudName = text(options.osCloud) ?? text(env.OS_CLOUD);
  const fallback = cloudName === null ? variables(env) : await cloudSettings(cloudName, env);
  return (name) => {
    for (const one of [name, ...(synonyms[name] ?? [])]) {
      const given = text(options[camel(`os_${one}`)]);
      if (given !== null) return given;
    }
    for (const one of [name, ...(synonyms[name] ?? [])]) {
      const value = fallback(one);
      if (value !== null) return value;
    }
    return null;
  };
}

function variables(env: Environment): (name: string) => string | null {
  return (name) => text(env[`OS_${name.toUpperCase()}`]);
}

async function cloudSettings(name: string, env: Environment): Promise<(name: string) => string | null> {
  const { isMapping, readCloud } = await import('./clouds.ts');
  const cloud = await readCloud(name, env);
  const auth = isMapping(cloud.auth) ? cloud.auth : {};
  return (key) => text(auth[key] ?? cloud[key] ?? (key === 'region_name' ? firstRegion(cloud.regions) : null));
}

/** `regions` lists names, or mappings with one. */
function firstRegion(regions: unknown): unknown {
  const [first] = Array.isArray(regions) ? regions : [];
  return typeof first === 'object' && first !== null ? (first as { name?: unknown }).name : first;
}

function authType(setting: Setting): string {
  const given = setting('auth_type') ?? setting('auth_strategy');
  if (given && given !== 'keystone') return given;
  if (setting('application_credential_secret')) return 'v3applicationcredential';
  if (setting('auth_url') || setting('username') || setting('user_id')) {
    return setting('token') && !setting('password') ? 'token' : 'password';
  }
  return setting('token') ? 'admin_token' : 'none';
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function text(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

function isFalse(value: string | null): boolean {
  return value !== null && /^(false|0|no)$/i.test(value);
}

function checkedEndpoint(address: string): string {
  const isHttp = URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
  if (!isHttp) throw new CliError(`'${address}' is no address of the API; it looks like ${DEFAULT_ENDPOINT}`);
  return address.replace(/\/+$/, '').replace(/\/v2\.0$/, '');
}

function timeoutOf(seconds: unknown): number {
  if (seconds === undefined || seconds === '') return 120_000;
  if (!/^\d+(\.\d+)?$/.test(String(seconds))) throw new CliError(`'${seconds}' is no number of seconds`);
  return Number(seconds) * 1000;
}
