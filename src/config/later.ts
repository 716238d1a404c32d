import type { Config } from './config.ts';
import { ConfigError } from './errors.ts';
import { commonOptions } from './options/common.ts';

/** What a program is about to use, of the things this release reads and checks but does not serve yet. */
export type Need = 'database' | 'queue';

/**
 * Refuses to start with services that a later release brings, instead of starting and doing something else.
 *
 * @throws ConfigError for the first option that asks for one
 */
export function refuseUnserved(config: Config, needs: readonly Need[]): void {
  if (needs.includes('queue')) {
    const { transport_url } = config.get(commonOptions);
    if (!transport_url.startsWith('local:')) {
      throw new ConfigError(
        `${config.where('DEFAULT', 'transport_url')}: RabbitMQ comes in a later release; until then give local:///path/of/a/socket, in a later --config-file if this one must stay`,
      );
    }
  }
}

/** Path of the socket of a `local://` transport URL. */
export function busSocketPath(transportUrl: string): string {
  return transportUrl.replace(/^local:(\/\/)?/, '');
}
