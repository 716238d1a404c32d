import type { Columns } from './columns.ts';
import type { Migration } from './contract.ts';
import { type AnyDb, ID, index, NAME, namelessResource, resource, unique } from './tables.ts';

/**
 * Routers and what makes them work: ports, routes, floating addresses and their forwardings, who serves them. Keys are what
 * requests race for. What upstream keeps in `router_extra_attributes` stands with the router.
 */
export const routers: Migration = {
  revision: '5c9d27e0a41f',
  branch: 'expand',
  title: 'routers, floating IPs, metering',
  async up(db, columns) {
    await routerTables(db, columns);
    await floatingTables(db, columns);
    await agentTables(db, columns);
    await meteringTables(db, columns);
  },
};

async function routerTables(db: AnyDb, columns: Columns): Promise<void> {
  const { flag } = columns;
  await resource(db.schema.createTable('routers'), columns)
    .addColumn('status', 'varchar(16)', (c) => c.notNull())
    .addColumn('admin_state_up', flag, (c) => c.notNull())
    .addColumn('gw_port_id', ID, (c) => c.references('ports.id'))
    .addColumn('enable_snat', flag, (c) => c.notNull())
    .addColumn('flavor_id', ID, (c) => c.references('flavors.id'))
    .addColumn('ha', flag, (c) => c.notNull())
    .addColumn('ha_vr_id', 'integer', (c) => c.notNull())
    .addColumn('availability_zone_hints', 'text', (c) => c.notNull())
    .addColumn('enable_ndp_proxy', flag, (c) => c.notNull())
    .execute();
  await index(db, 'routers', 'project_id');
  await index(db, 'routers', 'gw_port_id');

  // A port belongs to one router; it is deleted by the router's own code, so its row goes with it.
  await columns
    .clustered(db.schema.createTable('routerports'))
    .addColumn('port_id', ID, (c) => c.primaryKey().references('ports.id').onDelete('cascade'))
    .addColumn('router_id', ID, (c) => c.notNull().references('routers.id').onDelete('cascade'))
    .addColumn('port_type', NAME, (c) => c.notNull())
    .execute();
  await index(db, 'routerports', 'router_id');

  await columns
    .clustered(db.schema.createTable('routerroutes'))
    .addColumn('router_id', ID, (c) => c.notNull().references('routers.id').onDelete('cascade'))
    .addColumn('destination', 'varchar(64)', (c) => c.notNull())
    .addColumn('nexthop', 'varchar(64)', (c) => c.notNull())
    .addColumn('position', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_routerroutes', ['router_id', 'destination', 'nexthop'])
    .execute();

  await columns
    .clustered(db.schema.createTable('qos_router_gw_policy_bindings'))
    .addColumn('router_id', ID, (c) => c.primaryKey().references('routers.id').onDelete('cascade'))
    .addColumn('policy_id', ID, (c) => c.notNull().references('qos_policies.id'))
    .execute();
  await index(db, 'qos_router_gw_policy_bindings', 'policy_id');

  await columns
    .clustered(db.schema.createTable('conntrack_helpers'))
    .addColumn('id', ID, (c) => c.primaryKey())
    .addColumn('router_id', ID, (c) => c.notNull().references('routers.id').onDelete('cascade'))
    .addColumn('protocol', 'varchar(40)', (c) => c.notNull())
    .addColumn('port', 'integer', (c) => c.notNull())
    .addColumn('helper', 'varchar(64)', (c) => c.notNull())
    .execute();
  await unique(db, 'conntrack_helpers', 'router_id', 'protocol', 'port', 'helper');

  await resource(db.schema.createTable('ndp_proxies'), columns)
    .addColumn('router_id', ID, (c) => c.notNull().references('routers.id').onDelete('cascade'))
    .addColumn('port_id', ID, (c) => c.notNull().references('ports.id').onDelete('cascade'))
    .addColumn('ip_address', 'varchar(64)', (c) => c.notNull())
    .execute();
  await unique(db, 'ndp_proxies', 'port_id', 'ip_address');
  await index(db, 'ndp_proxies', 'router_id');
  await index(db, 'ndp_proxies', 'project_id');
}

async function floatingTables(db: AnyDb, columns: Columns): Promise<void> {
  await namelessResource(db.schema.createTable('floatingips'), columns)
    .addColumn('floating_ip_address', 'varchar(64)', (c) => c.notNull())
    .addColumn('floating_network_id', ID, (c) => c.notNull())
    .addColumn('floating_port_id', ID, (c) => c.notNull().references('ports.id').onDelete('cascade'))
    .addColumn('fixed_port_id', ID, (c) => c.references('ports.id'))
    .addColumn('fixed_ip_address', 'varchar(64)')
    .addColumn('router_id', ID, (c) => c.references('routers.id'))
    .addColumn('last_known_router_id', ID)
    .addColumn('status', 'varchar(16)', (c) => c.notNull())
    .addColumn('dns_name', NAME, (c) => c.notNull())
    .addColumn('dns_domain', NAME, (c) => c.notNull())
    .execute();
  await unique(db, 'floatingips', 'floating_port_id');
  // One address of a port has one floating address of a network at most.
  await unique(db, 'floatingips', 'floating_network_id', 'fixed_port_id', 'fixed_ip_address');
  await index(db, 'floatingips', 'project_id');
  await index(db, 'floatingips', 'router_id');
  await index(db, 'floatingips', 'fixed_port_id');
  await index(db, 'floatingips', 'floating_ip_address');

  await columns
    .clustered(db.schema.createTable('qos_fip_policy_bindings'))
    .addColumn('fip_id', ID, (c) => c.primaryKey().references('floatingips.id').onDelete('cascade'))
    .addColumn('policy_id', ID, (c) => c.notNull().references('qos_policies.id'))
    .execute();
  await index(db, 'qos_fip_policy_bindings', 'policy_id');

  await namelessResource(db.schema.createTable('portforwardings'), columns)
    .addColumn('floatingip_id', ID, (c) => c.notNull().references('floatingips.id').onDelete('cascade'))
    .addColumn('internal_port_id', ID, (c) => c.notNull().references('ports.id').onDelete('cascade'))
    .addColumn('internal_ip_address', 'varchar(64)', (c) => c.notNull())
    .addColumn('protocol', 'varchar(40)', (c) => c.notNull())
    .addColumn('external_port_start', 'integer')
    .addColumn('external_port_end', 'integer')
    .addColumn('internal_port_start', 'integer')
    .addColumn('internal_port_end', 'integer')
    .execute();
  await unique(db, 'portforwardings', 'floatingip_id', 'protocol', 'external_port_start', 'external_port_end');
  await index(db, 'portforwardings', 'internal_port_id');
}

async function agentTables(db: AnyDb, columns: Columns): Promise<void> {
  // `binding_index` is the place among the agents of the router: two servers that choose at once race for it.
  await columns
    .clustered(db.schema.createTable('routerl3agentbindings'))
    .addColumn('router_id', ID, (c) => c.notNull().references('routers.id').onDelete('cascade'))
    .addColumn('l3_agent_id', ID, (c) => c.notNull().references('agents.id').onDelete('cascade'))
    .addColumn('binding_index', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_routerl3agentbindings', ['router_id', 'l3_agent_id'])
    .execute();
  await unique(db, 'routerl3agentbindings', 'router_id', 'binding_index');
  await index(db, 'routerl3agentbindings', 'l3_agent_id');

  // The hidden network over which a project's HA routers speak VRRP.
  await columns
    .clustered(db.schema.createTable('ha_router_networks'))
    .addColumn('project_id', NAME, (c) => c.primaryKey())
    .addColumn('network_id', ID, (c) => c.notNull().references('networks.id').onDelete('cascade'))
    .execute();
  await index(db, 'ha_router_networks', 'network_id');

  await columns
    .clustered(db.schema.createTable('ha_router_vrid_allocations'))
    .addColumn('network_id', ID, (c) => c.notNull().references('networks.id').onDelete('cascade'))
    .addColumn('vr_id', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_ha_router_vrid_allocations', ['network_id', 'vr_id'])
    .execute();

  await columns
    .clustered(db.schema.createTable('ha_router_agent_port_bindings'))
    .addColumn('port_id', ID, (c) => c.primaryKey().references('ports.id').onDelete('cascade'))
    .addColumn('router_id', ID, (c) => c.notNull().references('routers.id').onDelete('cascade'))
    .addColumn('l3_agent_id', ID, (c) => c.references('agents.id').onDelete('cascade'))
    .addColumn('state', 'varchar(16)', (c) => c.notNull())
    .execute();
  await unique(db, 'ha_router_agent_port_bindings', 'router_id', 'l3_agent_id');
  await index(db, 'ha_router_agent_port_bindings', 'l3_agent_id');
}

async function meteringTables(db: AnyDb, columns: Columns): Promise<void> {
  await columns
    .clustered(db.schema.createTable('meteringlabels'))
    .addColumn('id', ID, (c) => c.primaryKey())
    .addColumn('project_id', NAME, (c) => c.notNull())
    .addColumn('name', NAME, (c) => c.notNull())
    .addColumn('description', 'varchar(1024)', (c) => c.notNull())
    .addColumn('shared', columns.flag, (c) => c.notNull())
    .execute();
  await index(db, 'meteringlabels', 'project_id');

  await columns
    .clustered(db.schema.createTable('meteringlabelrules'))
    .addColumn('id', ID, (c) => c.primaryKey())
    .addColumn('metering_label_id', ID, (c) => c.notNull().references('meteringlabels.id').onDelete('cascade'))
    .addColumn('direction', 'varchar(16)', (c) => c.notNull())
    .addColumn('excluded', columns.flag, (c) => c.notNull())
    .addColumn('remote_ip_prefix', 'varchar(64)')
    .addColumn('source_ip_prefix', 'varchar(64)')
    .addColumn('destination_ip_prefix', 'varchar(64)')
    .execute();
  await index(db, 'meteringlabelrules', 'metering_label_id');
}
