import type { Logger } from '../../lib/log.ts';

/**
 * Runs the postcommit step of new resources; when it fails, all of them are deleted again and the client is told, as
 * upstream does: what a driver could not make outside must not look made.
 */
export async function afterCreate<M>(
  made: readonly M[],
  { step, undo, logger }: { step: (one: M) => Promise<void>; undo: (one: M) => Promise<void>; logger: Logger },
): Promise<void> {
  try {
    for (const one of made) await step(one);
  } catch (error) {
    for (const one of made) {
      await undo(one).catch((cause) => logger.error({ error: cause }, 'could not undo what a driver refused'));
    }
    throw error;
  }
}
