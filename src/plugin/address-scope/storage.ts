import { rbacRows } from '../../db/write/rbac.ts';
import { rowStore } from '../../db/write/rows.ts';
import { addressScope } from '../../resources/address-scope.ts';
import type { AddressScope } from '../../resources/shapes.ts';
import type { Shared } from '../parts.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { specOf } from '../stored/spec.ts';
import { addressScopeErrors } from './errors.ts';

const spec = specOf(addressScope, { table: 'address_scopes', rbac: 'addressscoperbacs' });

export const addressScopeRows = rowStore('address_scopes', ['id', 'project_id', 'name', 'ip_version']);

/** Whom scopes are opened to. */
export const addressScopeEntries = rbacRows('addressscoperbacs');

export function addressScopeReads(shared: Shared): StoredReads<AddressScope> {
  return storedReads<AddressScope>(shared, spec, (address_scope_id) =>
    addressScopeErrors.AddressScopeNotFound({ address_scope_id }),
  );
}
