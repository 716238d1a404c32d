import { findAgents } from '../../db/read/agents.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { Collection } from '../contract.ts';
import { type Shared, wholeView } from '../parts.ts';
import { agentErrors } from './errors.ts';

/** A zone as agents report it; `resource` is what its agents serve. */
export interface AvailabilityZone {
  name: string;
  resource: 'network' | 'router';
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
    const filters = { agent_type: Object.keys(resourceOf) };
    const zones = new Map<string, AvailabilityZone>();
    for (const agent of await findAgents(this.#shared.database.db, { filters }, wholeView(this.#shared))) {
      if (!agent.availability_zone) continue;
      const resource = resourceOf[agent.agent_type]!;
      const key = `${resource} ${agent.availability_zone}`;
      const works = (agent.admin_state_up && agent.alive) || zones.get(key)?.state === 'available';
      zones.set(key, { name: agent.availability_zone, resource, state: works ? 'available' : 'unavailable' });
    }
    const order = ({ name, resource }: AvailabilityZone) => `${name} ${resource}`;
    return [...zones.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }
}

/** What agents of a kind serve. */
const resourceOf: Readonly<Record<string, AvailabilityZone['resource']>> = {
  'DHCP agent': 'network',
  'L3 agent': 'router',
};

function only(zone: AvailabilityZone, fields: readonly string[]): AvailabilityZone {
  return Object.fromEntries(
    Object.entries(zone).filter(([key]) => fields.includes(key)),
  ) as unknown as AvailabilityZone;
}
