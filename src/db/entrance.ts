import type { Logger } from '../lib/log.ts';
import { contractedSteps } from './contracting.ts';
import type { Database } from './database.ts';
import { SchemaError } from './errors.ts';
import { headRevision, maskPassword, readRevision } from './migrate.ts';
import type { Migration } from './migrations/contract.ts';
import { migrations } from './migrations/list.ts';
import { refuseOtherNeutron } from './other-neutron.ts';
import { Presence } from './presence.ts';

export interface EntranceOptions {
  /** Who comes: its host and process id. */
  readonly name: string;
  /** For the command that an operator is told to run. */
  readonly configFiles: readonly string[];
  readonly logger?: Logger;
  /** The steps that its release knows; tests pass their own. */
  readonly steps?: readonly Migration[];
}

/**
 * What a server does before it works on a database: sees that the tables are such that it can, and says that it is there.
 * Looks again afterwards: a program that is about to take something away looks at who is there, and has noted it by then.
 *
 * @throws SchemaError with one line that says what to run
 */
export async function enterDatabase(database: Database, options: EntranceOptions): Promise<Presence> {
  const { name, logger, steps } = options;
  await requireSchema(database, options);
  const presence = await Presence.announce(database, {
    ...{ name, revision: headRevision(steps) },
    ...(logger && { logger }),
  });
  try {
    await requireSchema(database, options);
  } catch (error) {
    await presence[Symbol.asyncDispose]();
    throw error;
  }
  return presence;
}

/**
 * A server works on tables of its own release, also where what only older ones
 * need is still there; and on those of later ones, as long as nothing was taken away that it needs.
 *
 * @throws SchemaError with one line that says what to run
 */
async function requireSchema(database: Database, { configFiles, steps = migrations }: EntranceOptions): Promise<void> {
  const revision = await readRevision(database.db);
  const at = steps.findIndex((step) => step.revision === revision);
  const missing = (await contractedSteps(database.db))?.find((made) => steps.every((step) => step.revision !== made));
  if (missing !== undefined) {
    throw new SchemaError(
      `The database ${maskPassword(database.options.connection)} is of a later release, and its step ${missing} took away ` +
        'what this one needs: upgrade this server.',
    );
  }
  if (revision !== null && at < 0) return;
  if (at >= 0 && steps.slice(at + 1).every(({ branch }) => branch === 'contract')) return;
  if (revision === null) await refuseOtherNeutron(database);
  const head = headRevision(steps);
  const found = revision === null ? 'has no tables yet' : `is at revision ${revision}, this release needs ${head}`;
  const command = ['neutron-db-manage', ...configFiles.flatMap((file) => ['--config-file', file]), 'upgrade', 'head'];
  throw new SchemaError(
    `The database ${maskPassword(database.options.connection)} ${found}: run "${command.join(' ')}" first.`,
  );
}
