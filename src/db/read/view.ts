/** Who looks, and at what moment: what of a row becomes visible besides what the query asks for. */
export interface View {
  /** Aliases of the loaded extensions; attributes of others do not exist. Null: every attribute there is. */
  readonly extensions: ReadonlySet<string> | null;
  /** A network shared with this project reads `shared: true`; null (admin) looks at wildcard entries only. */
  readonly projectId?: string | null;
  /** An agent not heard of for longer is not alive; upstream's `agent_down_time`. */
  readonly agentDownTimeMs?: number;
  /** Milliseconds since the epoch that count as now; fixed once per list. */
  readonly nowMs?: number;
}

/** All attributes, seen by an admin. */
export const fullView: View = { extensions: null };

/** Upstream's default of `agent_down_time`. */
export const AGENT_DOWN_TIME_MS = 75_000;

/** `marker` names no row of that resource: the caller turns it into its not-found error. */
export class UnknownMarkerError extends Error {
  readonly marker: string;

  constructor(marker: string) {
    super('the marker names nothing');
    this.name = 'UnknownMarkerError';
    this.marker = marker;
  }
}
