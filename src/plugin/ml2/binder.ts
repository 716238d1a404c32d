import type { Database, Db } from '../../db/database.ts';
import { getNetwork } from '../../db/read/networks.ts';
import { getPort } from '../../db/read/ports.ts';
import { fullView, type View } from '../../db/read/view.ts';
import { isForeignKeyViolation } from '../../db/retry.ts';
import { agentsOnHost } from '../../db/write/agents.ts';
import {
  activeBinding,
  type BindingLevel,
  type BindingRow,
  replaceBindingLevels,
  updateBinding,
} from '../../db/write/bindings.ts';
import { bumpPort } from '../../db/write/ports.ts';
import { type SegmentRow, segmentsOfNetworks } from '../../db/write/segments.ts';
import { segmentsOfSubnets } from '../../db/write/subnets.ts';
import { holdPorts } from '../../db/write/turns.ts';
import type { Context } from '../../lib/context.ts';
import type { Logger } from '../../lib/log.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Change, Changes } from '../changes.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import type { PluginOptions } from '../options.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { takeDeviceMac } from '../port/device-mac.ts';
import { generateMac } from '../port/mac.ts';
import type { PortStatuses } from '../port/status.ts';
import type { BindRequest } from './contract.ts';
import { reasonsNotServed } from './mechanism/linuxbridge.ts';
import type { BoundLevel, Mechanisms } from './mechanisms.ts';

/** A port is tried again this often when its binding changes while drivers think. */
const MAX_TRIES = 10;

const UNBOUND = 'unbound';
const FAILED = 'binding_failed';

/** How a port is wired after an attempt. */
export interface BindOutcome {
  vif_type: string;
  vif_details: Record<string, unknown>;
  /** The MAC it got from its device; absent: it kept its own. */
  mac_address?: string;
  /** Whether rows were written, and the port's revision went up with them. */
  written: boolean;
}

/**
 * Binds ports: asks the drivers outside any transaction, then writes the answer if the binding is still what they were
 * asked about (upstream: ml2/plugin.py `_bind_port_if_needed`).
 */
export class Binder {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #outbox: Outbox;
  readonly #statuses: PortStatuses;
  readonly #mechanisms: Mechanisms;
  readonly #options: PluginOptions;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #view: View;

  constructor(parts: {
    database: Database;
    changes: Changes;
    outbox: Outbox;
    statuses: PortStatuses;
    mechanisms: Mechanisms;
    options: PluginOptions;
    logger: Logger;
    now: () => number;
    random: () => number;
    /** What drivers see of a port. */
    view: View;
  }) {
    this.#database = parts.database;
    this.#changes = parts.changes;
    this.#outbox = parts.outbox;
    this.#statuses = parts.statuses;
    this.#mechanisms = parts.mechanisms;
    this.#options = parts.options;
    this.#logger = parts.logger;
    this.#now = parts.now;
    this.#random = parts.random;
    this.#view = parts.view;
  }

