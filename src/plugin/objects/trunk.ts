import { specReader } from '../../db/read/spec.ts';
import { fullView } from '../../db/read/view.ts';
import { type Trunk, trunkSpec } from '../trunk/storage.ts';
import { named, standard, versionedObject } from './compose.ts';
import type { ObjectData, ObjectKind } from './contract.ts';

const trunks = specReader<Trunk>(trunkSpec);

/** The objects of trunks. Agents are told what happened to them, not what they are now: see `Objects.tell`. */
export const trunkObject: ObjectKind = {
  name: 'Trunk',
  version: '1.1',
  resource: 'trunk',
  filters: ['port_id'],
  single: { by: 'port_id', extension: 'trunk' },
  bare: {},
  async read(db, filters) {
    return (await trunks.find(db, { filters }, fullView)).map(trunkObjectData);
  },
  downgrade(data, minor) {
    if (minor >= 1) return;
    data.tenant_id = data.project_id;
    delete data.project_id;
  },
};

export const subPortObject: ObjectKind = {
  name: 'SubPort',
  version: '1.0',
  resource: 'trunk',
  bare: {},
  async read(db) {
    return (await trunks.find(db, {}, fullView)).flatMap(({ id, sub_ports }) =>
      sub_ports.map((subPort) => ({ ...subPort, trunk_id: id })),
    );
  },
  downgrade() {},
};

export function trunkObjectData(trunk: Trunk): ObjectData {
  const { id, admin_state_up, port_id, status, sub_ports } = trunk;
  return {
    ...named(trunk),
    ...{ admin_state_up, port_id, status },
    sub_ports: sub_ports.map((subPort) =>
      versionedObject(subPortObject.name, subPortObject.version, { ...subPort, trunk_id: id }),
    ),
    ...standard(trunk),
  };
}
