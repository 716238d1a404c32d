/** The last hour. `at` is seconds since the epoch, oldest first. */
export interface RecentUsage {
  /** Seconds between points of `load`; a point is left out when nothing was asked. */
  readonly step: number;
  readonly from: number;
  readonly until: number;
  readonly load: readonly {
    readonly at: number;
    readonly requests: number;
    readonly errors: number;
    /** Milliseconds that half of them, and 95 of 100, took at most. */
    readonly p50: number | null;
    readonly p95: number | null;
  }[];
  /** By status; each holds until the next. */
  readonly ports: readonly { readonly at: number; readonly counts: Readonly<Record<string, number>> }[];
}
