import type { Migration } from './contract.ts';

/** What extensions keep of ports and subnets, and no agent of ours asks for. Nullable: nobody said. */
export const portAttributes: Migration = {
  revision: '5e0b7a93d1c4',
  branch: 'expand',
  title: 'attributes of ports that extensions bring',
  async up(db, { flag }) {
    const ports = () => db.schema.alterTable('ports');
    await ports().addColumn('data_plane_status', 'varchar(16)').execute();
    await ports().addColumn('propagate_uplink_status', flag).execute();
    await ports().addColumn('device_profile', 'varchar(255)').execute();
    await ports().addColumn('numa_affinity_policy', 'varchar(64)').execute();
    await ports().addColumn('hints', 'text').execute();
    await ports().addColumn('hardware_offload_type', 'varchar(255)').execute();
    await ports().addColumn('trusted', flag).execute();
    await db.schema.alterTable('subnets').addColumn('dns_publish_fixed_ip', flag).execute();
  },
};
