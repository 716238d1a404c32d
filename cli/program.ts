import { Command, Option } from 'commander';
import { normalizeArguments } from './arguments.ts';
import type { CommandSource } from './command-source.ts';
import type { Session } from './commands.ts';
import { connectionOf, type Environment, type GlobalOptions } from './connection.ts';
import { extensionCommands } from './extension-commands.ts';
import { nounCommands } from './noun-commands.ts';
import { purgeCommands } from './purge.ts';
import { quotaCommands } from './quota-commands.ts';
import { routeCommands } from './route-commands.ts';
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
  export OS_AUTH_TYPE=none OS_ENDPOINT=http://HOST:9696
  export OS_AUTH_TYPE=admin_token OS_ENDPOINT=http://HOST:9696 OS_TOKEN=…`;

/** Every command, by name. */
export function allCommands(): CommandSource[] {
  return [nounCommands, routeCommands, quotaCommands, tagCommands, extensionCommands, purgeCommands]
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
  for (const option of globalOptions()) program.addOption(option);
  const booleans = new Set<string>();
  for (const { name, description, example, complete } of allCommands()) {
    const command = program.command(name).description(description);
    if (!argv.includes(name)) continue;
    if (example) command.addHelpText('after', `\nExample:\n  ${example}`);
    await complete({ command, booleans, run: (work) => run(command, env, io, work) });
  }
  return { program, argv: normalizeArguments(argv, booleans) };
}

async function run(
  command: Command,
  env: Environment,
  io: Io,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const { ApiClient } = await import('./client.ts');
  const connection = connectionOf(command.optsWithGlobals<GlobalOptions>(), env);
  const client = new ApiClient(connection, (line) => io.stderr(`${line}\n`));
  try {
    await work({ client, print: (text) => io.stdout(text) });
  } finally {
    client.close();
  }
}

function globalOptions(): Option[] {
  return [
    new Option('--os-auth-type <type>', 'none, or admin_token (variable OS_AUTH_TYPE); Keystone comes later'),
    new Option('--os-auth-strategy <type>', 'the same, older: noauth').hideHelp(),
    new Option('--os-endpoint <url>', 'address of the API (OS_ENDPOINT or OS_URL)'),
    new Option('--os-url <url>', 'the same, older').hideHelp(),
    new Option('--os-token <token>', 'token of admin_token (OS_TOKEN)'),
    new Option('--os-cacert <file>', 'certificate authority of an https address (OS_CACERT)'),
    new Option('--insecure', 'accept any certificate'),
    new Option('--http-timeout <seconds>', 'how long an answer may take'),
    new Option('--debug', 'print requests and answers'),
    new Option('-v, --verbose', 'the same').hideHelp(),
  ];
}
