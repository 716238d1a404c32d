import type { Db } from '../../db/database.ts';
import { agentsOfTypes } from '../../db/write/agents.ts';
import type { RouterFacts } from '../../db/write/routers.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import { flavorErrors } from '../flavor/errors.ts';
import { flavorRows, profileRows } from '../flavor/storage.ts';
import { routerErrors as errors } from './errors.ts';

/** What kind of router is wanted, and whether this server has it (upstream: services/l3_router/service_providers). */

export const SERVICE_TYPE = 'L3_ROUTER_NAT';

/** Ways to serve routers that flavors can choose, by the drivers that service profiles name. */
export const providers = [
  { name: 'ha', driver: 'neutron.services.l3_router.service_providers.ha.HaDriver', ha: true },
  {
    name: 'single_node',
    driver: 'neutron.services.l3_router.service_providers.single_node.SingleNodeDriver',
    ha: false,
  },
] as const;

/** @throws InvalidInput */
export function refuseDistributed({ distributed }: Input): void {
  if (distributed !== true) return;
  throw errors.InvalidInput({ error_message: 'this server has no distributed routers, distributed must be false' });
}

/** Whether a new router is highly available: as its flavor says, the request, or the configuration. @throws see `haOfFlavor` */
export async function isHighlyAvailable(db: Db, { flavor_id, ha }: Input, byDefault: boolean): Promise<boolean> {
  if (typeof flavor_id === 'string') return haOfFlavor(db, flavor_id, ha);
  return typeof ha === 'boolean' ? ha : byDefault;
}

/**
 * What a flavor says of the routers that are made with it.
 * @throws FlavorNotFound, FlavorDisabled, InvalidServiceType, FlavorServiceProfileBindingNotFound, ServiceProfileDisabled,
 * ServiceProfileDriverNotFound, InvalidInput
 */
async function haOfFlavor(db: Db, flavor_id: string, ha: unknown): Promise<boolean> {
  const [flavor] = (await flavorRows.find(db, [flavor_id])) as { service_type: string; enabled: unknown }[];
  if (!flavor) throw flavorErrors.FlavorNotFound({ flavor_id });
  const { service_type } = flavor;
  if (service_type !== SERVICE_TYPE) throw flavorErrors.InvalidServiceType({ service_type });
  if (!flavor.enabled) throw errors.FlavorDisabled();
  const driver = await driverOf(db, flavor_id);
  const provider = providers.find((one) => one.driver === driver);
  if (!provider) throw flavorErrors.ServiceProfileDriverNotFound({ driver });
  if (typeof ha === 'boolean' && ha !== provider.ha) {
    const flag = ha ? 'True' : 'False';
    throw errors.InvalidInput({ error_message: `Provider ${provider.name} does not support ha=${flag}` });
  }
  return provider.ha;
}

async function driverOf(db: Db, flavor_id: string): Promise<string> {
  const [bound] = await db
    .selectFrom('flavorserviceprofilebindings')
    .select('service_profile_id')
    .where('flavor_id', '=', flavor_id)
    .limit(1)
    .execute();
  if (!bound) throw flavorErrors.FlavorServiceProfileBindingNotFound({ sp_id: '', fl_id: flavor_id });
  const [profile] = await profileRows.find(db, [bound.service_profile_id]);
  if (!profile?.enabled) throw flavorErrors.ServiceProfileDisabled();
  return profile.driver as string;
}

/** Routers can only ask for zones that L3 agents are in. @throws AvailabilityZoneNotFound */
export async function checkZones({ tx }: Change, hints: readonly string[]): Promise<void> {
  if (hints.length === 0) return;
  const zones = new Set((await agentsOfTypes(tx, ['L3 agent'])).map(({ availability_zone }) => availability_zone));
  const unknown = hints.find((hint) => !zones.has(hint));
  if (unknown !== undefined) throw errors.AvailabilityZoneNotFound({ availability_zone: unknown });
}

/**
 * Whether an update makes a router another kind of router; such a one must be switched off.
 * @throws BadRequest, InvalidInput
 */
export function changesKind(router: RouterFacts, changes: Input): boolean {
  if (typeof changes.ha !== 'boolean' || changes.ha === router.ha) return false;
  if ((changes.admin_state_up ?? router.admin_state_up) !== false) {
    throw errors.BadRequest({
      msg: 'Cannot change HA attribute of active routers. Please set router admin_state_up to False prior to upgrade',
    });
  }
  if (router.flavor_id !== null) {
    throw errors.InvalidInput({
      error_message:
        "Changing the 'ha' and 'distributed' attributes on a router associated with a flavor is not supported",
    });
  }
  return true;
}
