import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { ServiceProvider } from '../../resources/shapes.ts';
import type { Collection } from '../contract.ts';
import type { Provider } from '../domain.ts';
import { flavorErrors as errors } from './errors.ts';

/** Who serves which service: what the domains bring, stored nowhere (upstream: db/servicetype_db.py). */
export class ServiceProviders implements Collection<ServiceProvider> {
  readonly #providers: readonly Provider[];

  constructor(providers: readonly Provider[]) {
    this.#providers = providers;
  }

  async list(_context: Context, { fields }: ListQuery): Promise<Page<ServiceProvider>> {
    const items = this.#providers.map(({ service_type, name, default: isDefault }) => ({
      service_type,
      name,
      default: isDefault,
    }));
    if (fields === null) return { items };
    return { items: items.map((item) => pick(item, fields)) };
  }

  /** They have no ids. */
  async get(): Promise<never> {
    throw errors.HTTPNotFound();
  }

  /** @throws ServiceProfileDriverNotFound */
  withDriver(driver: string): Provider {
    const provider = this.#providers.find((one) => one.driver === driver);
    if (provider === undefined) throw errors.ServiceProfileDriverNotFound({ driver });
    return provider;
  }
}

function pick(item: ServiceProvider, fields: readonly string[]): ServiceProvider {
  return Object.fromEntries(Object.entries(item).filter(([key]) => fields.includes(key))) as unknown as ServiceProvider;
}
