import { Command } from 'commander';
import { normalizeArguments } from './arguments.ts';
import type { CommandSource } from './command-source.ts';
import type { Session } from './commands.ts';
import { connect } from './connection.ts';
import { extensionCommands } from './extension-commands.ts';
import { addGlobalOptions, type Environment, type GlobalOptions } from './global-options.ts';
import { nounCommands } from './noun-commands.ts';
import { purgeCommands } from './purge.ts';
import { quotaCommands } from './quota-commands.ts';
import { routeCommands } from './route-commands.ts';
import { routerCommands } from './router-commands.ts';
import { tagCommands } from './tag-commands.ts';

/** Where the client writes. */
export interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
}

/** The whole command line, with the options of the one command that is asked for. */
export interface Cli {
  program: Command;
  argv: string[];
}

const about = `The classic client of the Networking API.

Without any setting it talks to http://127.0.0.1:9696, where "npm start" serves. Elsewhere:
  export OS_CLOUD=NAME                           a cloud of clouds.yaml
  export OS_AUTH_URL=http://HOST:5000/v3 OS_USERNAME=… OS_PASSWORD=… OS_PROJECT_NAME=…
  export OS_AUTH_TYPE=none OS_ENDPOINT=http://HOST:9696
  export OS_AUTH_TYPE=admin_token OS_ENDPOINT=http://HOST:9696 OS_TOKEN=…`;

/** Every command, by name. */
export function allCommands(): CommandSource[] {
  return [nounCommands, routeCommands, routerCommands, quotaCommands, tagCommands, extensionCommands, purgeCommands]
    .flatMap((commands) => commands())
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Builds the command tree. Only the command that `argv` names gets its options: working them out takes time. */
export async function buildCli(argv: readonly string[], env: Environment, io: Io): Promise<Cli> {
  const program = new Command('neutron')
    .description(about)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout(text), writeErr: (text) => io.stderr(text) })
    .helpCommand('help [command]', 'show what a command does')
    .usage('[options] COMMAND …');
  addGlobalOptions(program);
  const booleans = new Set<string>();
  for (const { name, description, example, complete } of allCommands()) {
    const command = program.command(name).description(description);
    if (!argv.includes(name)) continue;
    if (example) command.addHelpText('after', `\nExample:\n  ${example}`);
    // Options of the program alone: a command's --tenant-id is not who signs in.
    await complete({ command, booleans, run: (work) => run(program.opts(), env, io, work) });
  }
  return { program, argv: normalizeArguments(argv, booleans) };
}

async function run(
  options: GlobalOptions,
  env: Environment,
  io: Io,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const { ApiClient } = await import('./client.ts');
  const connection = await connect(options, env);
  const client = new ApiClient(connection, (line) => io.stderr(`${line}\n`));
  try {
    await work({ client, print: (text) => io.stdout(text) });
  } finally {
    client.close();
  }
}
