import { getNetwork } from '../../db/read/networks.ts';
import { getPort, listPorts } from '../../db/read/ports.ts';
import { fullView, UnknownMarkerError } from '../../db/read/view.ts';
import { deletePortRow } from '../../db/write/ports.ts';
import { segmentsOfNetworks } from '../../db/write/segments.ts';
import { holdPorts } from '../../db/write/turns.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Port } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import { fixedPortGone } from '../floatingip/fixed-port.ts';
import type { Machine } from '../machine.ts';
import { afterCreate } from '../ml2/after-create.ts';
import { needsBinding } from '../ml2/binder.ts';
import type { PortChange } from '../ml2/contract.ts';
import { proxiedPortChanged } from '../ndp-proxy/ndp-proxies.ts';
import { callersFullView, viewOf } from '../parts.ts';
import { forwardedPortChanged } from '../port-forwarding/notes.ts';
import { checkNewPort, checkPortUpdate, refuseDeletion } from '../router/port-rules.ts';
import { refuseWhenTrunked } from '../trunk/parent-rules.ts';
import { createPortIn, NetworkNotes } from './create.ts';
import { portErrors } from './errors.ts';
import { type UpdatedPort, updatePortIn } from './update.ts';
import { visiblePort } from './visible.ts';

/** Ports (upstream: plugins/ml2/plugin.py). */
export class Ports implements Collection<Port> {
  readonly #machine: () => Machine;

  /** @param machine asked for when it is needed: the machine itself holds this collection */
  constructor(machine: () => Machine) {
    this.#machine = machine;
  }

