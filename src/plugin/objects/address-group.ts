import { specReader } from '../../db/read/spec.ts';
import { fullView } from '../../db/read/view.ts';
import type { AddressGroup } from '../../resources/shapes.ts';
import { addressGroupSpec } from '../address-group/storage.ts';
import { named, standard, versionedObject } from './compose.ts';
import type { ObjectKind } from './contract.ts';

const groups = specReader<AddressGroup>(addressGroupSpec);

export const addressGroupObject: ObjectKind = {
  name: 'AddressGroup',
  version: '1.2',
  resource: 'address_group',
  bare: { shared: false },
  async read(db, filters) {
    return (await groups.find(db, { filters }, fullView)).map((group) => ({
      ...named(group),
      shared: group.shared === true,
      addresses: group.addresses.map((address) =>
        versionedObject('AddressAssociation', '1.0', { address, address_group_id: group.id }),
      ),
      ...standard(group),
    }));
  },
  downgrade(data, minor) {
    if (minor < 1) for (const field of ['revision_number', 'created_at', 'updated_at']) delete data[field];
    if (minor < 2) delete data.shared;
  },
};
