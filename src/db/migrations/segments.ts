import { sql } from 'kysely';
import type { Columns } from './columns.ts';
import type { Migration } from './contract.ts';
import { type AnyDb, ID, index, resource } from './tables.ts';

/**
 * Which segmentation ids are taken, segments as resources of their own, the hosts that reach them, and ranges of ids that
 * administrators keep. Upstream fills the allocation tables with every id there is; here a row is an id that is taken, and
 * the key is what two servers race for.
 */
export const segments: Migration = {
  revision: 'c41d7f09e2b6',
  branch: 'expand',
  title: 'segmentation ids, segments, ranges of segments',
  async up(db, columns) {
    await allocations(db, columns);
    await segmentColumns(db);
    await columns
      .clustered(db.schema.createTable('segmenthostmappings'))
      .addColumn('segment_id', ID, (c) => c.notNull().references('networksegments.id').onDelete('cascade'))
      .addColumn('host', 'varchar(255)', (c) => c.notNull())
      .addPrimaryKeyConstraint('pk_segmenthostmappings', ['segment_id', 'host'])
      .execute();
    await index(db, 'segmenthostmappings', 'host');
    await ranges(db, columns);
  },
};

async function allocations(db: AnyDb, columns: Columns): Promise<void> {
  await columns
    .clustered(db.schema.createTable('ml2_vlan_allocations'))
    .addColumn('physical_network', 'varchar(64)', (c) => c.notNull())
    .addColumn('vlan_id', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('pk_ml2_vlan_allocations', ['physical_network', 'vlan_id'])
    .execute();
  for (const [table, id] of [
    ['ml2_vxlan_allocations', 'vxlan_vni'],
    // 32 bits without a sign.
    ['ml2_gre_allocations', 'gre_id'],
    ['ml2_geneve_allocations', 'geneve_vni'],
  ] as const) {
    await columns
      .clustered(db.schema.createTable(table))
      .addColumn(id, 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint(`pk_${table}`, [id])
      .execute();
  }
}

/** Standard attributes; those of a network that is there already begin with their network's. */
async function segmentColumns(db: AnyDb): Promise<void> {
  const table = () => db.schema.alterTable('networksegments');
  await table().addColumn('description', 'varchar(255)').execute();
  await table()
    .addColumn('created_at', 'varchar(20)', (c) => c.notNull().defaultTo(''))
    .execute();
  await table()
    .addColumn('updated_at', 'varchar(20)', (c) => c.notNull().defaultTo(''))
    .execute();
  await table()
    .addColumn('revision_number', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  const since = sql<string>`(select created_at from networks where networks.id = networksegments.network_id)`;
  await db.updateTable('networksegments').set({ created_at: since, updated_at: since }).execute();
}

async function ranges(db: AnyDb, columns: Columns): Promise<void> {
  const { flag } = columns;
  // project_id is empty for ranges that are everybody's.
  await resource(db.schema.createTable('network_segment_ranges'), columns)
    .addColumn('is_default', flag, (c) => c.notNull())
    .addColumn('shared', flag, (c) => c.notNull())
    .addColumn('network_type', 'varchar(32)', (c) => c.notNull())
    .addColumn('physical_network', 'varchar(64)')
    .addColumn('minimum', 'bigint', (c) => c.notNull())
    .addColumn('maximum', 'bigint', (c) => c.notNull())
    .execute();
  await index(db, 'network_segment_ranges', 'network_type', 'physical_network');
  await index(db, 'network_segment_ranges', 'project_id');
}
