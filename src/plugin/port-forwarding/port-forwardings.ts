import { randomUUID } from 'node:crypto';
import type { Db } from '../../db/database.ts';
import { type FloatingIpRow, floatingIpRow } from '../../db/write/floatingips.ts';
import { type PortForwardingRow, portForwardingsOf, portForwardingsTo } from '../../db/write/port-forwardings.ts';
import { type Context, seesEverything } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Change } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import { floatingIpErrors } from '../floatingip/errors.ts';
import type { Machine } from '../machine.ts';
import { pageOf } from '../stored/small-page.ts';
import { portForwardingErrors as errors, refused } from './errors.ts';
import { noteForwarding, removeForwardings, touch } from './notes.ts';
import { checkApart, checkWidths, heldBy, type Range, rangeOf } from './ranges.ts';
import { internalPort, reach } from './reach.ts';
import { type PortForwarding, portForwardingRows, shownForwarding, wholeForwarding } from './storage.ts';

/** Protocols that have no ports to forward. */
const WITHOUT_PORTS: readonly string[] = ['icmp', 'ipv6-icmp'];

/** The forwardings of one floating address (upstream: services/portforwarding/pf_plugin.py). */
export class PortForwardings implements Collection<PortForwarding> {
  readonly #machine: Machine;
  readonly #fipId: string;

  constructor(machine: Machine, fipId: string) {
    this.#machine = machine;
    this.#fipId = fipId;
  }

  async list(context: Context, query: ListQuery): Promise<Page<PortForwarding>> {
    const { db } = this.#machine.shared.database;
    await this.#fip(db, context);
    const rows = await portForwardingsOf(db, [this.#fipId]);
    return pageOf(rows.map(shownForwarding), query, (id) => errors.PortForwardingNotFound({ id }));
  }

  async get(context: Context, id: string): Promise<PortForwarding> {
    const { db } = this.#machine.shared.database;
    await this.#fip(db, context);
    return shownForwarding(among(await portForwardingsOf(db, [this.#fipId]), id));
  }

  async create(context: Context, input: Input): Promise<PortForwarding> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  createBulk(context: Context, inputs: readonly Input[]): Promise<PortForwarding[]> {
    return this.#run(context, (change) => inTurns(inputs, (input) => this.#createIn(change, input)));
  }

  /** @throws PortForwardingNotFound, and as `create` */
  update(context: Context, id: string, changes: Input): Promise<PortForwarding> {
    return this.#run(context, async (change) => {
      const { tx, time } = change;
      const fip = await this.#fip(tx, context);
      const own = await portForwardingsOf(tx, [fip.id]);
      const row = among(own, id);
      const port_id = (changes.internal_port_id as string | undefined) ?? row.internal_port_id;
      // Another port has other addresses: its own, unless one is named.
      const address =
        (changes.internal_ip_address as string | undefined) ??
        (port_id === row.internal_port_id ? row.internal_ip_address : null);
      const moves = port_id !== row.internal_port_id || address !== row.internal_ip_address;
      const { internal_ip_address } = moves
        ? await reach(change, fip, { port: await internalPort(change, fip, port_id), address })
        : { internal_ip_address: row.internal_ip_address };
      const next = withRanges(
        {
          ...row,
          internal_port_id: port_id,
          internal_ip_address,
          protocol: (changes.protocol as string | undefined) ?? row.protocol,
          description: (changes.description as string | undefined) ?? row.description,
        },
        {
          external: rangeOf(changes, 'external') ?? heldBy(row, 'external'),
          internal: rangeOf(changes, 'internal') ?? heldBy(row, 'internal'),
        },
      );
      if (JSON.stringify(next) === JSON.stringify(row)) return shownForwarding(row);
      await this.#checkFree(tx, next, own);
      await portForwardingRows.update(tx, id, { ...next, updated_at: time, revision_number: row.revision_number + 1 });
      await touch(change, fip.id, [row.internal_port_id, next.internal_port_id]);
      const stored = among(await portForwardingsOf(tx, [fip.id]), id);
      await noteForwarding(change, stored, 'updated');
      return shownForwarding(stored);
    });
  }

  /** @throws PortForwardingNotFound */
  async delete(context: Context, id: string): Promise<void> {
    await this.#run(context, async (change) => {
      const fip = await this.#fip(change.tx, context);
      await removeForwardings(change, [among(await portForwardingsOf(change.tx, [fip.id]), id)]);
    });
  }

  async #createIn(change: Change, input: Input): Promise<PortForwarding> {
    const { tx, time, context } = change;
    const fip = await this.#fip(tx, context);
    const port_id = input.internal_port_id as string;
    const external = rangeOf(input, 'external');
    const internal = rangeOf(input, 'internal');
    const protocol = input.protocol as string;
    if (external === undefined || internal === undefined) {
      throw refused('A port or a range of ports must be given, both external and internal');
    }
    const port = await internalPort(change, fip, port_id);
    const row = withRanges(
      {
        id: randomUUID(),
        floatingip_id: fip.id,
        project_id: fip.project_id,
        description: (input.description as string | undefined) ?? '',
        created_at: time,
        updated_at: time,
        revision_number: 0,
        internal_port_id: port_id,
        internal_ip_address: input.internal_ip_address as string,
        protocol,
      },
      { external, internal },
    );
    await this.#checkFree(tx, row, await portForwardingsOf(tx, [fip.id]));
    const { router_id } = await reach(change, fip, { port, address: row.internal_ip_address });
    await portForwardingRows.insert(tx, row);
    await touch(change, fip.id, [port_id], fip.router_id === null ? router_id : undefined);
    await noteForwarding(change, row, 'created');
    return wholeForwarding(row);
  }

  /** That nobody else forwards these ports, from outside or to the guest. @throws BadRequest */
  async #checkFree(db: Db, row: PortForwardingRow, own: readonly PortForwardingRow[]): Promise<void> {
    if (WITHOUT_PORTS.includes(row.protocol)) throw refused(`Protocol ${row.protocol} has no ports to forward`);
    const [external, internal] = [heldBy(row, 'external'), heldBy(row, 'internal')];
    checkWidths(external, internal);
    const others = (rows: readonly PortForwardingRow[]) =>
      rows.filter(({ id, protocol }) => id !== row.id && protocol === row.protocol);
    const inside = others(await portForwardingsTo(db, row.internal_port_id)).filter(
      ({ internal_ip_address }) => internal_ip_address === row.internal_ip_address,
    );
    checkApart('internal', internal, inside);
    checkApart('external', external, others(own));
  }

  /** @throws FloatingIPNotFound for what the caller does not see */
  async #fip(db: Db, context: Context): Promise<FloatingIpRow> {
    const row = await floatingIpRow(db, this.#fipId);
    if (row === null || (row.project_id !== context.projectId && !seesEverything(context))) {
      throw floatingIpErrors.FloatingIPNotFound({ floatingip_id: this.#fipId });
    }
    return row;
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

function among(rows: readonly PortForwardingRow[], id: string): PortForwardingRow {
  const row = rows.find((one) => one.id === id);
  if (row === undefined) throw errors.PortForwardingNotFound({ id });
  return row;
}

function withRanges<R extends Omit<PortForwardingRow, `${'external' | 'internal'}_port_${'start' | 'end'}`>>(
  row: R,
  { external, internal }: { external: Range; internal: Range },
): R & PortForwardingRow {
  return {
    ...row,
    external_port_start: external.first,
    external_port_end: external.last,
    internal_port_start: internal.first,
    internal_port_end: internal.last,
  };
}
