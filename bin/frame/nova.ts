import type { Config } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { keystoneOptions, novaOptions } from '../../src/config/options/identity.ts';
import { serverOptions } from '../../src/config/options/server.ts';
import type { KeystoneClient } from '../../src/keystone/client.ts';
import { AuthOptionError, credentialsFrom } from '../../src/keystone/options.ts';
import type { Logger } from '../../src/lib/log.ts';
import type { Nova } from '../../src/plugin/nova/contract.ts';

const SECTION = 'nova';
const DEFAULT_TIMEOUT_S = 20;

/**
 * Nova as `[nova]` says how to reach it, checked; null where it says nothing, or Nova wants to know nothing. Neither
 * Keystone nor Nova is asked before there is something to tell.
 *
 * @throws ConfigError one line
 */
export async function prepareNova(config: Config): Promise<((logger: Logger) => Nova) | null> {
  const options = config.get(novaOptions);
  const server = config.get(serverOptions);
  const statusChanges = server.notify_nova_on_port_status_changes;
  const dataChanges = server.notify_nova_on_port_data_changes;
  const auth = authOptions(config);
  if (auth.auth_url === null || auth.auth_type === null || !(statusChanges || dataChanges)) return null;
  const { auth_url } = auth;
  const credentials = credentialsOf(config, auth);
  const [{ ServerEvents }, { KeystoneClient }, { ServiceToken }] = await Promise.all([
    import('../../src/nova/server-events.ts'),
    import('../../src/keystone/client.ts'),
    import('../../src/keystone/service-token.ts'),
  ]);
  const http = { ...options, timeoutMs: (options.timeout || DEFAULT_TIMEOUT_S) * 1000 };
  return (logger) => {
    const keystone: KeystoneClient = new KeystoneClient(auth_url, http);
    const events = new ServerEvents({
      token: new ServiceToken(keystone, credentials),
      http,
      endpoint: {
        override: options.endpoint_override,
        interface: options.endpoint_type,
        region: options.region_name,
      },
      logger,
    });
    return {
      statusChanges,
      dataChanges,
      intervalMs: server.send_events_interval * 1000,
      send: (batch, requestId) => events.send(batch, requestId),
      close() {
        events.close();
        keystone.close();
      },
    };
  };
}

/** Those of the section that `auth_section` names, if it names one. */
function authOptions(config: Config) {
  const { auth_section } = config.get(novaOptions);
  if (auth_section === null || auth_section === SECTION) return config.get(novaOptions);
  if (auth_section === 'keystone_authtoken') return config.get(keystoneOptions);
  throw new ConfigError(`${config.where(SECTION, 'auth_section')}: can be keystone_authtoken, or left out`);
}

function credentialsOf(config: Config, auth: ReturnType<typeof authOptions>) {
  try {
    return credentialsFrom(auth);
  } catch (error) {
    if (!(error instanceof AuthOptionError)) throw error;
    throw new ConfigError(`${config.where(SECTION, error.option)}: ${error.message}`, { cause: error });
  }
}
