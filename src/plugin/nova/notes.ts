import type { ServerEvent } from '../../lib/server-event.ts';
import type { Change } from '../changes.ts';
import type { Nova } from './contract.ts';

/** What is needed of a port to tell Nova of it. */
export interface ServersPort {
  readonly id: string;
  readonly device_id: string;
  readonly device_owner: string;
}

type Noting = Pick<Change, 'todo'>;

/** `device_id` of a guest: its server's UUID, with or without hyphens. */
const SERVER_ID = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i;

/** Notes events for Nova in the transactions that make the changes (upstream: notifiers/nova.py). */
export class NovaNotes {
  readonly #wants: Pick<Nova, 'statusChanges' | 'dataChanges'>;

  constructor(wants: Pick<Nova, 'statusChanges' | 'dataChanges'>) {
    this.#wants = wants;
  }

  get wantsStatuses(): boolean {
    return this.#wants.statusChanges;
  }

  /** A port's status was one and is another now. Nova waits for the first kind when it starts a guest. */
  async statusChanged(change: Noting, port: ServersPort, before: string, after: string): Promise<void> {
    const event = statusEvent(before, after);
    if (event !== null && this.#wants.statusChanges) await note(change, port, event);
  }

  /** The port is wired on a host that its guest is only moving to: Nova waits for that, whatever the status is. */
  async pluggedElsewhere(change: Noting, port: ServersPort): Promise<void> {
    if (this.#wants.statusChanges) await note(change, port, { name: 'network-vif-plugged', status: 'completed' });
  }

  /** Somebody updated the port: Nova reads it anew, for its copy of the guest's addresses. */
  async updated(change: Noting, port: ServersPort): Promise<void> {
    if (this.#wants.dataChanges) await note(change, port, { name: 'network-changed' });
  }

  async deleted(change: Noting, port: ServersPort): Promise<void> {
    if (this.#wants.dataChanges) await note(change, port, { name: 'network-vif-deleted' });
  }
}

type Event = Pick<ServerEvent, 'name' | 'status'>;

function statusEvent(before: string, after: string): Event | null {
  if (before === 'ACTIVE' && after === 'DOWN') return { name: 'network-vif-unplugged', status: 'completed' };
  if (before !== 'DOWN' && before !== 'BUILD') return null;
  if (after === 'ACTIVE') return { name: 'network-vif-plugged', status: 'completed' };
  return after === 'ERROR' ? { name: 'network-vif-plugged', status: 'failed' } : null;
}

/** The order of events is the server's, so the task is of the server. */
async function note(change: Noting, port: ServersPort, { name, status }: Event): Promise<void> {
  if (!port.device_owner.startsWith('compute:') || !SERVER_ID.test(port.device_id)) return;
  await change.todo('server', port.device_id, name, { port_id: port.id, ...(status && { status }) });
}
