import { fstatSync } from 'node:fs';

/** syslog's numbers of the levels; systemd takes them from the front of a line (`SyslogLevelPrefix`). */
const priorities = { debug: 7, info: 6, warn: 4, error: 3 } as const;

/**
 * What stands before a line of stderr so that the journal knows its level (`journalctl -p err`): nothing where stderr is
 * not the journal. Which file is, systemd says by device and inode: stderr may have been led elsewhere since.
 */
export function journalPrefix(level: keyof typeof priorities, env: NodeJS.ProcessEnv = process.env, fd = 2): string {
  return isJournal(env.JOURNAL_STREAM, fd) ? `<${priorities[level]}>` : '';
}

function isJournal(stream: string | undefined, fd: number): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
