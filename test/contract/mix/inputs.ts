import type { Json } from '../../support/api.ts';
import type { Ledger } from './ledger.ts';

export interface Chances {
  readonly name: string;
  /** Another one each time, for ranges that do not overlap. */
  readonly number: number;
  readonly ledger: Ledger;
  readonly random: () => number;
  /** Networks of everybody in the project. */
  readonly networks: readonly string[];
  readonly others: readonly string[];
}

/** What a new one is made of; null where it needs something that is not there yet. */
export function inputOf(collection: string, chances: Chances): Json | null {
  const { name, number, ledger, random } = chances;
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const own = (of: string): string | undefined => one(ledger.ids(of));
  switch (collection) {
    case 'networks':
    case 'security_groups':
      return { name };
    case 'subnets': {
      const network_id = own('networks');
      if (network_id === undefined) return null;
      // Subnets of one network come from one pool, or none from any.
      const first = [...ledger.of('subnets').values()].find((subnet) => subnet.network_id === network_id);
      const pool = first ? first.subnetpool_id : random() < 0.4 ? own('subnetpools') : null;
      if (pool) return { name, network_id, ip_version: 4, subnetpool_id: pool };
      const cidr = `10.${number >> 8}.${number & 255}.0/28`;
      return { name, network_id, ip_version: 4, cidr, dns_nameservers: ['192.0.2.1'] };
    }
    case 'address_scopes':
      return { name, ip_version: 4 };
    case 'subnetpools': {
      const lengths = { default_prefixlen: 28, min_prefixlen: 26 };
      const scope = random() < 0.3 ? own('address_scopes') : undefined;
      if (scope === undefined) return { name, prefixes: ['172.16.0.0/22'], ...lengths };
      // Pools of one scope do not overlap: 409 where they would.
      return { name, prefixes: [`172.${16 + (number % 3)}.0.0/22`], ...lengths, address_scope_id: scope };
    }
    case 'ports': {
      const network_id = one([...chances.networks, ...ledger.ids('networks')]);
      const group = own('security_groups');
      return { name, network_id, ...(group && random() < 0.5 && { security_groups: [group] }) };
    }
    case 'security_group_rules': {
      const security_group_id = own('security_groups');
      if (security_group_id === undefined) return null;
      const port = 1 + Math.floor(random() * 40);
      const match = { direction: 'ingress', protocol: 'tcp', port_range_min: port, port_range_max: port };
      const remote = one([null, 'remote_group_id', 'remote_address_group_id']);
      const of = remote === 'remote_group_id' ? own('security_groups') : own('address_groups');
      return { security_group_id, ...match, ...(remote && of && { [remote]: of }) };
    }
    case 'address_groups':
      return { name, addresses: ['192.0.2.0/24'] };
    case 'rbac_policies': {
      const object_type = one(['network', 'security_group', 'address_group', 'subnetpool']);
      const object_id = own(object_type === 'network' ? 'networks' : `${object_type}s`);
      const target_tenant = one(chances.others);
      return object_id ? { object_type, object_id, action: 'access_as_shared', target_tenant } : null;
    }
    default:
      throw new Error(collection);
  }
}
