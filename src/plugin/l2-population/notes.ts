import type { Tx } from '../../db/database.ts';
import { type PlacedPort, placesOfPorts } from '../../db/read/forwarding.ts';
import type { AgentRow } from '../../db/write/agents.ts';
import type { FdbEntry } from '../../rpc/contract.ts';
import type { Change } from '../changes.ts';
import type { MechanismDriver } from '../ml2/contract.ts';

/** The action of tasks that tell agents where a port is. */
export const FORWARDING = 'forwarding';
/** … and where a host's tunnels end: of an agent. */
export const TUNNEL_END = 'tunnel_end';

/** Where a port was, in words that outlive its rows. */
export interface FormerPlace {
  network_id: string;
  network_type: string;
  segment_id: number;
  host: string;
  /** None on a host that was only prepared for the port. */
  entries: readonly FdbEntry[];
}

type Agent = Pick<AgentRow, 'id' | 'host' | 'configurations'>;
type Noting = Pick<Change, 'tx' | 'todo'>;

/**
 * Notes, in the transactions that change where ports are, that agents must be told (upstream: drivers/l2pop/mech_driver.py).
 * Costs nothing where no driver populates.
 */
export class ForwardingNotes {
  readonly #on: boolean;

  constructor(drivers: readonly MechanismDriver[]) {
    this.#on = populates(drivers);
  }

  /** Before rows of a port change: give the result to `moved`. */
  async before(change: { tx: Tx }, portId: string): Promise<readonly FormerPlace[]> {
    return (await this.beforeAll(change, [portId])).get(portId) ?? [];
  }

  /** The same for many, by port. */
  async beforeAll(
    { tx }: { tx: Tx },
    portIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly FormerPlace[]>> {
    const places = this.#on ? await placesOfPorts(tx, portIds) : [];
    const byPort = Map.groupBy(places, ({ port_id }) => port_id);
    return new Map([...byPort].map(([id, ofPort]) => [id, ofPort.map(formerPlace)]));
  }

  /** A port is on another host, or has other addresses. One that was nowhere is told when it comes up. */
  async moved(change: Noting, portId: string, was: readonly FormerPlace[] | undefined): Promise<void> {
    if (was !== undefined && was.length > 0) await change.todo('port', portId, FORWARDING, { was });
  }

  /** Whether agents are told of anything. */
  get isOn(): boolean {
    return this.#on;
  }

  /** A host was prepared for a port, or is prepared no longer. */
  async prepared(change: Noting, portId: string, was: readonly FormerPlace[]): Promise<void> {
    if (this.#on) await change.todo('port', portId, FORWARDING, { was });
  }

  /** An agent that named an end of tunnels names another one, or is gone. */
  async endMoved(change: Pick<Change, 'todo'>, agent: Agent, now: Record<string, unknown> = {}): Promise<void> {
    const was = agent.configurations.tunneling_ip;
    if (!this.#on || typeof was !== 'string' || was === '' || was === now.tunneling_ip) return;
    await change.todo('agent', agent.id, TUNNEL_END, { host: agent.host, was });
  }

  /** A port came up or went down where it is. One that is being wired anew is where it was. */
  async statusChanged(change: Noting, portId: string, status: string): Promise<void> {
    if (this.#on && status !== 'BUILD') await change.todo('port', portId, FORWARDING);
  }
}

/** Whether agents are told what is where. */
export function populates(drivers: readonly MechanismDriver[]): boolean {
  return drivers.some(({ populatesForwarding }) => populatesForwarding === true);
}

export function formerPlace(place: PlacedPort): FormerPlace {
  const { network_id, network_type, host } = place;
  return { network_id, network_type, host, segment_id: place.segmentation_id, entries: entriesOf(place) };
}

export function entriesOf({ active, addresses, mac_address }: PlacedPort): FdbEntry[] {
  return active ? addresses.map((address): FdbEntry => [mac_address, address]) : [];
}
