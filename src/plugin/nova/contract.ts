import type { ServerEvent } from '../../lib/server-event.ts';

/** Nova, as the program that runs the plugin knows it. */
export interface Nova {
  /** Whether it wants to know of statuses, and of other changes (`notify_nova_on_port_…_changes`). */
  readonly statusChanges: boolean;
  readonly dataChanges: boolean;
  /** `send_events_interval`: events of this long are sent together. */
  readonly intervalMs: number;
  /**
   * Sends events in this order. What Nova says of single ones is logged.
   * @throws Error they could not be sent, and are to be sent again
   */
  send(events: readonly ServerEvent[], requestId: string | null): Promise<void>;
  /** Gives up what is being sent. */
  close(): void;
}
