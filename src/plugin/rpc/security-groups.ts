import { portIdByPrefix } from '../../db/write/ports.ts';
import { portIdPrefix } from '../../lib/names.ts';
import type { Endpoint } from '../../rpc/transport.ts';
import type { Shared } from '../parts.ts';
import { wirePorts } from './wire.ts';

/**
 * What bridge agents ask before they let a port's frames through (upstream: db/securitygroups_rpc_base.py). There are no
 * groups yet: a port with port security has none, so nothing is allowed to it, and one without is left out, which means
 * that it is not filtered.
 */
export function securityGroupEndpoint(shared: Shared): Endpoint {
  return {
    version: '1.3',
    methods: {
      security_group_info_for_devices: async ({ devices }: { devices: string[] }) => ({
        devices: await securedDevices(shared, devices ?? []),
        security_groups: {},
        sg_member_ips: {},
      }),
      security_group_rules_for_devices: async ({ devices }: { devices: string[] }) =>
        securedDevices(shared, devices ?? []),
    },
  };
}

async function securedDevices(shared: Shared, devices: readonly string[]): Promise<Record<string, unknown>> {
  const { db } = shared.database;
  if (!shared.options.securityGroup.enable_security_group) return {};
  const deviceOf = new Map<string, string>();
  for (const device of devices) {
    const id = await portIdByPrefix(db, portIdPrefix(device) ?? device);
    if (id !== null) deviceOf.set(id, device);
  }
  const ports = await wirePorts(db, { id: [...deviceOf.keys()] });
  const secured = ports.filter(
    (port) => port.port_security_enabled !== false && !port.device_owner.startsWith('network:'),
  );
  return Object.fromEntries(
    secured.map((port) => [
      port.id,
      {
        ...port,
        fixed_ips: port.fixed_ips.map(({ ip_address }) => ip_address),
        security_group_rules: [],
        security_group_source_groups: [],
        security_group_remote_address_groups: [],
        device: deviceOf.get(port.id),
      },
    ]),
  );
}
