import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Prints each datagram, ended by a zero byte. Perl is on every Debian; Node has no datagram sockets of Unix. */
const RECIPIENT = `
  use Socket; $| = 1;
  socket(S, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  bind(S, pack_sockaddr_un($ARGV[0] =~ s/^@/\\0/r)) or die $!;
  print "\\0";
  print "$message\\0" while defined recv(S, $message, 65536, 0);
`;

/** A service manager's end of `NOTIFY_SOCKET`. */
export class NotifySocket implements AsyncDisposable {
  /** What a program is given as `NOTIFY_SOCKET`. */
  readonly name: string;
  readonly #folder: string;
  readonly #process: ChildProcess;
  #received = '';

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.name = name;
    this.#process = spawn('perl', ['-e', RECIPIENT, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#received += text;
    });
  }

  static async open({ abstract = false } = {}): Promise<NotifySocket> {
    const folder = await mkdtemp(join(tmpdir(), 'neutrino-notify-'));
    const socket = new NotifySocket(folder, abstract ? `@${folder}` : join(folder, 'notify'));
    await once(socket.#process.stdout!, 'data');
    return socket;
  }

  /** The datagrams so far, without those by which `systemd-notify` waits to be heard. */
  get messages(): string[] {
    return this.#received.split('\0').filter((message) => message !== '' && message !== 'BARRIER=1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'close');
    this.#process.kill();
    await ended;
    await rm(this.#folder, { recursive: true });
  }
}
