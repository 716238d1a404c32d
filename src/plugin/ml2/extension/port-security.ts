import type { ExtensionDriver } from '../contract.ts';

/**
 * `port_security_enabled` on networks and ports. The values are columns of the resources themselves, written with them by
 * the network and port domains; this driver stands for the attribute being there.
 */
export function portSecurityExtensionDriver(): ExtensionDriver {
  return { name: 'port_security', alias: 'port-security', async initialize() {} };
}

/**
 * Whether a new port is filtered: what was asked for, else what its network says; ports of the infrastructure are trusted
 * (upstream: plugins/ml2/extensions/port_security.py).
 */
export function portSecurityOfNewPort(
  requested: boolean | undefined,
  deviceOwner: string,
  networkDefault: boolean,
): boolean {
  if (deviceOwner.startsWith('network:')) return false;
  return requested ?? networkDefault;
}
