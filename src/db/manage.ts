import { parseArgs } from 'node:util';
import type { Database } from './database.ts';
import { SchemaError } from './errors.ts';
import {
  currentRevision,
  headRevision,
  history,
  maskPassword,
  pendingSteps,
  recordUpgrade,
  stamp,
  upgrade,
} from './migrate.ts';
import type { Migration } from './migrations/contract.ts';

/** What `neutron-db-manage` is given besides its arguments. */
export interface ManageParts {
  /** Opens the configured database; called only by commands that need it. */
  open(): Promise<Database>;
  /** One line of standard output. */
  print(line: string): void;
  /** One line of standard error, where the old tool logs its steps. */
  log(line: string): void;
}

interface Arguments {
  readonly words: readonly string[];
  readonly expand: boolean;
  readonly contract: boolean;
  readonly sql: boolean;
  readonly verbose: boolean;
  readonly delta: string | undefined;
}

type Command = (parts: ManageParts, args: Arguments) => Promise<number>;

/** The old tool's commands. Its shapes are alembic's, which deployment tools grep. */
const commands: Readonly<Record<string, Command>> = {
  upgrade: doUpgrade,
  current: doCurrent,
  history: async ({ print }) => {
    for (const { revision, down_revision, branch, head, title } of history()) {
      print(
        `${down_revision ?? '<base>'} -> ${revision}${label(branch, down_revision)}${head ? ' (head)' : ''}, ${title}`,
      );
    }
    return 0;
  },
  heads: async ({ print }) => {
    print(`${headRevision()} (${branchOf(headRevision())}) (head)`);
    return 0;
  },
  // One line of steps: there are no branch points, and nothing that could disagree with the list in the program itself.
  branches: async () => 0,
  check_migration: async () => 0,
  stamp: async ({ open }, { words }) => {
    if (words[0] === undefined) throw new SchemaError('You must provide a revision');
    await using database = disposable(await open());
    await stamp(database.value, words[0]);
    return 0;
  },
  has_offline_migrations: doHasOfflineMigrations,
  downgrade: async () => {
    throw new SchemaError('Downgrade no longer supported');
  },
  revision: async () => {
    throw new SchemaError('Steps are part of the program: add one to src/db/migrations');
  },
};

export const manageCommands: readonly string[] = Object.keys(commands);

/**
 * The body of `neutron-db-manage`, given what follows the configuration options on its command line.
 *
 * @returns the exit code
 */
export async function manage(argv: readonly string[], parts: ManageParts): Promise<number> {
  const usage = `usage: neutron-db-manage [--config-file FILE] {${manageCommands.join(',')}} ...`;
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        subproject: { type: 'string' },
        expand: { type: 'boolean', default: false },
        contract: { type: 'boolean', default: false },
        sql: { type: 'boolean', default: false },
        verbose: { type: 'boolean', short: 'v', default: false },
        delta: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    parts.log(`${usage}\nneutron-db-manage: error: ${(error as Error).message}`);
    return 2;
  }
  const { values, positionals } = parsed;
  const [name = '', ...words] = positionals;
  const command = commands[name];
  if (values.help === true) {
    parts.print(usage);
    return 0;
  }
  if (command === undefined) {
    parts.log(
      `${usage}\nneutron-db-manage: error: ${name === '' ? 'a command is required' : `invalid choice: '${name}'`}`,
    );
    return 2;
  }
  if (values.subproject !== undefined && values.subproject !== 'neutron') {
    parts.log(`Package ${values.subproject} not installed`);
    return 1;
  }
  const args: Arguments = {
    words,
    expand: values.expand === true,
    contract: values.contract === true,
    sql: values.sql === true,
    verbose: values.verbose === true,
    delta: values.delta as string | undefined,
  };
  try {
    const quiet = args.sql || name === 'downgrade' || name === 'has_offline_migrations';
    if (!quiet) parts.print(`  Running ${name} for neutron ...`);
    const code = await command(parts, args);
    if (!quiet) parts.print('  OK');
    return code;
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    parts.log(error.message);
    return 1;
  }
}

