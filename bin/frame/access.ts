import type { AskIdentity } from '../../src/api/dashboard/sign-in.ts';
import type { Gate } from '../../src/api/gate.ts';
import { policyGate } from '../../src/api/policy/gate.ts';
import type { Config } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { keystoneOptions } from '../../src/config/options/identity.ts';
import { policyOptions } from '../../src/config/options/server.ts';
import { keystoneAuthentication } from '../../src/keystone/authentication.ts';
import { KeystoneClient } from '../../src/keystone/client.ts';
import { AuthOptionError, credentialsFrom } from '../../src/keystone/options.ts';
import { memcached, type SecondCache } from '../../src/keystone/second-cache.ts';
import { ServiceToken } from '../../src/keystone/service-token.ts';
import { TokenCheck } from '../../src/keystone/token-check.ts';
import type { Logger } from '../../src/lib/log.ts';
import type { Plugin } from '../../src/plugin/plugin.ts';
import { Policy } from '../../src/policy/policy.ts';
import { PolicyFiles } from './policy-files.ts';

const SECTION = 'keystone_authtoken';
const DEFAULT_TIMEOUT_S = 20;

/** Access as the configuration has it, checked: `open` begins to use it. */
export interface PreparedAccess {
  open(plugin: Plugin, logger: Logger): Access;
}

export interface Access {
  readonly authenticate: ReturnType<typeof keystoneAuthentication>;
  readonly gate: Gate;
  /** Where a client without a token is sent. */
  readonly challenge: string;
  /** Passes on what a browser asks of Keystone. */
  readonly askIdentity: AskIdentity;
  close(): Promise<void>;
}

/**
 * Who asks (`[keystone_authtoken]`) and what they may (`[oslo_policy]`), for a server with `auth_strategy = keystone`.
 * Keystone itself is asked with the first token, so that a server may start before it.
 *
 * @throws ConfigError, PolicyError: one line
 */
export function prepareAccess(config: Config): PreparedAccess {
  const options = config.get(keystoneOptions);
  const authUrl = options.auth_url ?? options.identity_uri;
  if (authUrl === null) {
    throw new ConfigError(
      `${config.where(SECTION, 'auth_url')}: is needed with auth_strategy = keystone; a server without Keystone has auth_strategy = noauth and bind_host = 127.0.0.1`,
    );
  }
  const credentials = credentialsOf(config);
  const makeCache = secondCache(config);
  const files = new PolicyFiles(config);
  const policy = new Policy(files.read(), config.get(policyOptions));
  const timeoutMs = (options.http_connect_timeout ?? options.timeout ?? DEFAULT_TIMEOUT_S) * 1000;
  return {
    open(plugin, logger) {
      const client = new KeystoneClient(authUrl, { ...options, timeoutMs });
      const second = makeCache?.(logger) ?? null;
      const service = new ServiceToken(client, credentials);
      const identify = keystoneAuthentication({
        check: new TokenCheck({ client, service, second, cacheSeconds: options.token_cache_time }),
        serviceRoles: options.service_token_roles,
        serviceRolesRequired: options.service_token_roles_required,
        logger,
      });
      const stopWatching = files.watch(policy, logger);
      return {
        authenticate: (headers, requestId) => {
          const caller = identify(headers, requestId);
          if (caller instanceof Promise) return caller.then((known) => known && policy.identify(known));
          return caller && policy.identify(caller);
        },
        gate: policyGate(policy, plugin),
        askIdentity: (question) => client.pass(question),
        challenge: options.www_authenticate_uri ?? authUrl,
        async close() {
          stopWatching();
          client.close();
          second?.close();
        },
      };
    },
  };
}

function credentialsOf(config: Config) {
  try {
    return credentialsFrom(config.get(keystoneOptions));
  } catch (error) {
    if (!(error instanceof AuthOptionError)) throw error;
    throw new ConfigError(`${config.where(SECTION, error.option)}: ${error.message}`, { cause: error });
  }
}

function secondCache(config: Config): ((logger: Logger) => SecondCache) | null {
  const { memcached_servers, memcache_security_strategy, memcache_secret_key } = config.get(keystoneOptions);
  if (memcached_servers.length === 0) return null;
  const strategy = memcache_security_strategy.toLowerCase() as 'none' | 'mac' | 'encrypt';
  if (strategy !== 'none' && memcache_secret_key === null) {
    throw new ConfigError(
      `${config.where(SECTION, 'memcache_secret_key')}: is needed with memcache_security_strategy = ${memcache_security_strategy}`,
    );
  }
  const protection = strategy === 'none' ? null : { strategy, secret: memcache_secret_key! };
  return (logger) => memcached({ servers: memcached_servers, protection, logger });
}
