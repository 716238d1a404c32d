import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/db/database.ts';
import { freePort } from './programs.ts';
import { until } from './wait.ts';

/** A database server of a test run's own: on a free port, in a temporary folder, gone after `stop`. */
export interface DatabaseServer {
  readonly port: number;
  readonly folder: string;
  readonly pid: number;
  /** An oslo.db URL of one of its databases, as its administrator. */
  url(database: string): string;
  /** Ends the process as a crash would; `start` brings it back with its data, at the same port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export type ServerKind = 'mysql' | 'postgres';

const READY_MS = 60_000;
/** No answer but SQLite's is worth a disk's time in a test: what a crash of the process loses is tested, not of the machine. */
const MEMORY = '/dev/shm';
const PASSWORD = 'for-tests-only';

export function startServer(kind: ServerKind, options: readonly string[] = []): Promise<DatabaseServer> {
  return kind === 'mysql' ? startMariadb(options) : startPostgres(options);
}

// As nobody: Debian makes the user mysql with its service, which we leave out.
async function startMariadb(options: readonly string[]): Promise<DatabaseServer> {
  const folder = ownFolder('nobody');
  const data = join(folder, 'data');
  execFileSync(
    'mariadb-install-db',
    [
      '--no-defaults',
      '--user=nobody',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ],
    { stdio: 'ignore' },
  );
  const port = await freePort();
  const argv = [
    '--no-defaults',
    '--user=nobody',
    `--datadir=${data}`,
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--innodb-buffer-pool-size=64M',
    '--innodb-flush-log-at-trx-commit=2',
    '--max-connections=500',
    '--skip-name-resolve',
    ...options,
  ];
  const url = (database: string) => `mysql+pymysql://root@127.0.0.1:${port}/${database}?charset=utf8mb4`;
  return new Server({ program: 'mariadbd', argv, port, folder, url, probe: () => url('mysql') }).started();
}

async function startPostgres(options: readonly string[]): Promise<DatabaseServer> {
  const folder = ownFolder('postgres');
  const bin = postgresPrograms();
  const owner = userOf('postgres');
  const data = join(folder, 'data');
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'neutron', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'],
    {
      stdio: 'ignore',
      cwd: folder,
      ...owner,
    },
  );
  const port = await freePort();
  const settings = [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'max_connections=500',
    // In its folder, which goes with it: a server that is killed leaves its shared memory behind.
    'dynamic_shared_memory_type=mmap',
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    ...options,
  ];
  const argv = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  const url = (database: string) => `postgresql://neutron:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const program = join(bin, 'postgres');
  return new Server({ program, argv, port, folder, url, owner, probe: () => url('postgres') }).started();
}

interface ServerParts {
  readonly program: string;
  readonly argv: readonly string[];
  readonly port: number;
  readonly folder: string;
  readonly owner?: { uid: number; gid: number };
  url(database: string): string;
  /** A database that is there from the start. */
  probe(): string;
}

class Server implements DatabaseServer {
  readonly port: number;
  readonly folder: string;
  readonly url: (database: string) => string;
  readonly #parts: ServerParts;
  #process: ChildProcess | null = null;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.port = parts.port;
    this.folder = parts.folder;
    this.url = parts.url;
  }

  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error('the database server does not run');
    return this.#process.pid;
  }

  async started(): Promise<this> {
    await this.start();
    return this;
  }

  /** After a kill a server may not start while its children are not gone: then once more. */
  async start(): Promise<void> {
    const { program, argv, folder, owner } = this.#parts;
    const spawned = () => spawn(program, argv, { stdio: 'ignore', cwd: folder, ...owner });
    let child = spawned();
    this.#process = child;
    await until(
      `${program} answers`,
      async () => {
        if (child.exitCode !== null) {
          const { exitCode } = child;
          child = spawned();
          this.#process = child;
          throw new Error(`${program} ended with code ${exitCode}`);
        }
        const database = await openDatabase({ connection: this.#parts.probe() }).catch(() => null);
        await database?.close();
        return database !== null;
      },
      { timeoutMs: READY_MS },
    );
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    // Nobody will want the data: no time for a clean end. PostgreSQL's children notice by themselves.
    await this.#end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

function ownFolder(user: string): string {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'neutrino-sql-'));
  const { uid, gid } = userOf(user);
  chownSync(folder, uid, gid);
  return folder;
}

/** Who a server of the kind runs as, so that it can read a key. */
export function serverUser(kind: ServerKind): { uid: number; gid: number } {
  return userOf(kind === 'mysql' ? 'nobody' : 'postgres');
}

function userOf(name: string): { uid: number; gid: number } {
  const number = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: number('-u'), gid: number('-g') };
}

/** Debian keeps the programs of each version apart, off the path. */
function postgresPrograms(): string {
  const root = '/usr/lib/postgresql';
  const newest = readdirSync(root).sort((a, b) => Number(b) - Number(a))[0];
  return join(root, String(newest), 'bin');
}
