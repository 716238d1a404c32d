import { ApiError } from './errors.ts';
import type { Environment } from './global-options.ts';
import { hintFor } from './hints.ts';
import { buildCli, type Io } from './program.ts';

const USAGE_ERROR = 2;

/**
 * The `neutron` client.
 *
 * @param argv words behind the program's name
 * @returns the exit code: 0, 1 when the server refused or could not be reached, 2 for a wrong command line
 */
export async function runNeutron(argv: readonly string[], env: Environment, io: Io): Promise<number> {
  try {
    const cli = await buildCli(argv, env, io);
    if (argv.length === 0) cli.program.outputHelp();
    else await cli.program.parseAsync(cli.argv, { from: 'user' });
    return 0;
  } catch (error) {
    return exitCodeOf(error, io);
  }
}

function exitCodeOf(error: unknown, io: Io): number {
  const { name, message, exitCode, code } = error as {
    name: string;
    message: string;
    exitCode?: number;
    code?: string;
  };
  if (code?.startsWith('commander.')) return exitCode === 0 ? 0 : USAGE_ERROR;
  const isForPeople = name === 'CliError';
  io.stderr(`${isForPeople ? message : ((error as Error).stack ?? String(error))}\n`);
  const hint = error instanceof ApiError ? hintFor(error) : null;
  if (hint !== null) io.stderr(`${hint}\n`);
  return 1;
}
