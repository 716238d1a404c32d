import { childRows, rowStore } from '../../db/write/rows.ts';
import { flavor } from '../../resources/flavor.ts';
import { serviceProfile } from '../../resources/service-profile.ts';
import { specOf } from '../stored/spec.ts';

const bindings = 'flavorserviceprofilebindings';

export const flavorSpec = specOf(flavor, {
  table: 'flavors',
  children: { profiles: { table: bindings, parent: 'flavor_id', columns: ['service_profile_id'] } },
  sources: { service_profiles: { child: 'profiles', as: 'list' } },
});

export const flavorRows = rowStore('flavors', ['id', 'name', 'description', 'service_type', 'enabled']);
export const profilesOfFlavor = childRows(bindings, 'flavor_id', ['service_profile_id']);

export const profileSpec = specOf(serviceProfile, { table: 'serviceprofiles' });
export const profileRows = rowStore('serviceprofiles', ['id', 'description', 'driver', 'metainfo', 'enabled']);
