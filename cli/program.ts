import { Command, Option } from 'commander';
import { normalizeArguments } from './arguments.ts';
import type { AttributeOption } from './attribute-options.ts';
import type { Session } from './commands.ts';
import { connectionOf, type Environment, type GlobalOptions } from './connection.ts';
import { listFormats, quoteModes, showFormats } from './format/output.ts';
import { type Noun, nouns, type Verb } from './nouns.ts';

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

const examples: Readonly<Record<string, string>> = {
  'net-create': 'neutron net-create public --provider:network_type flat --provider:physical_network public --shared',
  'subnet-create': 'neutron subnet-create NETWORK 192.168.56.0/24 --name lan --dns-nameserver 192.0.2.53',
  'port-create': 'neutron port-create NETWORK --fixed-ip ip_address=192.168.56.10 --name web',
  'port-list': 'neutron port-list --network_id ID -F id -F fixed_ips',
  'net-list': 'neutron net-list --name lan -f json',
  'subnet-update': 'neutron subnet-update lan --allocation-pool start=192.168.56.10,end=192.168.56.99',
  'port-update': 'neutron port-update web --admin-state-up False',
  'agent-update': 'neutron agent-update ID --admin-state-down',
};

/** Builds the command tree. Only the command that `argv` names gets its attributes' options: reading them takes time. */
export async function buildCli(argv: readonly string[], env: Environment, io: Io): Promise<Cli> {
  const program = new Command('neutron')
    .description(about)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout(text), writeErr: (text) => io.stderr(text) })
    .helpCommand('help [command]', 'show what a command does')
    .usage('[options] COMMAND …');
  for (const option of globalOptions()) program.addOption(option);
  const booleans = new Set<string>();
  const run = async (command: Command, work: (session: Session) => Promise<void>) => {
    const options = command.optsWithGlobals<GlobalOptions>();
    const { ApiClient } = await import('./client.ts');
    const client = new ApiClient(connectionOf(options, env), (line) => io.stderr(`${line}\n`));
    try {
      await work({ client, print: (text) => io.stdout(text) });
    } finally {
      client.close();
    }
  };
  for (const noun of nouns) {
    for (const verb of noun.verbs) {
      const name = `${noun.word}-${verb}`;
      const command = program.command(name).description(describe(noun, verb));
      if (argv.includes(name)) await complete({ command, noun, verb, booleans, run });
    }
  }
  addExtensionCommands(program, run);
  return { program, argv: normalizeArguments(argv, booleans) };
}

type Run = (command: Command, work: (session: Session) => Promise<void>) => Promise<void>;

interface CommandParts {
  command: Command;
  noun: Noun;
  verb: Verb;
  booleans: Set<string>;
  run: Run;
}

/** Gives a command its operands, options and action. */
async function complete({ command, noun, verb, booleans, run }: CommandParts): Promise<void> {
  const example = examples[command.name()];
  if (example) command.addHelpText('after', `\nExample:\n  ${example}`);
  const subject = noun.member.toUpperCase();
  if (verb === 'list') {
    addListOptions(command, noun);
    command.action(() =>
      run(command, async (session) => (await commands()).list(session, noun, command.args, command.opts())),
    );
  } else if (verb === 'show') {
    addShowOptions(command.usage(`${subject} [options]`));
    command.action(() =>
      run(command, async (session) => (await commands()).show(session, noun, command.args, command.opts())),
    );
  } else if (verb === 'delete') {
    command.usage(`${subject} [${subject} …]`);
    command.action(() => run(command, async (session) => (await commands()).remove(session, noun, command.args)));
  } else {
    await completeWrite({ command, noun, verb, booleans, run });
  }
  if (verb === 'list') command.allowUnknownOption();
  command.allowExcessArguments();
}

