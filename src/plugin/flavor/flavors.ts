import { randomUUID } from 'node:crypto';
import type { Db } from '../../db/database.ts';
import { isUsedFlavor } from '../../db/write/flavors.ts';
import type { Context } from '../../lib/context.ts';
import type { Flavor } from '../../resources/shapes.ts';
import type { Collection, Input, RouteCall } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { flavorErrors as errors } from './errors.ts';
import type { ServiceProviders } from './providers.ts';
import type { ServiceProfiles } from './service-profiles.ts';
import { serviceTypes } from './service-types.ts';
import { flavorRows, flavorSpec, profilesOfFlavor } from './storage.ts';

/** Kinds of a service that users choose from (upstream: db/flavors_db.py). */
export class Flavors implements Collection<Flavor> {
  readonly list: Collection<Flavor>['list'];
  readonly get: StoredReads<Flavor>['get'];
  readonly #machine: Machine;
  readonly #profiles: ServiceProfiles;
  readonly #providers: ServiceProviders;
  readonly #serviceTypes: ReadonlySet<string>;
  readonly #reads: StoredReads<Flavor>;

  constructor(machine: Machine, profiles: ServiceProfiles, providers: ServiceProviders) {
    this.#machine = machine;
    this.#profiles = profiles;
    this.#providers = providers;
    this.#serviceTypes = serviceTypes(machine.shared.options);
    this.#reads = storedReads<Flavor>(machine.shared, flavorSpec, (flavor_id) => errors.FlavorNotFound({ flavor_id }));
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  /** `service_profiles` is ignored, as upstream ignores it: profiles come by a request of their own. */
  async create(context: Context, input: Input): Promise<Flavor> {
    const service_type = input.service_type as string;
    if (!this.#serviceTypes.has(service_type)) throw errors.InvalidServiceType({ service_type });
    const id = randomUUID();
    const { result } = await this.#machine.changes.run(context, async ({ tx }) => {
      const { name, description, enabled } = input;
      await flavorRows.insert(tx, { id, name, description, service_type, enabled: enabled !== false });
      return (await this.#reads.whole(tx, id))!;
    });
    return result;
  }

  async update(context: Context, id: string, changes: Input): Promise<Flavor> {
    const { result } = await this.#machine.changes.run(context, async ({ tx }) => {
      await this.#reads.stored(tx, context, id);
      const { enabled, service_profiles: _ignored, ...others } = changes;
      await flavorRows.update(tx, id, { ...others, ...(typeof enabled === 'boolean' && { enabled }) });
      return (await this.#reads.whole(tx, id))!;
    });
    return result;
  }

  /** @throws FlavorInUse */
  async delete(context: Context, id: string): Promise<void> {
    await this.#machine.changes.run(context, async ({ tx }) => {
      await this.#reads.stored(tx, context, id);
      if (await isUsedFlavor(tx, id)) throw errors.FlavorInUse({ flavor_id: id });
      await flavorRows.remove(tx, id);
    });
  }

  /** Answers the flavor's id as the profile's, which is what upstream's view leaves of the flavor. */
  async addProfile({ context, params, input }: RouteCall): Promise<{ id: string }> {
    const id = params.id!;
    const sp_id = input.id as string;
    await this.#profiles.get(context, sp_id, ['id']);
    await this.#machine.changes.run(context, async ({ tx }) => {
      const { service_profiles } = await this.#reads.stored(tx, context, id);
      if (service_profiles.includes(sp_id)) throw errors.FlavorServiceProfileBindingExists({ sp_id, fl_id: id });
      await profilesOfFlavor.add(tx, id, [{ service_profile_id: sp_id }]);
    });
    return { id };
  }

  /** Nothing of it is visible upstream but that it is there. */
  async checkProfile({ params }: RouteCall): Promise<object> {
    await this.#checkBound(this.#machine.shared.database.db, params);
    return {};
  }

  async removeProfile({ context, params }: RouteCall): Promise<void> {
    await this.#machine.changes.run(context, async ({ tx }) => {
      await this.#checkBound(tx, params);
      await profilesOfFlavor.remove(tx, params.id!, [params.service_profile_id]);
    });
  }

  /** Who would serve the next one: the provider of the first profile. */
  async nextProviders({ context, params }: RouteCall): Promise<{ driver: string; provider: string }[]> {
    const id = params.id!;
    const flavor = await this.#reads.whole(this.#machine.shared.database.db, id);
    const [first] = flavor?.service_profiles ?? [];
    if (first === undefined) throw errors.FlavorServiceProfileBindingNotFound({ sp_id: '', fl_id: id });
    const { driver, enabled } = (await this.#profiles.get(context, first))!;
    if (!enabled) throw errors.ServiceProfileDisabled();
    return [{ driver: driver!, provider: this.#providers.withDriver(driver!).name }];
  }

  async #checkBound(db: Db, params: RouteCall['params']): Promise<void> {
    const { id: fl_id, service_profile_id: sp_id } = params as { id: string; service_profile_id: string };
    const flavor = await this.#reads.whole(db, fl_id);
    if (!flavor?.service_profiles.includes(sp_id)) throw errors.FlavorServiceProfileBindingNotFound({ sp_id, fl_id });
  }
}
