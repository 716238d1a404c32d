import type { Transport } from '../transport.ts';
import { callMethod, castMethod, type SendOptions } from './method.ts';
import { topics } from './topics.ts';

/** What an agent says of itself every `report_interval`. */
export interface AgentState {
  /** `neutron-dhcp-agent` … */
  binary: string;
  host: string;
  /** The topic it listens on, or `N/A`. */
  topic: string;
  /** `DHCP agent`, `Linux bridge agent`, `Metadata agent` … : with `host` the key of the agent's row. */
  agent_type: string;
  availability_zone?: string;
  configurations: Record<string, unknown>;
  /** True in the first report of a process, until it is answered: sets `started_at`. */
  start_flag?: boolean;
  /** New with each report. */
  uuid?: string;
  /** Object type → version it speaks; bridge agents send it with their first report. */
  resource_versions?: Record<string, string>;
}

/** `new` and `revived` ask the agent for a full sync. */
export type ReportAnswer = 'new' | 'alive' | 'revived';

export interface ReportMethods {
  /** `time`: UTC, `YYYY-MM-DDTHH:MM:SS.ffffff`; older than the server's start: ignored, and answered as null by some releases. */
  report_state: { args: { agent_state: { agent_state: AgentState }; time: string }; result: ReportAnswer | null };
}

/** The newest version of the endpoint, which is also the one agents ask for. */
export const REPORTS_VERSION = '1.2';

/** An agent's heartbeats. */
export class StateReports {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  report(state: AgentState, time: string, options?: SendOptions): Promise<ReportAnswer | null> {
    return callMethod<ReportMethods, 'report_state'>(
      this.#transport,
      target,
      'report_state',
      wrap(state, time),
      options,
    );
  }

  /** Without an answer, as the metadata agent reports. */
  tell(state: AgentState, time: string): Promise<void> {
    return castMethod<ReportMethods, 'report_state'>(this.#transport, target, 'report_state', wrap(state, time));
  }
}

const target = { topic: topics.reports, version: REPORTS_VERSION };

function wrap(state: AgentState, time: string) {
  return { agent_state: { agent_state: state }, time };
}

/** A moment as `report_state` carries it: UTC with six digits and no zone. */
export function reportTime(moment: Date): string {
  return `${moment.toISOString().slice(0, -1)}000`;
}
