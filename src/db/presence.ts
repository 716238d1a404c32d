import { type Logger, silentLogger } from '../lib/log.ts';
import type { Database, Db } from './database.ts';

/** A row of a server that lives, or did. There are no times in it: whoever watches sees `beat` go up, or not. */
export interface ServerRow {
  /** Host and process id. */
  readonly name: string;
  /** The newest step of the tables that its release knows. */
  readonly revision: string;
  readonly beat: number;
}

/** How often a server shows that it lives. */
export const PRESENCE_MS = 2_000;
const LEAVE_MS = 2_000;

/**
 * The row that says that a server of some release works on this database, as long as it does: what its release needs is not
 * taken away meanwhile.
 */
export class Presence implements AsyncDisposable {
  readonly #database: Database;
  readonly #row: Omit<ServerRow, 'beat'>;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> = Promise.resolve();

  private constructor(database: Database, row: Omit<ServerRow, 'beat'>, logger: Logger) {
    this.#database = database;
    this.#row = row;
    this.#logger = logger;
  }

  static async announce(
    database: Database,
    { logger = silentLogger, ...row }: Omit<ServerRow, 'beat'> & { logger?: Logger },
  ): Promise<Presence> {
    const presence = new Presence(database, row, logger);
    await presence.#insert();
    presence.#beatLater();
    return presence;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    // A database that is away holds up no end.
    let late: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      late = setTimeout(resolve, LEAVE_MS);
    });
    await Promise.race([this.#leave(), patience]);
    clearTimeout(late);
  }

  async #leave(): Promise<void> {
    await this.#beating;
    const { name } = this.#row;
    await this.#database
      .transaction((tx) => tx.deleteFrom('neutrino_servers').where('name', '=', name).execute(), { attempts: 2 })
      // Whoever looks will see that it does not go up any more.
      .catch((error) => this.#logger.debug({ error: String(error) }, 'the row of this server stays'));
  }

  #beatLater(): void {
    this.#timer = setTimeout(() => {
      this.#beating = this.#beat()
        .catch((error) => this.#logger.debug({ error: String(error) }, 'a sign of life was not written'))
        .then(() => {
          if (this.#timer !== null) this.#beatLater();
        });
    }, PRESENCE_MS);
  }

  async #beat(): Promise<void> {
    const { numUpdatedRows } = await this.#database.transaction((tx) =>
      tx
        .updateTable('neutrino_servers')
        .set((eb) => ({ beat: eb('beat', '+', 1) }))
        .where('name', '=', this.#row.name)
        .executeTakeFirstOrThrow(),
    );
    // Somebody took it for dead.
    if (Number(numUpdatedRows) === 0) await this.#insert();
  }

  /** A process of the same host and number was before it: that one is gone. */
  async #insert(): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('neutrino_servers').where('name', '=', this.#row.name).execute();
      await tx
        .insertInto('neutrino_servers')
        .values({ ...this.#row, beat: 0 })
        .execute();
    });
  }
}

export async function readServers(db: Db): Promise<ServerRow[]> {
  const rows = await db.selectFrom('neutrino_servers').selectAll().orderBy('name').execute();
  return rows.map((row) => ({ ...row, beat: Number(row.beat) }));
}
