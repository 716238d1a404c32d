import { dhcpAgents } from '../../db/write/agents.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { Collection } from '../contract.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import type { Shared } from '../parts.ts';
import { agentErrors } from './errors.ts';

/** A zone as agents report it; `resource` is what its agents serve. */
export interface AvailabilityZone {
  name: string;
  resource: 'network';
  state: 'available' | 'unavailable';
}

/** Zones, made from agents and stored nowhere (upstream: db/availability_zone). */
export class AvailabilityZones implements Collection<AvailabilityZone> {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  async list(_context: Context, { filters, fields }: ListQuery): Promise<Page<AvailabilityZone>> {
    const zones = (await this.#zones()).filter((zone) =>
      Object.entries(filters).every(([key, values]) => values.includes(zone[key as keyof AvailabilityZone])),
    );
    return { items: fields === null ? zones : zones.map((zone) => only(zone, fields)) };
  }

  /** Zones have no ids, so none can be asked for. */
  async get(_context: Context, id: string): Promise<never> {
    throw agentErrors.AvailabilityZoneNotFound({ availability_zone: id });
  }

  /** A zone is available while one of its agents lives and is switched on. */
  async #zones(): Promise<AvailabilityZone[]> {
    const { database, now, options } = this.#shared;
    const nowMs = now();
    const available = new Map<string, boolean>();
    for (const agent of await dhcpAgents(database.db)) {
      if (agent.availability_zone === null) continue;
      const works = agent.admin_state_up && isAlive(agent.heartbeat_timestamp, nowMs, options.core);
      available.set(agent.availability_zone, works || available.get(agent.availability_zone) === true);
    }
    return [...available].map(([name, works]) => ({
      name,
      resource: 'network',
      state: works ? 'available' : 'unavailable',
    }));
  }
}

function only(zone: AvailabilityZone, fields: readonly string[]): AvailabilityZone {
  return Object.fromEntries(
    Object.entries(zone).filter(([key]) => fields.includes(key)),
  ) as unknown as AvailabilityZone;
}
