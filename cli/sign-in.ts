import { KeystoneClient, KeystoneRefusal, KeystoneUnavailable } from '../src/keystone/client.ts';
import { AuthOptionError, type AuthOptions, credentialsFrom } from '../src/keystone/options.ts';
import { endpointOf } from '../src/keystone/token.ts';
import type { Connection, Setting } from './connection.ts';
import { CliError } from './errors.ts';
import { authNames } from './global-options.ts';

/** A token of Keystone, and where its catalog says the API is. The token is kept in memory only. */
export interface SignedIn {
  endpoint: string;
  token: string;
  isAdmin: boolean;
}

/** @param how TLS and time limits, the same for Keystone and the API @throws CliError */
export async function signIn(type: string, setting: Setting, how: Connection): Promise<SignedIn> {
  const authUrl = setting('auth_url');
  if (!authUrl) {
    throw new CliError(
      'Keystone is needed to sign in: set OS_AUTH_URL (auth_url in clouds.yaml), or OS_AUTH_TYPE=none for a server without it.',
    );
  }
  if (!URL.canParse(authUrl))
    throw new CliError(`'${authUrl}' is no address of Keystone; it looks like http://HOST:5000/v3`);
  const keystone = new KeystoneClient(authUrl, {
    cafile: how.caFile,
    certfile: how.certFile,
    keyfile: how.keyFile,
    insecure: how.insecure,
    timeoutMs: how.timeoutMs,
  });
  try {
    const { token, roles, catalog, projectId } = await keystone.issue(credentialsFrom(authOptions(type, setting)));
    const wanted = {
      type: setting('service_type') ?? 'network',
      interface: setting('interface') ?? 'public',
      region: setting('region_name'),
    };
    const endpoint = setting('endpoint') ?? endpointOf(catalog, wanted);
    if (endpoint === null) throw new CliError(nowhere(wanted, catalog.length === 0 && projectId === null));
    return { endpoint, token, isAdmin: roles.includes('admin') };
  } catch (error) {
    throw asCliError(error, authUrl);
  } finally {
    keystone.close();
  }
}

function authOptions(type: string, setting: Setting): AuthOptions {
  const given = Object.fromEntries(authNames.map((name) => [name, setting(name)])) as Omit<AuthOptions, 'auth_type'>;
  return { ...given, auth_type: type };
}

function nowhere(wanted: { type: string; interface: string; region: string | null }, isUnscoped: boolean): string {
  if (isUnscoped) return 'The token is for no project, so Keystone lists no services: set OS_PROJECT_NAME.';
  const where = wanted.region ? ` in region ${wanted.region}` : '';
  return `Keystone's catalog has no ${wanted.interface} endpoint of service type ${wanted.type}${where}: see OS_REGION_NAME and OS_INTERFACE, or set OS_ENDPOINT.`;
}

function asCliError(error: unknown, authUrl: string): unknown {
  if (error instanceof AuthOptionError) {
    const { option, message } = error;
    return new CliError(`${option} ${message}: set OS_${option.toUpperCase()}, or ${option} in clouds.yaml.`);
  }
  if (error instanceof KeystoneRefusal) {
    const next = error.status === 404 ? 'is OS_AUTH_URL right?' : 'see user, password, project and domains.';
    return new CliError(`Keystone refuses: ${error.message} Next: ${next}`, { cause: error });
  }
  if (error instanceof KeystoneUnavailable) {
    return new CliError(
      `Unable to sign in at ${authUrl}: ${error.message}; is OS_AUTH_URL right, and Keystone running?`,
      {
        cause: error,
      },
    );
  }
  return error;
}
