import { DriverConfigurationError } from '../ml2/errors.ts';
import { hasServicePlugin, type PluginOptions } from '../options.ts';

/** That there are routers for a service plugin that stands on them. @throws DriverConfigurationError */
export function requireRouters(options: Pick<PluginOptions, 'service'>, plugin: string): void {
  if (hasServicePlugin(options, 'router')) return;
  throw new DriverConfigurationError(
    `service_plugins in [DEFAULT] has '${plugin}', which needs 'router' beside it: there is nothing without routers`,
  );
}
