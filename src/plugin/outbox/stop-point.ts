/** Where a server can be made to die: between the commit and binding, between binding and telling agents, before it tells Nova. */
export type StopPointName = 'before_bind' | 'before_tell' | 'before_nova';

/** Called at each point; returns when the process is to live on. */
export type StopPoint = (name: StopPointName) => void;

const VARIABLE = 'NEUTRINO_TEST_STOP_AT';

/**
 * `NEUTRINO_TEST_STOP_AT=before_bind` (or `before_tell`) kills the process with SIGKILL the first time it comes there.
 * Only tests set it: they start the server again without it and look whether nothing was lost.
 */
export function stopPointFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  die: () => void = () => process.kill(process.pid, 'SIGKILL'),
): StopPoint {
  const wanted = environment[VARIABLE];
  if (!wanted) return () => {};
  return (name) => {
    if (name === wanted) die();
  };
}
