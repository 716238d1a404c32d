import { randomUUID } from 'node:crypto';
import {
  type Association,
  type FloatingIpRow,
  floatingIpRow,
  policyOfFloatingIp,
  setAssociation,
  setFloatingIpPolicy,
} from '../../db/write/floatingips.ts';
import { deleteTags } from '../../db/write/rows.ts';
import { type Context, seesEverything } from '../../lib/context.ts';
import { inTurns } from '../../lib/turns.ts';
import type { FloatingIp } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { NetworkNotes } from '../port/create.ts';
import { requirePolicy } from '../qos/attach.ts';
import type { StoredReads } from '../stored/reads.ts';
import { associationOf, NOWHERE } from './associate.ts';
import { floatingIpErrors as errors } from './errors.ts';
import { checkFloatingNetwork, createFloatingPort } from './floating-port.ts';
import { noteChange } from './notes.ts';
import { floatingIpReads, floatingIpRows, floatingIpTags } from './storage.ts';

/** Addresses outside that lead to ports (upstream: db/l3_db.py). */
export class FloatingIps implements Collection<FloatingIp> {
  readonly list: Collection<FloatingIp>['list'];
  readonly get: StoredReads<FloatingIp>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<FloatingIp>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = floatingIpReads(machine.shared);
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<FloatingIp> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  createBulk(context: Context, inputs: readonly Input[]): Promise<FloatingIp[]> {
    return this.#run(context, async (change) => {
      await change.quota('floatingip', inputs);
      const notes = new NetworkNotes();
      return inTurns(inputs, (input) => this.#createIn(change, input, notes));
    });
  }

  /** @throws FipInUseByPortForwarding, and what an association may be refused with */
  update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<FloatingIp> {
    return this.#run(context, async (change) => {
      const { tx, time } = change;
      const row = await this.#visible(change, id, ifRevision);
      const next = await associationOf(change, row, changes);
      // What forwards ports leads to no port itself; taking away what is not there leaves the forwardings.
      const forwards = row.fixed_port_id === null && row.router_id !== null;
      if (forwards && next?.fixed_port_id) throw errors.FipInUseByPortForwarding({ id });
      const moves = next !== null && !forwards && !isSame(row, next);
      if (moves) await setAssociation(tx, row, next, time);
      const described = changes.description !== undefined;
      if (described) await floatingIpRows.update(tx, id, { description: changes.description });
      const regulated = await this.#changeQos(change, id, changes.qos_policy_id as string | null | undefined);
      // Upstream counts these, whatever was there before.
      const emptied = changes.port_id === null || changes.fixed_ip_address === null;
      if (!moves && (described || regulated || emptied)) await floatingIpRows.bump(tx, id, time);
      if (moves || regulated) await noteChange(change, id, 'updated', [row.router_id, moves ? next.router_id : null]);
      return (await this.#reads.whole(tx, id))!;
    });
  }

  /** @throws FipInUseByPortForwarding */
  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    await this.#run(context, async (change) => this.#deleteIn(change, await this.#visible(change, id, ifRevision)));
  }

  async #createIn(change: Change, input: Input, notes: NetworkNotes): Promise<FloatingIp> {
    const { tx, time } = change;
    const id = randomUUID();
    const project_id = (input.project_id as string | undefined) ?? '';
    const floating_network_id = input.floating_network_id as string;
    await checkFloatingNetwork(change, floating_network_id);
    const port = await createFloatingPort(change, this.#machine, { fipId: id, input, notes });
    const fip = { id, project_id, floating_ip_address: port.address, floating_network_id };
    const association = (await associationOf(change, fip, input)) ?? NOWHERE;
    await floatingIpRows.insert(tx, {
      ...fip,
      ...association,
      ...namesOf(input),
      description: (input.description as string | undefined) ?? '',
      created_at: time,
      updated_at: time,
      revision_number: 0,
      floating_port_id: port.id,
      last_known_router_id: null,
      status: 'DOWN',
    });
    await this.#changeQos(change, id, (input.qos_policy_id as string | null | undefined) ?? undefined);
    await noteChange(change, id, 'created', [association.router_id]);
    return (await this.#reads.whole(tx, id))!;
  }

  async #deleteIn(change: Change, row: FloatingIpRow): Promise<void> {
    if (row.fixed_port_id === null && row.router_id !== null) throw errors.FipInUseByPortForwarding({ id: row.id });
    await deleteTags(change.tx, floatingIpTags.type, row.id);
    await noteChange(change, row.id, 'deleted', [row.router_id]);
    // The address goes with its port, which is no tenant's; the row goes with the port, too.
    const elevated: Change = { ...change, context: { ...change.context, isAdmin: true } };
    await this.#machine.ports.deleteIn(elevated, row.floating_port_id);
  }

  /** @returns whether it has another policy now */
  async #changeQos(change: Change, id: string, wanted: string | null | undefined): Promise<boolean> {
    const { shared } = this.#machine;
    if (wanted === undefined || !shared.extensions.has('qos-fip')) return false;
    if (wanted === (await policyOfFloatingIp(change.tx, id))) return false;
    if (wanted !== null) await requirePolicy(change, shared, wanted);
    await setFloatingIpPolicy(change.tx, id, wanted);
    return true;
  }

  /** @throws FloatingIPNotFound for what the caller does not see, RevisionNumberConstraintFailed */
  async #visible({ tx, context }: Change, id: string, ifRevision?: number | null): Promise<FloatingIpRow> {
    const row = await floatingIpRow(tx, id);
    if (row === null || (row.project_id !== context.projectId && !seesEverything(context))) {
      throw errors.FloatingIPNotFound({ floatingip_id: id });
    }
    checkRevision(ifRevision, row.revision_number);
    return row;
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

function isSame(row: Association, next: Association): boolean {
  return (
    row.fixed_port_id === next.fixed_port_id &&
    row.fixed_ip_address === next.fixed_ip_address &&
    row.router_id === next.router_id
  );
}

/** One is nothing without the other. */
function namesOf({ dns_name, dns_domain }: Input): { dns_name: string; dns_domain: string } {
  return dns_name && dns_domain
    ? { dns_name: dns_name as string, dns_domain: dns_domain as string }
    : { dns_name: '', dns_domain: '' };
}
