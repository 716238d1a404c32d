import cluster, { type Worker } from 'node:cluster';
import type { ProgramLogger } from './log.ts';
import { type Running, StartError } from './program.ts';
import type { Service } from './service.ts';

/** A worker that ends again and again is started ever more slowly, up to this. */
const LONGEST_PAUSE_MS = 10_000;
const FIRST_PAUSE_MS = 100;
/** One that lived this long was all right. */
const SETTLED_MS = 30_000;

/** What a process of the server serves. */
export interface Role {
  /** 0 for the only process, or the first of several. */
  readonly index: number;
  /** It answers agents, too. */
  readonly rpc: boolean;
}

/** How many processes there are, and what this one of them does. */
export function roleOf(workers: { api: number | null; rpc: number | null }): { processes: number; role: Role } {
  const processes = Math.max(workers.api ?? 1, 1);
  const index = Number(process.env.NEUTRINO_WORKER ?? 0);
  // Agents must be answered by somebody.
  const answering = Math.min(Math.max(workers.rpc ?? processes, 1), processes);
  return { processes, role: { index, rpc: index < answering } };
}

/** Whether this process looks after others instead of serving. */
export function isSupervisor(processes: number): boolean {
  return processes > 1 && cluster.isPrimary;
}

/** A worker says that it serves. */
export function tellServing(): void {
  if (cluster.isWorker) process.send?.('serving');
}

/**
 * Starts the workers of a server and keeps them running: one that dies is replaced, the others go on. They share the
 * listening socket, which this process holds, so no connection is refused meanwhile.
 *
 * @throws StartError when a worker cannot start; it has said why
 */
export async function superviseWorkers(
  count: number,
  { logger, service }: { logger: ProgramLogger; service: Service },
): Promise<Running> {
  // Workers take connections from the socket themselves. Handed over by this process, one that was on its way to a worker
  // which dies would be nobody's, and its client would wait for ever.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  let closing = false;
  const serving = new Set<number>();
  const failures = new Map<number, number>();
  const first = Promise.withResolvers<void>();
  service.describe(() => `${serving.size} of ${count} workers serve`);

  const start = (index: number) => {
    if (closing) return;
    const startedMs = performance.now();
    const worker: Worker = cluster.fork({ NEUTRINO_WORKER: String(index) });
    worker.on('message', (message) => {
      if (message !== 'serving') return;
      serving.add(index);
      if (serving.size === count) first.resolve();
    });
    worker.on('exit', (code, signal) => {
      serving.delete(index);
      if (closing) return;
      first.reject(new StartError(`a worker ended at its start (${signal ?? `exit code ${code}`})`));
      const failed = performance.now() - startedMs > SETTLED_MS ? 0 : (failures.get(index) ?? 0) + 1;
      failures.set(index, failed);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failed, LONGEST_PAUSE_MS);
      logger.error({ worker: index, pid: worker.process.pid, code, signal, pause_ms: pauseMs }, 'a worker ended');
      setTimeout(() => start(index), pauseMs);
    });
  };
  for (let index = 0; index < count; index++) start(index);
  const close = async () => {
    closing = true;
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve) => {
            worker.once('exit', () => resolve());
            worker.process.kill('SIGTERM');
          }),
      ),
    );
  };
  try {
    await first.promise;
  } catch (error) {
    await close();
    throw error;
  }
  logger.info({ workers: count }, 'all workers serve');
  return { close };
}
