import { setPortStatus } from '../../db/write/ports.ts';
import type { Change } from '../changes.ts';
import { HA_PORT_OWNER } from '../ha-router/ha-ports.ts';
import type { ForwardingNotes } from '../l2-population/notes.ts';
import type { NovaNotes, ServersPort } from '../nova/notes.ts';

/** What must be known of a port whose status changes. */
export interface StatusHolder extends ServersPort {
  readonly status: string;
}

type Noting = Pick<Change, 'tx' | 'time' | 'todo' | 'changed'>;

/**
 * The status of a port that is there is changed here and nowhere else: whoever wants to know is noted in the same
 * transaction. Where nobody does, a change of status costs its one statement.
 */
export class PortStatuses {
  readonly #nova: NovaNotes | null;
  readonly #forwarding: ForwardingNotes;

  constructor(nova: NovaNotes | null, forwarding: ForwardingNotes) {
    this.#nova = nova;
    this.#forwarding = forwarding;
  }

  /** Whether it matters what a status was before. */
  get watched(): boolean {
    return this.#nova?.wantsStatuses === true;
  }

  /**
   * Sets a port's status and bumps it.
   * @param how.quietly Nova is not told
   * @returns false when it had this status already (or is gone)
   */
  async set(change: Noting, port: StatusHolder, status: string, how: { quietly?: boolean } = {}): Promise<boolean> {
    if (!(await setPortStatus(change.tx, port.id, status, change.time))) return false;
    await change.changed('port', port.id);
    await this.#forwarding.statusChanged(change, port.id, status);
    // Its agent waits for that before it speaks VRRP (upstream: l3_hascheduler_db.py `_notify_l3_agent_ha_port_update`).
    if (status === 'ACTIVE' && port.device_owner === HA_PORT_OWNER)
      await change.todo('router', port.device_id, 'updated');
    if (!how.quietly) await this.#nova?.statusChanged(change, port, port.status, status);
    return true;
  }

  /** The status was written together with other things of the port. */
  async written(change: Noting, before: StatusHolder, after: StatusHolder): Promise<void> {
    if (before.status !== after.status) await this.#nova?.statusChanged(change, after, before.status, after.status);
  }
}
