import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Logger } from '../lib/log.ts';
import type { HelperExec, OpenCommand } from './exec/client.ts';

/** Tells whether somebody wrote tables of nftables, which `iptables-nft` and its kin have, too. */
export interface TableWatch {
  /**
   * Whether nobody, this program included, has changed a table since the last call. Not known is no: the first call says
   * so, and all where the kernel or a program is missing.
   */
  isQuiet(): Promise<boolean>;
  close(): void;
}

const COMMAND = ['xtables-monitor', '--event'];
/** Of this process's network namespace. */
const SOCKETS = '/proc/self/net/netlink';
const NETFILTER = '12';
/** NFNLGRP_NFTABLES */
const NFTABLES_GROUP = 1 << 6;
const BEGIN_LIMIT_MS = 2_000;
const POLL_MS = 5;

interface Watching {
  readonly command: OpenCommand;
  readonly pid: number;
  /** Inode of its socket. */
  readonly socket: string;
}

/**
 * A socket that hears of each change of nftables and that nobody reads: as long as it is empty, nothing was changed. That
 * costs nothing at rest, and to look is to read a file; to print the tables of 500 ports takes 400 ms of a core.
 *
 * The socket is that of an `xtables-monitor` (package iptables), which is stopped by a signal as soon as it listens: what
 * it prints comes through a buffer, some day, and it would translate each of our own 20,000 rules. When something was
 * heard it is ended, and the next one begins before the caller looks at the tables.
 */
export class NftablesWatch implements TableWatch {
  readonly #exec: Pick<HelperExec, 'open'>;
  readonly #logger: Logger;
  #watching: Watching | null = null;
  #command: OpenCommand | null = null;
  #isUseless = false;
  #isClosed = false;

  constructor(exec: Pick<HelperExec, 'open'>, logger: Logger) {
    this.#exec = exec;
    this.#logger = logger;
  }

  async isQuiet(): Promise<boolean> {
    if (this.#watching && (await isUntouched(this.#watching))) return true;
    this.#end();
    if (!this.#isUseless && !this.#isClosed) await this.#begin();
    return false;
  }

  close(): void {
    this.#isClosed = true;
    this.#end();
  }

  #end(): void {
    this.#command?.close();
    this.#command = null;
    this.#watching = null;
  }

  async #begin(): Promise<void> {
    let pid: number | null = null;
    let ended: string | null = null;
    const command = this.#exec.open(COMMAND, {
      onStart: (started) => {
        pid = started;
      },
      onOutput: () => {},
      onExit: (why) => {
        ended = why.trim();
        if (this.#command === command) this.#end();
      },
    });
    this.#command = command;
    const limitMs = performance.now() + BEGIN_LIMIT_MS;
    let socket: string | null = null;
    while (this.#command === command && performance.now() < limitMs) {
      if (pid !== null && socket === null) {
        socket = await listeningSocket(pid);
        if (socket !== null) command.stop();
      } else if (pid !== null && socket !== null && (await isStopped(pid))) {
        // It may have been ended meanwhile.
        if (this.#command === command) this.#watching = { command, pid, socket };
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    this.#end();
    if (this.#isClosed) return;
    this.#isUseless = true;
    const reason = ended ?? 'it was not seen to listen';
    this.#logger.info({ reason }, 'Changes of nftables cannot be watched: rules are read from time to time');
  }
}

/** @returns the socket on which a process hears of changes; null when it does not (yet) */
async function listeningSocket(pid: number): Promise<string | null> {
  try {
    const folder = `/proc/${pid}/fd`;
    const files = await Promise.all((await readdir(folder)).map((name) => readlink(`${folder}/${name}`)));
    const own = new Set(files.flatMap((file) => /^socket:\[(\d+)\]$/.exec(file)?.[1] ?? []));
    const hearing = (await sockets()).find(({ groups, inode }) => groups & NFTABLES_GROUP && own.has(inode));
    return hearing?.inode ?? null;
  } catch {
    // It is only just being started.
    return null;
  }
}

/** Somebody who lets it go on would have it read what it heard. */
async function isUntouched({ pid, socket }: Watching): Promise<boolean> {
  try {
    const found = (await sockets()).find(({ inode }) => inode === socket);
    return found !== undefined && found.waiting === 0 && found.lost === 0 && (await isStopped(pid));
  } catch {
    return false;
  }
}

async function isStopped(pid: number): Promise<boolean> {
  return /\) T /.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));
}

/** Lines are `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`. */
async function sockets(): Promise<{ groups: number; waiting: number; lost: number; inode: string }[]> {
  const [, ...lines] = (await readFile(SOCKETS, 'utf8')).split('\n');
  return lines.flatMap((line) => {
    const [, kind, , groups = '', waiting, , , , lost, inode = ''] = line.trim().split(/\s+/);
    if (kind !== NETFILTER) return [];
    return [{ groups: Number.parseInt(groups, 16), waiting: Number(waiting), lost: Number(lost), inode }];
  });
}