  /**
   * Binds a port that has a host and is not bound. Of one that somebody else bound meanwhile it tells how; null when there
   * is nothing to bind, or the port is gone.
   */
  async bind(context: Context, portId: string): Promise<BindOutcome | null> {
    for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
      const request = await this.#request(context, portId);
      if (!request) return null;
      if (!needsBinding(request.port)) return currentOutcome(request.port);
      const levels = await this.#mechanisms.bind(request);
      const outcome = outcomeOf(levels);
      if (outcome.vif_type === FAILED && request.port['binding:vif_type'] === FAILED) return outcome;
      if (await this.#commit(request, levels ?? [], outcome)) {
        if (outcome.vif_type === FAILED) this.#logFailure(request);
        return { ...outcome, written: true };
      }
    }
    this.#logger.error({ resource: 'port', id: portId }, 'binding changed at every try; given up');
    return null;
  }

  /**
   * How a port would be wired on another host than its own; writes nothing. Null when no driver could, or the port is gone.
   */
  async wiring(
    context: Context,
    portId: string,
    wanted: { host: string; vnic_type: string; profile: Record<string, unknown> },
  ): Promise<{ vif_type: string; vif_details: Record<string, unknown>; levels: BindingLevel[] } | null> {
    const request = await this.#request(context, portId, wanted);
    const levels = request && (await this.#mechanisms.bind(request));
    if (!levels) {
      if (request) this.#logFailure(request);
      return null;
    }
    const { vif_type, vif_details } = outcomeOf(levels);
    return { vif_type, vif_details, levels: rowsOf(levels) };
  }

  /** @param wanted instead of what the port's own binding says */
  async #request(
    context: Context,
    portId: string,
    wanted: { host: string; vnic_type: string; profile: Record<string, unknown> } | null = null,
  ): Promise<BindRequest | null> {
    return this.#database.snapshot(async (db) => {
      const port = await getPort(db, portId, this.#view);
      const host = wanted?.host ?? port?.['binding:host_id'] ?? '';
      if (!port || host === '') return null;
      const network = await getNetwork(db, port.network_id, fullView);
      if (!network) return null;
      const nowMs = this.#now();
      return {
        context,
        port,
        network,
        host,
        vnic_type: wanted?.vnic_type ?? port['binding:vnic_type'],
        profile: wanted?.profile ?? port['binding:profile'],
        segments: await bindable(db, port, await segmentsOfNetworks(db, [network.id])),
        agents: (await agentsOnHost(db, host)).map((agent) => ({
          ...agent,
          alive: isAlive(agent.heartbeat_timestamp, nowMs, this.#options.core),
        })),
      };
    });
  }

  /** Writes the outcome, and notes the MAC in it; false when the binding is no longer the one that drivers were asked about. */
  async #commit(request: BindRequest, levels: readonly BoundLevel[], outcome: BindOutcome): Promise<boolean> {
    const { context, host, port } = request;
    const write = async (change: Change) => {
      const { tx, time } = change;
      await holdPorts(tx, [port.id]);
      const current = await activeBinding(tx, port.id);
      if (!current || !isSame(current, request)) return false;
      const { vif_type, vif_details } = outcome;
      await updateBinding(tx, { ...current, vif_type, vif_details });
      await replaceBindingLevels(tx, port.id, host, rowsOf(levels));
      const mac = await takeDeviceMac(tx, port, current, () => this.#newMac());
      if (mac !== null) outcome.mac_address = mac;
      const active = levels.at(-1)?.result.status === 'ACTIVE';
      if (!(active && (await this.#statuses.set(change, port, 'ACTIVE')))) await bumpPort(tx, port.id, time);
      return true;
    };
    try {
      const { result, tasks } = await this.#changes.run(context, write, 'together');
      this.#outbox.tellSoon(tasks);
      return result;
    } catch (error) {
      // The segment that drivers chose went away meanwhile.
      if (isForeignKeyViolation(error)) return false;
      throw error;
    }
  }

  #newMac(): string {
    return generateMac(this.#options.core.base_mac, this.#random);
  }

  #logFailure({ port, host, agents, segments }: BindRequest): void {
    const types = new Set(segments.map(({ network_type }) => network_type));
    const reasons = agents.flatMap((agent) => reasonsNotServed(agent, types));
    this.#logger.warn(
      {
        resource: 'port',
        id: port.id,
        host,
        segments: segments.map(({ network_type, physical_network }) => `${network_type}:${physical_network ?? ''}`),
        agents: agents.map(({ agent_type, alive }) => `${agent_type}:${alive ? 'alive' : 'dead'}`),
        ...(reasons.length > 0 && { reasons }),
      },
      'no mechanism driver could bind the port',
    );
  }
}

/** Of a routed network only the segments that the port's addresses lie on (upstream: drivers/mech_agent.py). */
async function bindable(db: Db, port: Port, segments: readonly SegmentRow[]): Promise<readonly SegmentRow[]> {
  if (segments.length < 2 || port.fixed_ips.length === 0) return segments;
  const placed = await segmentsOfSubnets(
    db,
    port.fixed_ips.map(({ subnet_id }) => subnet_id),
  );
  return placed.includes(null) ? segments : segments.filter(({ id }) => placed.includes(id));
}

function rowsOf(levels: readonly BoundLevel[]): BindingLevel[] {
  return levels.map(({ driver, result }, level) => ({ level, driver, segment_id: result.segment_id }));
}

/** Whether a port has a host and is not wired there. */
export function needsBinding(port: Pick<Port, 'binding:host_id' | 'binding:vif_type'>): boolean {
  return port['binding:host_id'] !== '' && [UNBOUND, FAILED].includes(port['binding:vif_type']);
}

function currentOutcome(port: Port): BindOutcome {
  return { vif_type: port['binding:vif_type'], vif_details: port['binding:vif_details'], written: false };
}

function outcomeOf(levels: readonly BoundLevel[] | null): BindOutcome {
  const result = levels?.at(-1)?.result;
  if (!result) return { vif_type: FAILED, vif_details: {}, written: false };
  return { vif_type: result.vif_type, vif_details: result.vif_details, written: false };
}

function isSame(current: BindingRow, { port, host, vnic_type, profile }: BindRequest): boolean {
  return (
    current.host === host &&
    current.vnic_type === vnic_type &&
    current.vif_type === port['binding:vif_type'] &&
    JSON.stringify(current.profile) === JSON.stringify(profile)
  );
}
