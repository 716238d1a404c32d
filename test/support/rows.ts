import { randomUUID } from 'node:crypto';
import type { Insertable } from 'kysely';
import type { Db } from '../../src/db/database.ts';
import type { Schema } from '../../src/db/schema.ts';

/** Rows for tests of the database alone: everything has a default, the caller says what matters. */
const standard = () => ({
  id: randomUUID() as string,
  project_id: 'project-1',
  name: '',
  description: '',
  created_at: '2026-11-23T10:00:00Z',
  updated_at: '2026-11-23T10:00:00Z',
  revision_number: 1,
});

type Changes<T extends keyof Schema> = Partial<Insertable<Schema[T]>>;

export async function insertNetwork(db: Db, changes: Changes<'networks'> = {}): Promise<string> {
  const row = {
    ...standard(),
    status: 'ACTIVE',
    admin_state_up: true,
    mtu: 1500,
    port_security_enabled: true,
    vlan_transparent: null,
    availability_zone_hints: '[]',
    dns_domain: '',
    ...changes,
  };
  await db.insertInto('networks').values(row).execute();
  return row.id;
}

export async function insertSegment(
  db: Db,
  network: string,
  changes: Changes<'networksegments'> = {},
): Promise<string> {
  const row = {
    id: randomUUID() as string,
    network_id: network,
    network_type: 'local',
    physical_network: null,
    segmentation_id: null,
    segment_index: 0,
    is_dynamic: false,
    name: null,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    revision_number: 0,
    ...changes,
  };
  await db.insertInto('networksegments').values(row).execute();
  return row.id;
}

export async function insertSubnet(db: Db, network: string, changes: Changes<'subnets'> = {}): Promise<string> {
  const row = {
    ...standard(),
    network_id: network,
    ip_version: 4,
    cidr: '10.0.0.0/16',
    gateway_ip: '10.0.0.1',
    enable_dhcp: true,
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    subnetpool_id: null,
    segment_id: null,
    ...changes,
  };
  await db.insertInto('subnets').values(row).execute();
  return row.id;
}

let macs = 0;

export async function insertPort(db: Db, network: string, changes: Changes<'ports'> = {}): Promise<string> {
  const tail = (++macs)
    .toString(16)
    .padStart(6, '0')
    .replace(/(..)(..)(..)/, '$1:$2:$3');
  const row = {
    ...standard(),
    network_id: network,
    mac_address: `fa:16:3e:${tail}`,
    admin_state_up: true,
    status: 'DOWN',
    device_id: '',
    device_owner: '',
    port_security_enabled: true,
    ip_allocation: 'immediate',
    dns_name: '',
    dns_domain: '',
    ...changes,
  };
  await db.insertInto('ports').values(row).execute();
  return row.id;
}

export async function insertBinding(db: Db, port: string, changes: Changes<'ml2_port_bindings'> = {}): Promise<void> {
  await db
    .insertInto('ml2_port_bindings')
    .values({
      port_id: port,
      host: '',
      vnic_type: 'normal',
      profile: '{}',
      vif_type: 'unbound',
      vif_details: '',
      status: 'ACTIVE',
      ...changes,
    })
    .execute();
}

/** @param number the address within 10.0.0.0/16 */
export async function insertAddress(
  db: Db,
  port: string,
  subnet: string,
  network: string,
  number: number,
): Promise<string> {
  const ip_address = `10.0.${number >> 8}.${number & 255}`;
  const ip_key = (0x0a000000 + number).toString(16).padStart(32, '0');
  await db
    .insertInto('ipallocations')
    .values({ port_id: port, subnet_id: subnet, network_id: network, ip_address, ip_key, position: 0 })
    .execute();
  return ip_address;
}

export async function insertAgent(db: Db, changes: Changes<'agents'> = {}): Promise<string> {
  const row = {
    id: randomUUID() as string,
    agent_type: 'Linux bridge agent',
    binary: 'neutron-linuxbridge-agent',
    topic: 'N/A',
    host: `host-${randomUUID()}`,
    admin_state_up: true,
    created_at: 1_700_000_000_000,
    started_at: 1_700_000_000_000,
    heartbeat_timestamp: 1_700_000_000_000,
    description: null,
    configurations: '{}',
    availability_zone: null,
    resource_versions: null,
    load: 0,
    resources_synced: null,
    ...changes,
  };
  await db.insertInto('agents').values(row).execute();
  return row.id;
}
