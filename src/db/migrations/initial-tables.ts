import type { Columns } from './columns.ts';
import type { Migration } from './contract.ts';
import { type AnyDb, ID, index, NAME, resource, type Table, unique } from './tables.ts';

/**
 * Networks, segments, subnets, ports, agents and what hangs on them. The keys carry the invariants: a second port cannot
 * have the address on a subnet or the MAC on a network, whatever the code believed it read.
 * Children go with their parent (cascade) where deleting the parent means them too; a port with addresses keeps its subnet
 * and a network with ports or subnets keeps itself, so that nothing disappears by accident.
 */
export const initialTables: Migration = {
  revision: '1f0e6c2ab9d4',
  branch: 'expand',
  title: 'networks, subnets, ports, agents',
  async up(db, columns) {
    await networks(db, columns);
    await subnets(db, columns);
    await ports(db, columns);
    await agents(db, columns);
    await tagsAndOutbox(db, columns);
  },
};

async function networks(db: AnyDb, columns: Columns): Promise<void> {
  const { flag } = columns;
  await resource(db.schema.createTable('networks'), columns)
    .addColumn('status', 'varchar(16)', (c) => c.notNull())
    .addColumn('admin_state_up', flag, (c) => c.notNull())
    .addColumn('mtu', 'integer', (c) => c.notNull())
    .addColumn('port_security_enabled', flag, (c) => c.notNull())
    .addColumn('vlan_transparent', flag)
    .addColumn('availability_zone_hints', 'text', (c) => c.notNull())
    .addColumn('dns_domain', NAME, (c) => c.notNull())
    .execute();
  await index(db, 'networks', 'project_id');
  await index(db, 'networks', 'name');

  await db.schema
    .createTable('externalnetworks')
    .addColumn('network_id', ID, (c) => c.primaryKey().references('networks.id').onDelete('cascade'))
    .addColumn('is_default', flag, (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('networkrbacs')
    .addColumn('id', ID, (c) => c.primaryKey())
    .addColumn('project_id', NAME, (c) => c.notNull())
    .addColumn('object_id', ID, (c) => c.notNull().references('networks.id').onDelete('cascade'))
    .addColumn('target_project', NAME, (c) => c.notNull())
    .addColumn('action', 'varchar(255)', (c) => c.notNull())
    .execute();
  await unique(db, 'networkrbacs', 'object_id', 'action', 'target_project');

  await db.schema
    .createTable('networksegments')
    .addColumn('id', ID, (c) => c.primaryKey())
    .addColumn('network_id', ID, (c) => c.notNull().references('networks.id').onDelete('cascade'))
    .addColumn('network_type', 'varchar(32)', (c) => c.notNull())
    .addColumn('physical_network', 'varchar(64)')
    .addColumn('segmentation_id', columns.wide)
    .addColumn('segment_index', 'integer', (c) => c.notNull())
    .addColumn('is_dynamic', flag, (c) => c.notNull())
    .addColumn('name', NAME)
    .execute();
  await unique(db, 'networksegments', 'network_id', 'segment_index');
  await unique(db, 'networksegments', 'network_id', 'network_type', 'physical_network');
  await index(db, 'networksegments', 'physical_network', 'network_type', 'segmentation_id');

  // One flat network per physical network: the primary key says so.
  await db.schema
    .createTable('ml2_flat_allocations')
    .addColumn('physical_network', 'varchar(64)', (c) => c.primaryKey())
    .execute();
}

async function subnets(db: AnyDb, columns: Columns): Promise<void> {
  await resource(db.schema.createTable('subnets'), columns)
    .addColumn('network_id', ID, (c) => c.notNull().references('networks.id'))
    .addColumn('ip_version', 'integer', (c) => c.notNull())
    .addColumn('cidr', 'varchar(64)', (c) => c.notNull())
    .addColumn('gateway_ip', 'varchar(64)')
    .addColumn('enable_dhcp', columns.flag, (c) => c.notNull())
    .addColumn('ipv6_ra_mode', 'varchar(16)')
    .addColumn('ipv6_address_mode', 'varchar(16)')
    .addColumn('subnetpool_id', ID)
    .addColumn('segment_id', ID, (c) => c.references('networksegments.id'))
    .execute();
  await index(db, 'subnets', 'network_id');
  await index(db, 'subnets', 'project_id');
  await index(db, 'subnets', 'name');
  await index(db, 'subnets', 'segment_id');

  const subnetId = (table: Table): Table =>
    table.addColumn('subnet_id', ID, (c) => c.notNull().references('subnets.id').onDelete('cascade'));

  await subnetId(db.schema.createTable('ipallocationpools').addColumn('id', ID, (c) => c.primaryKey()))
    .addColumn('first_ip', 'varchar(64)', (c) => c.notNull())
    .addColumn('last_ip', 'varchar(64)', (c) => c.notNull())
    .addColumn('position', 'integer', (c) => c.notNull())
    .execute();
  await index(db, 'ipallocationpools', 'subnet_id');

  await columns
    .clustered(subnetId(db.schema.createTable('dnsnameservers')))
    .addColumn('address', 'varchar(128)', (c) => c.notNull())
    .addColumn('position', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_dnsnameservers', ['subnet_id', 'address'])
    .execute();

  await columns
    .clustered(subnetId(db.schema.createTable('subnetroutes')))
    .addColumn('destination', 'varchar(64)', (c) => c.notNull())
    .addColumn('nexthop', 'varchar(64)', (c) => c.notNull())
    .addColumn('position', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_subnetroutes', ['subnet_id', 'destination', 'nexthop'])
    .execute();

  await columns
    .clustered(subnetId(db.schema.createTable('subnet_service_types')))
    .addColumn('service_type', NAME, (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_subnet_service_types', ['subnet_id', 'service_type'])
    .execute();
}

async function ports(db: AnyDb, columns: Columns): Promise<void> {
  const { flag } = columns;
  await resource(db.schema.createTable('ports'), columns)
    .addColumn('network_id', ID, (c) => c.notNull().references('networks.id'))
    .addColumn('mac_address', 'varchar(32)', (c) => c.notNull())
    .addColumn('admin_state_up', flag, (c) => c.notNull())
    .addColumn('status', 'varchar(16)', (c) => c.notNull())
    .addColumn('device_id', NAME, (c) => c.notNull())
    .addColumn('device_owner', NAME, (c) => c.notNull())
    .addColumn('port_security_enabled', flag, (c) => c.notNull())
    .addColumn('ip_allocation', 'varchar(16)', (c) => c.notNull())
    .addColumn('dns_name', NAME, (c) => c.notNull())
    .addColumn('dns_domain', NAME, (c) => c.notNull())
    .execute();
  // In this order it also finds ports by MAC; each index is one more page to write per port.
  await unique(db, 'ports', 'mac_address', 'network_id');
  await index(db, 'ports', 'device_id');
  await index(db, 'ports', 'project_id');
  await index(db, 'ports', 'name');
  await index(db, 'ports', 'network_id', 'device_owner');

  const portId = (table: Table): Table =>
    table.addColumn('port_id', ID, (c) => c.notNull().references('ports.id').onDelete('cascade'));

  await columns
    .clustered(portId(db.schema.createTable('ipallocations')))
    .addColumn('subnet_id', ID, (c) => c.notNull().references('subnets.id'))
    .addColumn('network_id', ID, (c) => c.notNull())
    .addColumn('ip_address', 'varchar(64)', (c) => c.notNull())
    .addColumn('ip_key', 'varchar(32)', (c) => c.notNull())
    .addColumn('position', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_ipallocations', ['port_id', 'subnet_id', 'ip_key'])
    .execute();
  await unique(db, 'ipallocations', 'subnet_id', 'ip_key');
  await index(db, 'ipallocations', 'ip_address');

  await columns
    .clustered(portId(db.schema.createTable('ml2_port_bindings')))
    .addColumn('host', NAME, (c) => c.notNull())
    .addColumn('vnic_type', 'varchar(64)', (c) => c.notNull())
    .addColumn('profile', 'text', (c) => c.notNull())
    .addColumn('vif_type', 'varchar(64)', (c) => c.notNull())
    .addColumn('vif_details', 'text', (c) => c.notNull())
    .addColumn('status', 'varchar(16)', (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_ml2_port_bindings', ['port_id', 'host'])
    .execute();
  await index(db, 'ml2_port_bindings', 'host');

  await columns
    .clustered(portId(db.schema.createTable('ml2_port_binding_levels')))
    .addColumn('host', NAME, (c) => c.notNull())
    .addColumn('level', 'integer', (c) => c.notNull())
    .addColumn('driver', 'varchar(64)', (c) => c.notNull())
    .addColumn('segment_id', ID, (c) => c.notNull().references('networksegments.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('pk_ml2_port_binding_levels', ['port_id', 'host', 'level'])
    .execute();
  await index(db, 'ml2_port_binding_levels', 'segment_id');

  await columns
    .clustered(portId(db.schema.createTable('allowedaddresspairs')))
    .addColumn('mac_address', 'varchar(32)', (c) => c.notNull())
    .addColumn('ip_address', 'varchar(64)', (c) => c.notNull())
    .addColumn('position', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_allowedaddresspairs', ['port_id', 'mac_address', 'ip_address'])
    .execute();

  await portId(db.schema.createTable('extradhcpopts').addColumn('id', ID, (c) => c.primaryKey()))
    .addColumn('opt_name', 'varchar(64)', (c) => c.notNull())
    .addColumn('opt_value', NAME, (c) => c.notNull())
    .addColumn('ip_version', 'integer', (c) => c.notNull())
    .execute();
  await unique(db, 'extradhcpopts', 'port_id', 'opt_name', 'ip_version');

  await columns
    .clustered(portId(db.schema.createTable('provisioningblocks')))
    .addColumn('entity', 'varchar(16)', (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_provisioningblocks', ['port_id', 'entity'])
    .execute();
}

async function agents(db: AnyDb, columns: Columns): Promise<void> {
  const { flag } = columns;
  await db.schema
    .createTable('agents')
    .addColumn('id', ID, (c) => c.primaryKey())
    .addColumn('agent_type', NAME, (c) => c.notNull())
    .addColumn('binary', NAME, (c) => c.notNull())
    .addColumn('topic', NAME, (c) => c.notNull())
    .addColumn('host', NAME, (c) => c.notNull())
    .addColumn('admin_state_up', flag, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('heartbeat_timestamp', 'bigint', (c) => c.notNull())
    .addColumn('description', NAME)
    .addColumn('configurations', 'text', (c) => c.notNull())
    .addColumn('availability_zone', NAME)
    .addColumn('resource_versions', 'text')
    .addColumn('load', 'integer', (c) => c.notNull())
    .addColumn('resources_synced', flag)
    .execute();
  await unique(db, 'agents', 'agent_type', 'host');
  await index(db, 'agents', 'host');

  await columns
    .clustered(db.schema.createTable('networkdhcpagentbindings'))
    .addColumn('network_id', ID, (c) => c.notNull().references('networks.id').onDelete('cascade'))
    .addColumn('dhcp_agent_id', ID, (c) => c.notNull().references('agents.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('pk_networkdhcpagentbindings', ['network_id', 'dhcp_agent_id'])
    .execute();
  await index(db, 'networkdhcpagentbindings', 'dhcp_agent_id');
}

async function tagsAndOutbox(db: AnyDb, columns: Columns): Promise<void> {
  await columns
    .clustered(db.schema.createTable('tags'))
    .addColumn('resource_type', 'varchar(32)', (c) => c.notNull())
    .addColumn('resource_id', ID, (c) => c.notNull())
    .addColumn('tag', NAME, (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_tags', ['resource_type', 'resource_id', 'tag'])
    .execute();
  await index(db, 'tags', 'resource_type', 'tag');

  await columns
    .counter(db.schema.createTable('outbox'), 'id')
    .addColumn('resource_type', 'varchar(32)', (c) => c.notNull())
    .addColumn('resource_id', ID, (c) => c.notNull())
    .addColumn('action', 'varchar(32)', (c) => c.notNull())
    .addColumn('payload', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('attempted_at', 'bigint', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .execute();
}
