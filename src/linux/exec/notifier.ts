import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from '../../lib/log.ts';

/**
 * One datagram for each line, whose assignments are parted by tabs. It does not heed signals to the group and ends with
 * its input, so that the last word is still said and nothing is left when the program was killed.
 */
const SCRIPT = `trap '' HUP INT TERM; set -f; IFS='\t'; while IFS= read -r line; do systemd-notify $line; done`;
const PATH = '/usr/bin:/bin:/usr/local/bin';
/** The manager takes a datagram at once; one that does not must not keep a program from ending. */
const CLOSE_LIMIT_MS = 1_000;

/**
 * Tells a service manager how a program is (sd_notify(3)). Node has no datagram sockets of Unix, so systemd's own
 * `systemd-notify` sends them, started by a shell that is kept: a fork of the small shell is quick and none of
 * the program. It also waits until the manager has read each, without which the manager could not tell whose it was.
 */
export class Notifier {
  readonly #shell: ChildProcess;
  #ended: Promise<void>;

  /** @param socket `NOTIFY_SOCKET`: a path, or an abstract name behind `@` */
  constructor(socket: string, logger: Logger) {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], {
      env: { PATH, LC_ALL: 'C', NOTIFY_SOCKET: socket },
      cwd: '/',
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.#ended = new Promise((resolve) => this.#shell.once('close', () => resolve()));
    const warn = (error: string) => logger.warn({ socket, error }, 'the service manager cannot be told');
    let told = false;
    this.#shell.stderr!.setEncoding('utf8').on('data', (text: string) => {
      if (!told) warn(text.trim());
      told = true;
    });
    this.#shell.once('error', (error) => warn(error.message));
    this.#shell.stdin!.on('error', () => {});
  }

  /** What is said at once arrives at once. Values are one line each; what else is in them becomes a blank. */
  tell(assignments: Readonly<Record<string, string | number>>): void {
    const words = Object.entries(assignments).map(([name, value]) => `${name}=${value}`.replace(/\p{Cc}/gu, ' '));
    this.#shell.stdin!.write(`${words.join('\t')}\n`);
  }

  /** Resolves when all has been told, or when that takes too long. */
  async close(): Promise<void> {
    this.#shell.stdin!.end();
    const limit = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_LIMIT_MS).unref());
    await Promise.race([this.#ended, limit]);
  }
}
