import type { Gathered } from './grouping.ts';
import type { OnJoin } from './joining.ts';
import type { Topology } from './topology.ts';
import type { TraceMarks } from './trace-marks.ts';

/** What both views are given. */
export interface ViewProps {
  readonly topology: Topology;
  readonly gathered: Gathered;
  /** Id of what the panel shows: of a network, a device or (`group:`) a group. */
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
  readonly trace: TraceMarks | null;
  /** A router and a network are to be joined. */
  readonly onJoin: OnJoin;
}