  async list(context: Context, query: ListQuery): Promise<Page<Port>> {
    try {
      return await listPorts(this.#machine().shared.database, query, this.#view(context));
    } catch (error) {
      if (error instanceof UnknownMarkerError) throw portErrors.PortNotFound({ port_id: error.marker });
      throw error;
    }
  }

  async get(context: Context, id: string, fields: readonly string[] | null = null): Promise<Port> {
    const port = await getPort(this.#machine().shared.database.db, id, this.#view(context), fields);
    if (!port) throw portErrors.PortNotFound({ port_id: id });
    return port;
  }

  async create(context: Context, input: Input): Promise<Port> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  async createBulk(context: Context, inputs: readonly Input[]): Promise<Port[]> {
    const full = await this.createFull(context, inputs, { counted: true });
    return full.map((port) => visiblePort(port, this.#machine().shared.extensions));
  }

  /**
   * As `createBulk`, with every attribute there is: what messages carry.
   * @param how.counted they count towards quotas; what the infrastructure makes for itself does not
   */
  async createFull(
    context: Context,
    inputs: readonly Input[],
    how: { counted: boolean } = { counted: false },
  ): Promise<Port[]> {
    const { changes, mechanisms, outbox, shared } = this.#machine();
    const { result, tasks } = await changes.run(
      context,
      async (change) => {
        if (how.counted) await change.quota('port', inputs);
        const notes = new NetworkNotes();
        return inTurns(inputs, async (input) => {
          if (how.counted && this.#hasRouters) await checkNewPort(change, input);
          return this.createIn(change, input, notes);
        });
      },
      'together',
    );
    if (mechanisms.wants('createPortPostcommit')) {
      await afterCreate(result, {
        step: async (port) =>
          mechanisms.postcommit(
            'createPortPostcommit',
            await this.#portChange({ context, tx: shared.database.db }, { current: port, original: null }),
          ),
        undo: ({ id }) => this.delete(context, id),
        logger: shared.logger,
      });
    }
    await Promise.all(result.map((port) => this.#bind(context, port)));
    shared.stopPoint('before_tell');
    outbox.tellSoon(tasks);
    return result;
  }

  async update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<Port> {
    const { l3_ha_net_cidr } = this.#machine().shared.options.l3Agent;
    const check = (change: Change) => checkPortUpdate(change, id, changes, l3_ha_net_cidr);
    const provided = this.#hasRouters ? check : undefined;
    const how = { ifRevision, byClient: true, ...(provided && { provided }) };
    const current = await this.updateFull(context, id, changes, how);
    return visiblePort(current, this.#machine().shared.extensions);
  }

  /**
   * As `update`, with every attribute there is: what messages carry.
   * @param how.byClient a client changes it, not the plugin: Nova wants to know
   * @param how.provided asked in the transaction, before anything is changed: throws what the change is refused with
   */
  async updateFull(
    context: Context,
    id: string,
    changes: Input,
    how: {
      ifRevision?: number | null | undefined;
      byClient?: boolean;
      provided?: (change: Change) => Promise<void>;
    } = {},
  ): Promise<Port> {
    const machine = this.#machine();
    const { mechanisms, nova, outbox, shared } = machine;
    const { result, tasks } = await machine.changes.run(
      context,
      async (change) => {
        await how.provided?.(change);
        const updated = await updatePortIn(change, machine, { id, changes, ifRevision: how.ifRevision ?? null });
        if (how.byClient) await nova?.updated(change, updated.current);
        if (mechanisms.wants('updatePortPrecommit')) {
          await mechanisms.precommit('updatePortPrecommit', change.tx, await this.#portChange(change, updated));
        }
        return updated;
      },
      'together',
    );
    const { current } = result;
    if (mechanisms.wants('updatePortPostcommit')) {
      await mechanisms.postcommit(
        'updatePortPostcommit',
        await this.#portChange({ context, tx: shared.database.db }, result),
      );
    }
    await this.#bind(context, current);
    shared.stopPoint('before_tell');
    outbox.tellSoon(tasks);
    return current;
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    const { changes, mechanisms, outbox, shared } = this.#machine();
    const work = (change: Change) => this.deleteIn(change, id, { ifRevision, byClient: true });
    const { result: port, tasks } = await changes.run(context, work, 'together');
    outbox.tellSoon(tasks);
    if (!mechanisms.wants('deletePortPostcommit')) return;
    const portChange = await this.#portChange({ context, tx: shared.database.db }, { current: port, original: port });
    await mechanisms.postcommit('deletePortPostcommit', portChange).catch(() => {
      // Logged where it was thrown; the port is gone all the same, as upstream has it.
    });
  }

  /** Makes a port as part of a larger change, of a kind that has no host yet. Nothing is counted towards quotas. */
  async createIn(change: Change, input: Input, notes: NetworkNotes = new NetworkNotes()): Promise<Port> {
    const { mechanisms } = this.#machine();
    const port = await createPortIn(change, this.#machine(), input, notes);
    if (mechanisms.wants('createPortPrecommit')) {
      const portChange = await this.#portChange(change, { current: port, original: null });
      await mechanisms.precommit('createPortPrecommit', change.tx, portChange);
    }
    return port;
  }

  /**
   * Deletes a port as part of a larger change.
   * @param how.byClient a client asks for it: what routers have is theirs to delete
   */
  async deleteIn(
    change: Change,
    id: string,
    how: { ifRevision?: number | null | undefined; byClient?: boolean } = {},
  ): Promise<Port> {
    const { forwarding, mechanisms, nova, shared } = this.#machine();
    await holdPorts(change.tx, [id]);
    const port = await getPort(change.tx, id, callersFullView(change.context));
    if (!port) throw portErrors.PortNotFound({ port_id: id });
    checkRevision(how.ifRevision, port.revision_number);
    if (how.byClient && this.#hasRouters) await refuseDeletion(change, port);
    if (shared.extensions.has('trunk')) await refuseWhenTrunked(change, id);
    if (shared.extensions.has('fip-port-details')) await fixedPortGone(change, id);
    if (shared.extensions.has('floating-ip-port-forwarding')) await forwardedPortChanged(change, id, []);
    if (shared.extensions.has('l3-ndp-proxy')) await proxiedPortChanged(change, id, []);
    if (mechanisms.wants('deletePortPrecommit')) {
      const portChange = await this.#portChange(change, { current: port, original: port });
      await mechanisms.precommit('deletePortPrecommit', change.tx, portChange);
    }
    const was = await forwarding.before(change, id);
    await deletePortRow(change.tx, id);
    await forwarding.moved(change, id, was);
    const { network_id, fixed_ips, mac_address, project_id, security_groups: groups } = port;
    await change.todo('port', id, 'deleted', { network_id, fixed_ips, mac_address, groups, project_id });
    await nova?.deleted(change, port);
    return port;
  }

  /**
   * Wires a port that has a host, and notes in the object how it came out. The answer to the client keeps the revision of
   * the commit before, as upstream's does.
   */
  async #bind(context: Context, port: Port): Promise<void> {
    const { binder, shared } = this.#machine();
    if (!needsBinding(port)) return;
    shared.stopPoint('before_bind');
    const outcome = await binder.bind(context, port.id);
    if (!outcome) return;
    port['binding:vif_type'] = outcome.vif_type;
    port['binding:vif_details'] = outcome.vif_details;
    if (outcome.mac_address !== undefined) port.mac_address = outcome.mac_address;
  }

  async #portChange(
    { context, tx }: Pick<Change, 'context' | 'tx'> | { context: Context; tx: Machine['shared']['database']['db'] },
    { current, original }: Pick<UpdatedPort, 'current'> & { original: Port | null },
  ): Promise<PortChange> {
    const network = (await getNetwork(tx, current.network_id, fullView))!;
    return { context, current, original, network, segments: await segmentsOfNetworks(tx, [network.id]) };
  }

  get #hasRouters(): boolean {
    return this.#machine().shared.extensions.has('router');
  }

  #view(context: Context) {
    return viewOf(this.#machine().shared, context);
  }
}
