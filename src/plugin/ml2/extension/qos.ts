import type { ExtensionDriver } from '../contract.ts';

/**
 * `qos_policy_id` of networks and ports. Upstream has it by this driver where there is the service plugin `qos`; here the
 * service plugin alone brings it, and the name is taken as files of upstream have it.
 */
export function qosExtensionDriver(): ExtensionDriver {
  return { name: 'qos', async initialize() {} };
}
