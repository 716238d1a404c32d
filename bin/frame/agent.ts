import type { Transport } from '../../src/rpc/transport.ts';
import type { ExtraOption } from './arguments.ts';
import { type ProgramParts, StartError } from './program.ts';
import { connectQueue } from './queue.ts';

/** The connection of an agent to its server, made in the background: the server may come later. */
export function connectAgent(program: string, { config, logger }: ProgramParts): Promise<Transport> {
  return connectQueue(program, { config, logger });
}

export const dryRunOption: ExtraOption = {
  name: 'dry-run',
  help: 'print what would be changed on this host, change nothing, and exit',
};

/**
 * @returns the exit code
 * @throws StartError when the server that knows what should be does not answer
 */
export async function printPlan(plan: Promise<readonly string[]>): Promise<number> {
  const lines = await plan.catch((error: Error) => {
    if (error.name !== 'MessagingTimeout') throw error;
    const remedy = 'start neutron-server, or give its transport_url';
    throw new StartError(`the server does not tell what should be here (${error.message}); ${remedy}`);
  });
  process.stdout.write(lines.length ? `${lines.join('\n')}\n` : 'nothing to change: this host is as it should be\n');
  return 0;
}
