/** What a program has said and heard on the queue since it started. */
export interface TransportStatistics {
  readonly sent: { call: number; cast: number; fanout: number; reply: number };
  readonly received: { request: number; reply: number; unreadable: number };
  /** Calls that got no answer in time, or could get none. */
  timeouts: number;
  reconnects: number;
  /** By method, of those that this program serves. */
  readonly served: Map<string, { done: number; failed: number; seconds: number }>;
}

export function newStatistics(): TransportStatistics {
  return {
    sent: { call: 0, cast: 0, fanout: 0, reply: 0 },
    received: { request: 0, reply: 0, unreadable: 0 },
    timeouts: 0,
    reconnects: 0,
    served: new Map(),
  };
}
