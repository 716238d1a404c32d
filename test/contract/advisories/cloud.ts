import { makeTenants, member, type Tenants } from '../../support/tenants.ts';

/** Two projects of one cloud, as each advisory's attacker and victim. */
export const victim = member('victim');
export const attacker = member('attacker');
export const manager = { project: 'attacker', roles: ['manager', 'member', 'reader'] };

// biome-ignore lint/suspicious/noExplicitAny: bodies of all kinds
export type Answer = { status: number; body: any };

/** Status and type of error, as one word. */
export const outcome = ({ status, body }: Answer): string =>
  `${status} ${body?.NeutronError?.type ?? body?.type ?? ''}`.trim();

export function makeCloud(): Promise<Tenants> {
  return makeTenants({
    options: {
      ml2: { type_drivers: ['local', 'vlan', 'vxlan'], tenant_network_types: ['vxlan'] },
      vlan: { network_vlan_ranges: ['physnet1:100:200'] },
      vxlan: { vni_ranges: ['1000:2000'] },
      securityGroup: { enable_security_group: true },
      service: { service_plugins: ['segments', 'router'] },
    },
  });
}

/** A network with a subnet that the victim lets the attacker use. */
export async function sharedNetwork(t: Tenants): Promise<{ network: string; subnet: string }> {
  const { id: network } = await t.create(victim, 'networks', { name: 'shared' });
  const { id: subnet } = await t.create(victim, 'subnets', { network_id: network, ip_version: 4, cidr: '10.0.0.0/24' });
  const open = { object_type: 'network', object_id: network, action: 'access_as_shared' };
  await t.create(victim, 'rbac-policies', { ...open, target_tenant: attacker.project });
  return { network, subnet };
}

/** Whether bridge agents are told to filter a port. */
export async function isFiltered(t: Tenants, port: string): Promise<boolean> {
  const { devices } = await t.askAsAgent('security_group_info_for_devices', { devices: [`tap${port.slice(0, 11)}`] });
  return Object.hasOwn(devices, port);
}
