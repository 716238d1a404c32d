import type { Db } from '../database.ts';
import { prepared } from '../prepared.ts';

const having = prepared((db, p: { id: string }) =>
  db.selectFrom('flavorserviceprofilebindings').select('flavor_id').where('service_profile_id', '=', p.id).limit(1),
);

/** Whether a flavor has this service profile. */
export async function isOfFlavor(db: Db, profileId: string): Promise<boolean> {
  return (await having.first(db, { id: profileId })) !== null;
}

const using = prepared((db, p: { id: string }) =>
  db.selectFrom('routers').select('id').where('flavor_id', '=', p.id).limit(1),
);

/** Whether a router was made with a flavor. */
export async function isUsedFlavor(db: Db, id: string): Promise<boolean> {
  return (await using.first(db, { id })) !== null;
}
