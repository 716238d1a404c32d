import type { Database } from '../../../src/db/database.ts';
import { addressKey } from '../../../src/lib/ip/address.ts';
import {
  insertAddress,
  insertAgent,
  insertBinding,
  insertNetwork,
  insertPort,
  insertSegment,
  insertSubnet,
} from '../../support/rows.ts';

/** Few values, so that filters match several rows and sorts have ties. */
const NAMES = ['', 'web', 'db', "o'hara; --", '100%_x'];
const PROJECTS = ['project-1', 'project-2'];
export const TAGS = ['red', 'green', 'blue'];
const HOSTS = ['', 'host-a', 'host-b'];
/** 10.0.1.69: some of the addresses of each subnet come after it. */
export const LAST_IN_POOL = addressKey(0x0a000145n);
const pick = <T>(values: readonly T[], i: number, factor: number): T =>
  values[(i * factor + (i >> 2)) % values.length]!;

/** Networks, subnets, ports and agents with few values of many kinds. */
export async function seed(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    const tag = async (resource_type: string, resource_id: string, i: number) => {
      const rows = TAGS.filter((_, t) => ((i * 5) >> t) % 2 === 1).map((value) => ({
        resource_type,
        resource_id,
        tag: value,
      }));
      if (rows.length > 0) await tx.insertInto('tags').values(rows).execute();
    };
    const networks: string[] = [];
    const subnets: string[] = [];
    for (let i = 0; i < 24; i++) {
      const id = await insertNetwork(tx, {
        name: pick(NAMES, i, 3),
        project_id: pick(PROJECTS, i, 1),
        mtu: 1400 + (i % 3),
        admin_state_up: i % 4 !== 0,
      });
      networks.push(id);
      const flat = i % 3 === 0;
      await insertSegment(tx, id, {
        network_type: flat ? 'flat' : 'vlan',
        physical_network: `net${i % 5}`,
        segmentation_id: flat ? null : i,
      });
      if (i % 4 === 1) {
        const row = { id: `rbac-${i}`, project_id: 'p', object_id: id, target_project: '*' };
        await tx
          .insertInto('networkrbacs')
          .values({ ...row, action: 'access_as_shared' })
          .execute();
      }
      if (i % 6 === 2)
        await tx
          .insertInto('externalnetworks')
          .values({ network_id: id, is_default: i === 2 })
          .execute();
      await tag('network', id, i);
      const subnet = await insertSubnet(tx, id, {
        name: pick(NAMES, i, 2),
        cidr: `10.${i % 4}.0.0/16`,
        gateway_ip: i % 3 === 0 ? null : `10.${i % 4}.0.1`,
        enable_dhcp: i % 2 === 0,
        ipv6_ra_mode: i % 5 === 0 ? 'slaac' : null,
      });
      subnets.push(subnet);
      const pool = { subnet_id: subnet, first_ip: '10.0.0.2', last_ip: '10.0.1.69', position: 0 };
      const keys = { first_key: addressKey(0x0a000002n), last_key: LAST_IN_POOL };
      await tx
        .insertInto('ipallocationpools')
        .values({ id: `pool-${i}`, ...pool, ...keys })
        .execute();
      await tx.insertInto('dnsnameservers').values({ subnet_id: subnet, address: '9.9.9.9', position: 0 }).execute();
      await tag('subnet', subnet, i + 1);
    }
    for (let i = 0; i < 60; i++) {
      const network = i % 6;
      const id = await insertPort(tx, networks[network]!, {
        name: pick(NAMES, i, 7),
        project_id: pick(PROJECTS, i, 3),
        status: i % 2 === 0 ? 'ACTIVE' : 'DOWN',
        admin_state_up: i % 5 !== 0,
        device_id: `vm-${i % 9}`,
        device_owner: i % 7 === 0 ? 'network:dhcp' : 'compute:nova',
      });
      if (i % 8 !== 0) await insertAddress(tx, id, subnets[network]!, networks[network]!, 300 + i);
      if (i % 10 !== 0) await insertBinding(tx, id, { host: pick(HOSTS, i, 1), vif_details: '{"port_filter":true}' });
      await tag('port', id, i);
    }
    for (let i = 0; i < 12; i++) {
      await insertAgent(tx, {
        agent_type: i % 2 === 0 ? 'DHCP agent' : 'Linux bridge agent',
        heartbeat_timestamp: 1_000_000 + i * 10_000,
        description: i % 3 === 0 ? null : `d${i % 4}`,
      });
    }
  });
}
