import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../../../src/db/database.ts';
import { admin, makeTenants, member, type Tenants } from '../../support/tenants.ts';

/** A project with one of everything, of which nothing is anybody else's business, and another that is after it. */
export const victim = member('victim');
export const attacker = { project: 'attacker', roles: ['manager', 'member', 'reader'] };
/** Whom the victim shares one of its networks with, and nothing else. */
export const third = member('third');

/** Ids of one of everything, by what it is. */
export interface Ids {
  readonly network: string;
  readonly subnet: string;
  readonly port: string;
  readonly group: string;
  readonly rule: string;
  readonly addressGroup: string;
  readonly scope: string;
  readonly pool: string;
  readonly rbac: string;
  readonly trunk: string;
  readonly router: string;
  /** An interface of the router. */
  readonly leg: string;
  /** A port on the trunk. */
  readonly carried: string;
  readonly segment: string;
  readonly range: string;
  readonly profile: string;
}

/** An id of its own for each, which nothing has. */
export function nobodys(): Ids {
  const id = () => randomUUID() as string;
  return {
    network: id(),
    subnet: id(),
    port: id(),
    group: id(),
    rule: id(),
    addressGroup: id(),
    scope: id(),
    pool: id(),
    rbac: id(),
    trunk: id(),
    router: id(),
    leg: id(),
    carried: id(),
    segment: id(),
    range: id(),
    profile: id(),
  };
}

export interface Stage {
  readonly tenants: Tenants;
  readonly theirs: Ids;
  readonly own: Omit<Ids, 'range' | 'profile' | 'segment'>;
}

export async function raise(parts: { database?: Database; newDefaults?: boolean } = {}): Promise<Stage> {
  const t = await makeTenants({
    ...parts,
    options: {
      ml2: { type_drivers: ['local', 'vlan', 'vxlan'], tenant_network_types: ['vxlan'] },
      vxlan: { vni_ranges: ['1000:2000'] },
      securityGroup: { enable_security_group: true },
      service: {
        service_plugins: [
          'segments',
          'network_segment_range',
          'trunk',
          'router',
          'auto_allocate',
          'network_ip_availability',
        ],
      },
    },
  });
  const furnish = async (who: typeof victim, octet: number): Promise<Omit<Ids, 'range' | 'profile' | 'segment'>> => {
    const make = async (collection: string, input: object) => (await t.create(who, collection, input)).id as string;
    const secret = `secret of ${who.project}`;
    const text = { name: secret, description: secret };
    const network = await make('networks', text);
    const subnet = await make('subnets', { ...text, network_id: network, ip_version: 4, cidr: `10.${octet}.0.0/24` });
    const group = await make('security-groups', text);
    const addressGroup = await make('address-groups', { ...text, addresses: [`10.${octet}.9.0/24`] });
    const rule = await make('security-group-rules', { security_group_id: group, direction: 'ingress' });
    const port = await make('ports', { ...text, network_id: network, security_groups: [group], device_id: secret });
    const parent = await make('ports', { ...text, network_id: network });
    const carried = await make('ports', { ...text, network_id: network });
    const sub_ports = [{ port_id: carried, segmentation_type: 'vlan', segmentation_id: 100 }];
    const trunk = await make('trunks', { ...text, port_id: parent, sub_ports });
    const router = await make('routers', text);
    const legged = await t.ask(who, 'PUT', `routers/${router}/add_router_interface`, { subnet_id: subnet });
    const leg = legged.body.port_id as string;
    const scope = await make('address-scopes', { name: secret, ip_version: 4 });
    const prefixes = [`172.${octet}.0.0/16`];
    const pool = await make('subnetpools', { ...text, prefixes, address_scope_id: scope });
    const shared = await make('networks', text);
    const policy = { object_type: 'network', object_id: shared, action: 'access_as_shared', target_tenant: 'third' };
    const rbac = await make('rbac-policies', policy);
    const tagged = {
      networks: network,
      subnets: subnet,
      ports: port,
      'security-groups': group,
      subnetpools: pool,
      trunks: trunk,
      routers: router,
    };
    for (const [collection, id] of Object.entries(tagged)) {
      await t.ask(who, 'PUT', `${collection}/${id}/tags`, { tags: [secret.replaceAll(' ', '-')] });
    }
    return { network, subnet, port, group, rule, addressGroup, scope, pool, rbac, trunk, carried, router, leg };
  };
  const theirs = await furnish(victim, 16);
  const own = await furnish(attacker, 17);
  const segments = (await t.ask(admin, 'GET', `segments?network_id=${theirs.network}`)).body.segments;
  const range = await t.create(admin, 'network-segment-ranges', {
    name: 'secret of victim',
    shared: false,
    project_id: victim.project,
    network_type: 'vlan',
    physical_network: 'physnet1',
    minimum: 1,
    maximum: 9,
  });
  const profile = await t.create(admin, 'service_profiles', { metainfo: 'secret of victim', driver: '' });
  await t.ask(admin, 'PUT', `quotas/${victim.project}`, { quota: { network: 77 } });
  return { tenants: t, theirs: { ...theirs, segment: segments[0].id, range: range.id, profile: profile.id }, own };
}

/**
 * Every row of every table, as text: two that are equal mean that nothing happened in between. Without what is still to be
 * told, which goes by itself, and what servers say of themselves.
 */
export async function everything({ db }: Database): Promise<string[]> {
  const tables = await sql<{ name: string }>`
    select name from sqlite_master where type = 'table' and name not like 'sqlite_%'
      and name not in ('outbox', 'neutrino_duties', 'neutrino_servers', 'neutrino_usage_samples')
      order by name`.execute(db);
  const lines: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await sql<object>`select * from ${sql.table(name)}`.execute(db);
    lines.push(...rows.map((row) => `${name} ${JSON.stringify(row)}`).sort());
  }
  return lines;
}
