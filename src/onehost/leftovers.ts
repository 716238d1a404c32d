import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StateFolder, startTicks } from './state-folder.ts';

const LIMIT_MS = 12_000;
const LOOK_AGAIN_MS = 20;

/**
 * Programs of an instance whose `up` was killed end by themselves, but not at once: until then they hold the port and
 * work on the host. Waits for them; what does not end in time is killed.
 */
export async function endLeftovers(state: StateFolder): Promise<void> {
  const found = programsOf(state);
  const alive = () => [...found].filter(([pid, start]) => startTicks(pid) === start).map(([pid]) => pid);
  for (const pid of alive()) signal(pid, 'SIGTERM');
  for (const end = performance.now() + LIMIT_MS; alive().length > 0; ) {
    if (performance.now() > end) {
      for (const pid of alive()) signal(pid, 'SIGKILL');
      return;
    }
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
}

/** By their command lines, which name our configuration; process id and start time. */
function programsOf(state: StateFolder): Map<number, string> {
  const found = new Map<number, string>();
  const file = join(state.etc, 'neutron.conf');
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const words = commandLine(Number(entry)).split(/[\0 ]/);
    const start = startTicks(Number(entry));
    if (words[0]!.startsWith('neutron-') && words.includes(file) && start !== null) found.set(Number(entry), start);
  }
  return found;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // gone meanwhile
  }
}
