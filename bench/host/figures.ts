import type { Figures } from '../load.ts';
import type { ChangeFigures } from './changes.ts';
import type { FloorFigures } from './floor.ts';
import type { RestartFigures, RestFigures } from './rest.ts';
import type { Kind } from './site.ts';
import type { StartFigures } from './start.ts';

/** What was seen of one agent on one site. Null where it was not asked for, or could not be measured. */
export interface HostWork {
  readonly kind: Kind;
  readonly site: string;
  readonly ports: number;
  readonly start: StartFigures;
  readonly floor: FloorFigures | null;
  readonly restart: RestartFigures | null;
  readonly rule: ChangeFigures | null;
  readonly member: ChangeFigures | null;
  /** From a tap's appearance to ACTIVE, each alone; on this host, and on one with a single port. */
  readonly alone: readonly number[] | null;
  readonly aloneOnEmptyHost: readonly number[] | null;
  /** The same of taps that came at once. */
  readonly together: readonly number[] | null;
  readonly rest: RestFigures | null;
  readonly api: { readonly withAgent: ApiFigures; readonly without: ApiFigures } | null;
}

export type ApiFigures = Readonly<Record<string, Figures>>;

export interface HostWorkReport {
  readonly when: string;
  readonly machine: string;
  /** Load averages of the machine before and after: other work that ran makes everything look slower. */
  readonly load: readonly [string, string];
  readonly remoteMembers: number;
  readonly ours: HostWork;
  readonly peer: readonly HostWork[];
}
