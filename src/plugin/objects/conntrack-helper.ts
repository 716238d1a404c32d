import { conntrackHelpersBy, conntrackHelpersOf } from '../../db/write/conntrack-helpers.ts';
import { conntrackHelperObject as wire } from '../../rpc/contract.ts';
import type { ObjectKind } from './contract.ts';

/** Conntrack helpers. Agents are told what happened to them: see `Objects.tell`. */
export const conntrackHelperObject: ObjectKind = {
  ...wire,
  resource: 'conntrack_helper',
  filters: ['router_id'],
  single: { by: 'id', extension: 'l3-conntrack-helper' },
  bare: {},
  async read(db, { id, router_id }) {
    const rows = router_id
      ? await conntrackHelpersOf(db, router_id as string[])
      : await conntrackHelpersBy(db, (id as string[] | undefined) ?? null);
    return rows.map((row) => ({ ...row }));
  },
  downgrade() {},
};
