import { getPort } from '../../db/read/ports.ts';
import {
  type BindingRow,
  bindingsOf,
  deleteBinding,
  insertBinding,
  replaceBindingLevels,
  saveBinding,
} from '../../db/write/bindings.ts';
import { holdPorts } from '../../db/write/turns.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { callersFullView } from '../parts.ts';
import { portErrors } from '../port/errors.ts';
import { checkProfile } from '../port/rules.ts';
import { activateBinding } from './activate.ts';
import { bindingErrors as errors } from './errors.ts';

/** One binding as the API shows it. */
export interface PortBinding {
  host: string;
  vif_type: string;
  vnic_type: string;
  status: 'ACTIVE' | 'INACTIVE';
  profile: Record<string, unknown>;
  vif_details: Record<string, unknown>;
}

/**
 * The bindings of one port (upstream: ml2/plugin.py `create_port_binding` and its kin). The active one is the port's own
 * `binding:*` attributes; others are prepared for a move and wired by nobody yet.
 */
export class PortBindings implements Collection<PortBinding> {
  readonly #machine: Machine;
  readonly #portId: string;

  constructor(machine: Machine, portId: string) {
    this.#machine = machine;
    this.#portId = portId;
  }

  async list(context: Context, { filters, fields }: ListQuery): Promise<Page<PortBinding>> {
    const { db } = this.#machine.shared.database;
    await this.#port({ tx: db, context });
    const bindings = (await bindingsOf(db, this.#portId)).map(visible).filter((binding) => fits(binding, filters));
    return { items: fields === null ? bindings : bindings.map((binding) => only(binding, fields)) };
  }

  async get(context: Context, host: string): Promise<PortBinding & { id: string }> {
    const { db } = this.#machine.shared.database;
    await this.#port({ tx: db, context });
    return this.#shown(visible(await this.#binding(db, host)));
  }

  /** @throws PortBindingAlreadyExists, PortBindingError when no driver can bind the port there */
  async create(context: Context, input: Input): Promise<PortBinding> {
    const host = (input.host as string | null) ?? '';
    const vnic_type = (input.vnic_type as string | undefined) ?? 'normal';
    const profile = (input.profile as Record<string, unknown> | null | undefined) ?? {};
    checkProfile(profile);
    const { db } = this.#machine.shared.database;
    const port = await this.#port({ tx: db, context });
    if (await this.#known(db, host)) throw errors.PortBindingAlreadyExists({ port_id: port.id, host });
    const wired = await this.#wire(context, port, { host, vnic_type, profile });
    await this.#run(context, async (change) => {
      await this.#port(change);
      if (await this.#known(change.tx, host)) throw errors.PortBindingAlreadyExists({ port_id: port.id, host });
      const was = await this.#machine.forwarding.before(change, port.id);
      await insertBinding(change.tx, wired.binding);
      await replaceBindingLevels(change.tx, port.id, host, wired.levels);
      await this.#machine.forwarding.prepared(change, port.id, was);
    });
    return visible(wired.binding);
  }

  /** @throws PortBindingNotFound, PortBindingError */
  async update(context: Context, host: string, changes: Input): Promise<PortBinding> {
    const { shared, ports } = this.#machine;
    const { db } = shared.database;
    const port = await this.#port({ tx: db, context });
    const binding = await this.#binding(db, host);
    const vnic_type = (changes.vnic_type as string | undefined) ?? binding.vnic_type;
    const profile =
      changes.profile === undefined ? binding.profile : ((changes.profile as Record<string, unknown> | null) ?? {});
    if (binding.status === 'ACTIVE') {
      // The port's own: by the way of every change of the port.
      const wanted = { 'binding:vnic_type': vnic_type, 'binding:profile': profile };
      const updated = await ports.updateFull(context, port.id, wanted);
      if (updated['binding:vif_type'] === 'binding_failed') throw errors.PortBindingError({ port_id: port.id, host });
      return visible(await this.#binding(db, host));
    }
    checkProfile(profile);
    const wired = await this.#wire(context, port, { host, vnic_type, profile });
    await this.#run(context, async ({ tx }) => {
      const { status } = await this.#binding(tx, host);
      await saveBinding(tx, { ...wired.binding, status });
      await replaceBindingLevels(tx, port.id, host, wired.levels);
    });
    return visible(wired.binding);
  }

  /** Deleting the active one leaves the port unbound. @throws PortBindingNotFound */
  async delete(context: Context, host: string): Promise<void> {
    await this.#run(context, async (change) => {
      const { tx } = change;
      const port = await this.#port(change);
      const binding = await this.#binding(tx, host);
      const was = await this.#machine.forwarding.before(change, port.id);
      await replaceBindingLevels(tx, port.id, host, []);
      await deleteBinding(tx, port.id, host);
      await this.#machine.forwarding.prepared(change, port.id, was);
      if (binding.status === 'INACTIVE') return;
      const { vnic_type, profile } = binding;
      await insertBinding(tx, { ...unwired, port_id: port.id, host: '', vnic_type, profile, status: 'ACTIVE' });
      await this.#machine.statuses.set(change, port, 'DOWN');
      await change.todo('port', port.id, 'updated', { network_id: port.network_id, dhcp: false, bridge: true });
    });
  }

  /** @throws PortBindingNotFound, PortBindingAlreadyActive */
  async activate(context: Context, host: string): Promise<PortBinding> {
    return this.#run(context, async (change) => {
      const port = await this.#port(change);
      return visible(await activateBinding(change, this.#machine, port, host));
    });
  }

  /** Asks the drivers how the port would be wired on a host. */
  async #wire(
    context: Context,
    port: Port,
    wanted: Pick<BindingRow, 'host' | 'vnic_type' | 'profile'>,
  ): Promise<{ binding: BindingRow; levels: { level: number; driver: string; segment_id: string }[] }> {
    const { binder } = this.#machine;
    const bound = await binder.wiring(context, port.id, wanted);
    if (bound === null) throw errors.PortBindingError({ port_id: port.id, host: wanted.host });
    const { vif_type, vif_details, levels } = bound;
    return { binding: { port_id: port.id, ...wanted, vif_type, vif_details, status: 'INACTIVE' }, levels };
  }

  async #port({ tx, context }: Pick<Change, 'context'> & { tx: Parameters<typeof getPort>[0] }): Promise<Port> {
    const port = await getPort(tx, this.#portId, callersFullView(context));
    if (port === null) throw portErrors.PortNotFound({ port_id: this.#portId });
    if (!movable.some((prefix) => port.device_owner.startsWith(prefix))) {
      const msg = `Invalid port ${port.id}. Operation only valid on compute ports`;
      throw errors.BadRequest({ resource: 'port', msg });
    }
    return port;
  }

  async #known(db: Parameters<typeof getPort>[0], host: string): Promise<boolean> {
    return (await bindingsOf(db, this.#portId)).some((binding) => binding.host === host);
  }

  async #binding(db: Parameters<typeof getPort>[0], host: string): Promise<BindingRow> {
    const found = (await bindingsOf(db, this.#portId)).find((binding) => binding.host === host);
    if (found === undefined) throw errors.PortBindingNotFound({ port_id: this.#portId, host });
    return found;
  }

  #shown(binding: PortBinding): PortBinding & { id: string } {
    // The API knows what stands in the URL as the id; a binding has its host there, and shows none.
    return Object.defineProperty({ ...binding } as PortBinding & { id: string }, 'id', {
      value: binding.host,
      enumerable: false,
    });
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { changes, outbox } = this.#machine;
    const { result, tasks } = await changes.run(
      context,
      async (change) => {
        await holdPorts(change.tx, [this.#portId]);
        return work(change);
      },
      'together',
    );
    outbox.tellSoon(tasks);
    return result;
  }
}

/** Owners whose ports move between hosts: guests of Nova, and shares of Manila. */
const movable = ['compute:', 'manila:'];

const unwired = { vif_type: 'unbound', vif_details: {} } as const;

function visible({ host, vif_type, vnic_type, status, profile, vif_details }: BindingRow): PortBinding {
  return { host, vif_type, vnic_type, status, profile, vif_details };
}

function fits(binding: PortBinding, filters: ListQuery['filters']): boolean {
  return Object.entries(filters).every(([key, values]) => values.includes(binding[key as 'host']));
}

function only(binding: PortBinding, fields: readonly string[]): PortBinding {
  return Object.fromEntries(Object.entries(binding).filter(([key]) => fields.includes(key))) as unknown as PortBinding;
}
