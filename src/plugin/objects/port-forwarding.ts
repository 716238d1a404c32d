import type { Db } from '../../db/database.ts';
import {
  forwardedFrom,
  type PortForwardingRow,
  portForwardingsBy,
  portForwardingsOf,
} from '../../db/write/port-forwardings.ts';
import { portForwardingObject as wire } from '../../rpc/contract.ts';
import { wholeForwarding } from '../port-forwarding/storage.ts';
import { standard } from './compose.ts';
import type { ObjectData, ObjectKind } from './contract.ts';

/** Forwardings of ports. Agents are told what happened to them: see `Objects.tell`. */
export const portForwardingObject: ObjectKind = {
  ...wire,
  resource: 'port_forwarding',
  filters: ['floatingip_id'],
  single: { by: 'id', extension: 'floating-ip-port-forwarding' },
  bare: {},
  async read(db, { id, floatingip_id }) {
    const rows = floatingip_id
      ? await portForwardingsOf(db, floatingip_id as string[])
      : await portForwardingsBy(db, (id as string[] | undefined) ?? null);
    return forwardingData(db, rows);
  },
  downgrade(data, minor) {
    if (minor < 3) {
      delete data.external_port_range;
      delete data.internal_port_range;
    }
    if (minor < 2) delete data.description;
  },
};

/** Objects of rows, with what their floating addresses say. */
export async function forwardingData(db: Db, rows: readonly PortForwardingRow[]): Promise<ObjectData[]> {
  const ids = [...new Set(rows.map(({ floatingip_id }) => floatingip_id))];
  const sources = new Map((await forwardedFrom(db, ids)).map((source) => [source.id, source]));
  return rows.map((row) => {
    const { id, ...shown } = wholeForwarding(row);
    const source = sources.get(row.floatingip_id);
    return {
      id,
      floatingip_id: row.floatingip_id,
      ...shown,
      floating_ip_address: source?.floating_ip_address ?? null,
      router_id: source?.router_id ?? null,
      ...standard(row),
    };
  });
}
