import type { openHost } from '../../src/linux/host.ts';
import type { Figures } from '../../src/metrics/figures.ts';
import { metricsOptions } from '../../src/metrics/options.ts';
import type { Transport } from '../../src/rpc/transport.ts';
import { commandFigures, openFigures, queueFigures } from './metrics.ts';
import { type Program, type ProgramParts, runProgram, StartError } from './program.ts';
import { connectQueue } from './queue.ts';

/** What brings a host to what the server says, and keeps it so. */
interface HostAgent {
  /** In words for people. */
  readonly status: string;
  start(): Promise<void>;
  close(): Promise<void>;
  /** What a start would change, a line each. */
  dryRun(): Promise<string[]>;
}

interface HostAgentProgram<M, A extends HostAgent> extends Pick<Program, 'name' | 'about' | 'groups'> {
  /** Its modules: loaded while the host is being opened, and not for `--help`. */
  load(): Promise<M>;
  make(
    modules: M,
    place: { linux: Awaited<ReturnType<typeof openHost>>; transport: Transport; undo: AsyncDisposableStack },
    parts: ProgramParts,
  ): A | Promise<A>;
  /** Its own figures, beside those of the queue and of commands. */
  figures(figures: Figures, agent: A): void;
}

const DRY_RUN = { name: 'dry-run', help: 'print what would be changed on this host, change nothing, and exit' };

/** Runs the program of an agent: all of them need root and the queue, know `--dry-run`, and tell figures. */
export function runHostAgent<M, A extends HostAgent>(program: HostAgentProgram<M, A>): Promise<void> {
  const { name, about, groups } = program;
  return runProgram({
    ...{ name, about, groups: [...groups, metricsOptions] },
    ...{ needs: ['queue'], extras: [DRY_RUN], root: true, service: true },
    async start(parts) {
      const [modules, { openHost }] = await Promise.all([program.load(), import('../../src/linux/host.ts')]);
      await using undo = new AsyncDisposableStack();
      const linux = await openHost({ logger: parts.logger });
      undo.defer(() => linux.close());
      // Made in the background: the server may come later.
      const transport = await connectQueue(name, parts);
      undo.defer(() => transport.close());
      const agent = await program.make(modules, { linux, transport, undo }, parts);
      if (parts.args.flags.has('dry-run')) return await printPlan(agent.dryRun());
      const metrics = await openFigures(name, parts);
      if (metrics !== null) undo.defer(() => metrics.close());
      parts.service.describe(() => agent.status);
      undo.defer(() => agent.close());
      await agent.start();
      if (metrics !== null) {
        queueFigures(metrics.figures, transport);
        commandFigures(metrics.figures, linux.exec.statistics);
        program.figures(metrics.figures, agent);
      }
      const started = undo.move();
      return { close: () => started.disposeAsync() };
    },
  });
}

/**
 * @returns the exit code
 * @throws StartError when the server that knows what should be does not answer
 */
async function printPlan(plan: Promise<readonly string[]>): Promise<number> {
  const lines = await plan.catch((error: Error) => {
    if (error.name !== 'MessagingTimeout') throw error;
    const remedy = 'start neutron-server, or give its transport_url';
    throw new StartError(`the server does not tell what should be here (${error.message}); ${remedy}`);
  });
  process.stdout.write(lines.length ? `${lines.join('\n')}\n` : 'nothing to change: this host is as it should be\n');
  return 0;
}