async function doUpgrade(parts: ManageParts, args: Arguments): Promise<number> {
  const { target, branch } = wanted(args);
  await using database = disposable(await parts.open());
  if (args.sql) {
    for (const line of await recordUpgrade(database.value, { target, branch })) parts.print(line);
    return 0;
  }
  logContext(parts, database.value);
  await upgrade(database.value, {
    target,
    branch,
    onStep: (from, { revision, title }) => logStep(parts, `Running upgrade ${from ?? ''} -> ${revision}, ${title}`),
    onWait: (servers, silenceMs) => {
      const names = servers.map(({ name }) => name).join(', ');
      logStep(parts, `Waiting for up to ${silenceMs / 1000} s to see whether servers of older releases live: ${names}`);
    },
  });
  return 0;
}

/** @throws SchemaError in the old tool's words when the arguments contradict each other */
function wanted({ words, expand, contract, delta }: Arguments): { target: string; branch: Migration['branch'] | null } {
  const revision = words[0];
  if (expand || contract) {
    if (revision !== undefined && revision !== 'head' && revision !== 'heads') {
      throw new SchemaError('Phase upgrade options do not accept revision specification');
    }
    // Both phases are everything.
    if (expand && contract) return { target: 'head', branch: null };
    return { target: 'head', branch: expand ? 'expand' : 'contract' };
  }
  const target = delta === undefined ? revision : `+${delta.replace(/^\+/, '')}`;
  if (target === undefined) throw new SchemaError('You must provide a revision or relative delta');
  if (target.startsWith('-') || target.startsWith('+-')) {
    throw new SchemaError('Negative relative revision (downgrade) not supported');
  }
  return { target, branch: null };
}

async function doCurrent(parts: ManageParts, { verbose }: Arguments): Promise<number> {
  await using database = disposable(await parts.open());
  logContext(parts, database.value);
  const revision = await currentRevision(database.value);
  const entry = history().find((step) => step.revision === revision);
  if (verbose) parts.print(`Current revision(s) for ${maskPassword(database.value.options.connection)}:`);
  if (entry === undefined) return 0;
  const head = entry.head ? ' (head)' : '';
  if (!verbose) {
    parts.print(`${entry.revision}${head}`);
    return 0;
  }
  parts.print(`Rev: ${entry.revision}${head}`);
  parts.print(`Parent: ${entry.down_revision ?? '<base>'}`);
  parts.print(`Branch names: ${entry.branch}`);
  parts.print('');
  parts.print(`    ${entry.title}`);
  return 0;
}

/** Exit code 1 when a step waits that needs every server stopped. */
async function doHasOfflineMigrations(parts: ManageParts): Promise<number> {
  await using database = disposable(await parts.open());
  const pending = await pendingSteps(database.value);
  if (!pending.some(({ branch }) => branch === 'contract')) return 0;
  parts.print(
    '  Need to apply migrations from neutron contract branch. This will require all Neutron server instances to be ' +
      'shutdown before proceeding with the upgrade.',
  );
  return 1;
}

const IMPLEMENTATIONS = { sqlite: 'SQLiteImpl', mysql: 'MySQLImpl', postgres: 'PostgresqlImpl' } as const;

function logContext(parts: ManageParts, database: Database): void {
  logStep(parts, `Context impl ${IMPLEMENTATIONS[database.dialect]}.`);
  logStep(parts, `Will assume ${database.dialect === 'mysql' ? 'non-' : ''}transactional DDL.`);
}

function logStep(parts: ManageParts, text: string): void {
  parts.log(`INFO  [alembic.runtime.migration] ${text}`);
}

/** The first step of a branch carries the branch's name. */
function label(branch: string, downRevision: string | null): string {
  return downRevision === null || branchOf(downRevision) !== branch ? ` (${branch})` : '';
}

function branchOf(revision: string): string {
  return history().find((step) => step.revision === revision)?.branch ?? '';
}

function disposable(database: Database): AsyncDisposable & { value: Database } {
  return { value: database, [Symbol.asyncDispose]: () => database.close() };
}
