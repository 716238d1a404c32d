import { randomUUID } from 'node:crypto';
import type { Tx } from '../../db/database.ts';
import { isOfFlavor } from '../../db/write/flavors.ts';
import type { Context } from '../../lib/context.ts';
import type { ServiceProfile } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { flavorErrors as errors } from './errors.ts';
import type { ServiceProviders } from './providers.ts';
import { profileRows, profileSpec } from './storage.ts';

/** What stands behind flavors (upstream: db/flavors_db.py). One that a flavor has can be neither changed nor deleted. */
export class ServiceProfiles implements Collection<ServiceProfile> {
  readonly list: Collection<ServiceProfile>['list'];
  readonly get: StoredReads<ServiceProfile>['get'];
  readonly #machine: Machine;
  readonly #providers: ServiceProviders;
  readonly #reads: StoredReads<ServiceProfile>;

  constructor(machine: Machine, providers: ServiceProviders) {
    this.#machine = machine;
    this.#providers = providers;
    this.#reads = storedReads<ServiceProfile>(machine.shared, profileSpec, (sp_id) =>
      errors.ServiceProfileNotFound({ sp_id }),
    );
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  /** @throws ServiceProfileDriverNotFound, ServiceProfileEmpty */
  async create(context: Context, input: Input): Promise<ServiceProfile> {
    if (input.driver) this.#providers.withDriver(input.driver as string);
    else if (!input.metainfo) throw errors.ServiceProfileEmpty();
    const id = randomUUID();
    const { result } = await this.#machine.changes.run(context, async ({ tx }) => {
      const { description, driver, metainfo, enabled } = input;
      await profileRows.insert(tx, { id, description, driver, metainfo, enabled: enabled !== false });
      return (await this.#reads.whole(tx, id))!;
    });
    return result;
  }

  async update(context: Context, id: string, changes: Input): Promise<ServiceProfile> {
    const { result } = await this.#machine.changes.run(context, async ({ tx }) => {
      await this.#checkUnused(tx, context, id);
      if (changes.driver) this.#providers.withDriver(changes.driver as string);
      const { enabled, ...others } = changes;
      await profileRows.update(tx, id, { ...others, ...(typeof enabled === 'boolean' && { enabled }) });
      return (await this.#reads.whole(tx, id))!;
    });
    return result;
  }

  async delete(context: Context, id: string): Promise<void> {
    await this.#machine.changes.run(context, async ({ tx }) => {
      await this.#checkUnused(tx, context, id);
      await profileRows.remove(tx, id);
    });
  }

  async #checkUnused(tx: Tx, context: Context, id: string): Promise<void> {
    await this.#reads.stored(tx, context, id);
    if (await isOfFlavor(tx, id)) throw errors.ServiceProfileInUse({ sp_id: id });
  }
}
