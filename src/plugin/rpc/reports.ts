import { endpoint, REPORTS_VERSION, type ReportMethods } from '../../rpc/contract.ts';
import type { Endpoint } from '../../rpc/transport.ts';
import type { AgentDirectory } from '../agent/directory.ts';

/** Heartbeats (upstream: db/agents_db.py AgentExtRpcCallback). */
export function reportsEndpoint(directory: AgentDirectory): Endpoint {
  return endpoint<ReportMethods>(REPORTS_VERSION, {
    report_state: ({ agent_state: { agent_state }, time }) => directory.report(agent_state, time),
  });
}
