/** Who looks, and at what moment: what of a row becomes visible besides what the query asks for. */
export interface View {
  /** Aliases of the loaded extensions; attributes of others do not exist. Null: every attribute there is. */
  readonly extensions: ReadonlySet<string> | null;
  /** Sees every row, as administrators and services do; else only what the definition's scope lets a project see. */
  readonly all: boolean;
  /** Whose eyes: what is shared with this project reads `shared: true`. Null or absent: nobody's. */
  readonly projectId?: string | null;
  /** Domain of the names in `dns_assignment`, with its final dot or `''`; absent: nobody is told such names. */
  readonly dnsDomain?: string;
  /** An agent not heard of for longer is not alive; upstream's `agent_down_time`. */
  readonly agentDownTimeMs?: number;
  /** Milliseconds since the epoch that count as now; fixed once per list. */
  readonly nowMs?: number;
}

/** All attributes, seen by an admin. */
export const fullView: View = { extensions: null, all: true };

/** Stands for the project of a caller who has none, so that nothing is his; no project can be called that. */
const NOBODY = '\u0001';

/** The project that rows are compared with. */
export function viewer({ projectId }: View): string {
  return projectId ?? NOBODY;
}

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
