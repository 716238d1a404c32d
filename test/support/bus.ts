import { type AgentState, StateReports } from '../../src/rpc/contract.ts';
import { connectLocalBus } from '../../src/rpc/local/connect.ts';
import type { Transport } from '../../src/rpc/transport.ts';

/** A connection to a server's local bus that ends with its scope. */
export async function connectBus(socketPath: string): Promise<Transport & AsyncDisposable> {
  const transport = connectLocalBus({ socketPath, program: 'test' });
  return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() });
}

export interface Reports extends AsyncDisposable {
  report(state: AgentState): Promise<void>;
}

/** What an agent says of itself every `report_interval`, without the agent. */
export async function createStateReports(socketPath: string): Promise<Reports> {
  const transport = await connectBus(socketPath);
  const reports = new StateReports(transport);
  return {
    report: async (state) => {
      await reports.report(state, new Date().toISOString().replace('Z', '000'));
    },
    [Symbol.asyncDispose]: () => transport.close(),
  };
}