async function completeWrite({ command, noun, verb, booleans, run }: CommandParts): Promise<void> {
  const { optionsFor } = await import('./attribute-options.ts');
  const operands = verb === 'create' ? noun.operands : [];
  const names = operands.map(({ name, optional }) => (optional ? `[${name}]` : name)).join(' ');
  command.usage(`${verb === 'create' ? names : noun.member.toUpperCase()} [options] [--ATTRIBUTE VALUE …]`);
  const lines = operands.map(({ name, help }) => `  ${name.padEnd(10)}${help}`);
  if (lines.length > 0) command.addHelpText('after', `\nArguments:\n${lines.join('\n')}`);
  command.addHelpText(
    'after',
    '\nOptions that are not listed are passed to the server as attributes, like --mtu 1400 or --x type=bool true.',
  );
  const attributes = optionsFor(
    await noun.load(),
    verb === 'create' ? 'C' : 'U',
    operands.map(({ attribute }) => attribute),
  );
  const keys = new Map<AttributeOption, string>();
  for (const attribute of attributes) {
    const option = commanderOption(attribute);
    if (attribute.kind === 'boolean') booleans.add(attribute.flag.slice(2));
    keys.set(attribute, option.attributeName());
    command.addOption(option);
  }
  if (verb === 'create') addShowOptions(command);
  command.allowUnknownOption();
  command.action(() =>
    run(command, async (session) => {
      const { bodyOf, create, update } = await commands();
      const values = command.opts();
      const known = bodyOf(attributes, (attribute) => values[keys.get(attribute) ?? '']);
      if (verb === 'create') await create(session, noun, command.args, { ...values, format: values.format, known });
      else await update(session, noun, command.args, { known });
    }),
  );
}

function commanderOption({ flag, kind, argument, help }: AttributeOption): Option {
  // Commander reads `--no-x` as the opposite of `--x`; here it is an option of its own, so its value is never negated.
  const option = new Option(kind === 'constant' ? flag : `${flag} <${argument}>`, help);
  if (kind === 'list' || kind === 'objects') option.argParser(collect);
  if (flag.startsWith('--no-')) {
    option.negate = false;
    option.attributeName = () => flag.slice(2);
  } else option.attributeName = () => flag.slice(2);
  return option;
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function addListOptions(command: Command, noun: Noun): void {
  addFormatOptions(command, listFormats)
    .usage('[options] [--ATTRIBUTE VALUE …]')
    .addOption(new Option('--quote <mode>', 'quotes of csv').choices(quoteModes).default('nonnumeric'))
    .option('-D, --show-details', 'all columns')
    .option('-F, --field <field>', 'ask the server for this field only (repeatable)', collect)
    .option('-P, --page-size <n>', 'ask for so many at a time')
    .option('--sort-key <field>', 'sort by this field (repeatable)', collect)
    .addOption(new Option('--sort-dir <asc|desc>', 'direction of the sort key in the same place').argParser(collect));
  command.addHelpText('after', `\nOptions that are not listed filter: ${noun.word}-list --ATTRIBUTE VALUE [VALUE …].`);
}

function addShowOptions(command: Command): void {
  addFormatOptions(command, showFormats)
    .option('--prefix <text>', 'before each name of the shell format')
    .addOption(new Option('-D, --show-details', 'all fields, as always').hideHelp())
    .option('-F, --field <field>', 'this field only (repeatable)', collect);
}

function addFormatOptions(command: Command, formats: readonly string[]): Command {
  return command
    .addOption(new Option('-f, --format <format>', 'how to print').choices(formats).default('table'))
    .option('-c, --column <column>', 'print this column only (repeatable)', collect)
    .option('--noindent', 'JSON on one line');
}

function addExtensionCommands(program: Command, run: Run): void {
  const list = program.command('ext-list').description('list the extensions that the server has');
  addFormatOptions(list, listFormats).addOption(new Option('--quote <mode>').choices(quoteModes).default('nonnumeric'));
  list.action(() => run(list, async (session) => (await commands()).listExtensions(session, list.opts())));
  const show = program
    .command('ext-show')
    .description('show an extension')
    .usage('ALIAS [options]')
    .allowExcessArguments();
  addShowOptions(show);
  show.action(() => run(show, async (session) => (await commands()).showExtension(session, show.args, show.opts())));
}

function commands(): Promise<typeof import('./commands.ts')> {
  return import('./commands.ts');
}

function describe({ member, collection, hasNames }: Noun, verb: Verb): string {
  if (verb === 'list') return `list ${collection}`;
  if (verb === 'create') return `create a ${member}`;
  return `${verb} ${member === 'agent' ? 'an' : 'a'} ${member}${hasNames ? ' by id or name' : ' by id'}`;
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
