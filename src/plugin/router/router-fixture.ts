import { randomUUID } from 'node:crypto';
import type { Context } from '../../lib/context.ts';
import type { Network, Router, Subnet } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { createFixture, type Fixture, type Options } from '../fixture.ts';

/** What the two actions on interfaces answer. */
export interface Answer {
  id: string;
  tenant_id: string;
  project_id: string;
  port_id: string;
  network_id: string;
  subnet_id: string;
  subnet_ids: string[];
}

/** A network with one subnet. */
export interface Lan {
  network: Network;
  subnet: Subnet;
}

/** The plugin's fixture with routers, for the tests beside. */
export class RouterFixture implements AsyncDisposable {
  readonly f: Fixture;
  readonly routers: Required<Collection<Router>>;

  private constructor(f: Fixture) {
    this.f = f;
    this.routers = f.plugin.collections.routers as Required<Collection<Router>>;
  }

  static async make({ service, ...options }: Options = {}): Promise<RouterFixture> {
    const service_plugins = ['router', ...(service?.service_plugins ?? [])];
    return new RouterFixture(await createFixture({ ...options, service: { service_plugins } }));
  }

  router(input: Input = {}, context: Context = this.f.context): Promise<Router> {
    return this.routers.create(context, { project_id: 'p1', name: 'r', ...input });
  }

  update(id: string, changes: Input, context: Context = this.f.context): Promise<Router> {
    return this.routers.update(context, id, changes);
  }

  show(id: string, context: Context = this.f.context): Promise<Router> {
    return this.routers.get(context, id) as Promise<Router>;
  }

  add(id: string, input: Input, context?: Context): Promise<Answer> {
    return this.#call('add_router_interface', id, input, context) as Promise<Answer>;
  }

  remove(id: string, input: Input, context?: Context): Promise<Answer> {
    return this.#call('remove_router_interface', id, input, context) as Promise<Answer>;
  }

  routes(how: 'add' | 'remove', id: string, routes: readonly object[]): Promise<Router> {
    return this.#call(`${how}_extraroutes`, id, { routes }) as Promise<Router>;
  }

  async lan(cidr = '10.0.0.0/24', more: Input = {}): Promise<Lan> {
    const network = await this.f.network();
    return { network, subnet: await this.f.subnet(network.id, { cidr, ...more }) };
  }

  /** A network that leads outside, of another project. */
  async world(cidr = '198.51.100.0/24', more: Input = {}): Promise<Lan> {
    const network = await this.f.network({ project_id: 'admin', 'router:external': true });
    return { network, subnet: await this.f.subnet(network.id, { project_id: 'admin', cidr, ...more }) };
  }

  /** A floating address of `world` for an address behind a router, as far as the tables go. */
  async floats(router_id: string, { network }: Lan, to: { port_id: string; address: string }): Promise<void> {
    const id = randomUUID();
    const address = '198.51.100.99';
    const holder = await this.f.port(network.id, {
      ...{ project_id: '', device_owner: 'network:floatingip', device_id: id },
      fixed_ips: [{ ip_address: address }],
    });
    const floatingip = {
      id,
      project_id: 'p1',
      description: '',
      created_at: '',
      updated_at: '',
      revision_number: 0,
      floating_ip_address: address,
      floating_network_id: network.id,
      floating_port_id: holder.id,
      fixed_port_id: to.port_id,
      fixed_ip_address: to.address,
      router_id,
      status: 'DOWN',
      dns_name: '',
      dns_domain: '',
    };
    await this.f.database.transaction((tx) => tx.insertInto('floatingips').values(floatingip).execute());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.f[Symbol.asyncDispose]();
  }

  #call(action: string, id: string, input: Input, context: Context = this.f.context): Promise<unknown> {
    const handler = this.f.plugin.routes[`PUT routers/{id}/${action}`]!;
    return handler({ context, params: { id }, input, parameters: [], ifRevision: null });
  }
}

export const gateway = (network_id: string, more: Input = {}): Input => ({
  external_gateway_info: { network_id, ...more },
});
