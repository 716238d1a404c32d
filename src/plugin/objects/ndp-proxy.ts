import { type NdpProxyRow, ndpProxiesBy, ndpProxiesOf } from '../../db/write/ndp-proxies.ts';
import { ndpProxyObject as wire } from '../../rpc/contract.ts';
import { named, standard } from './compose.ts';
import type { ObjectData, ObjectKind } from './contract.ts';

/** Proxies for IPv6 addresses. Agents are told what happened to them: see `Objects.tell`. */
export const ndpProxyObject: ObjectKind = {
  ...wire,
  resource: 'ndp_proxy',
  filters: ['router_id'],
  single: { by: 'id', extension: 'l3-ndp-proxy' },
  bare: {},
  async read(db, { id, router_id }) {
    const rows = router_id
      ? await ndpProxiesOf(db, router_id as string[])
      : await ndpProxiesBy(db, (id as string[] | undefined) ?? null);
    return rows.map(ndpProxyData);
  },
  downgrade() {},
};

export function ndpProxyData(row: NdpProxyRow): ObjectData {
  const { router_id, port_id, ip_address } = row;
  return { ...named(row), router_id, port_id, ip_address, ...standard(row) };
}
