import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time of processes and all they started, in ms. Ended children of theirs are not counted, unless asked for: a server
 * with a process for each connection would seem to give time back.
 */
export function cpuMs(pids: readonly number[], { ended = false } = {}): number {
  const counted = ended ? [11, 12, 13, 14] : [11, 12];
  return processTree(pids).reduce((sum, pid) => {
    const fields = statFields(pid);
    return fields ? counted.reduce((ticks, field) => ticks + Number(fields[field]) * 10, sum) : sum; // 100 ticks a second
  }, 0);
}

/** CPU time of the whole machine that was not idle, in ms. */
export function machineCpuMs(): number {
  const [user, nice, system, , , interrupts, soft] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]!
    .match(/\d+/g)!;
  return [user, nice, system, interrupts, soft].reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

/** Proportional memory of processes and all they started, in MB: shared pages count once. */
export function pssMb(pids: readonly number[]): number {
  return processTree(pids).reduce((sum, pid) => sum + memoryMb(pid).pss, 0);
}

/** Memory of one process in MB: its share of all it uses, and the part nobody shares with it. */
export function memoryMb(pid: number): { pss: number; own: number } {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)![1]) / 1024;
    return { pss: read('Pss'), own: read('Private_Clean') + read('Private_Dirty') };
  } catch {
    return { pss: 0, own: 0 }; // ended meanwhile
  }
}

/** The processes and all below them, each once. */
export function processTree(pids: readonly number[]): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : null;
    if (!fields) continue;
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = new Set<number>();
  const open = [...pids];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    if (found.has(pid)) continue;
    found.add(pid);
    open.push(...(children.get(pid) ?? []));
  }
  return [...found];
}

/** Fields of /proc/PID/stat from the state on; the name before them may hold blanks. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
