/** Called at each named point of some work; returns when the process is to live on. */
export type StopPoint<Name extends string> = (name: Name) => void;

/**
 * `NEUTRINO_TEST_STOP_AT=before_rules` kills the process with SIGKILL the first time it comes there. Only tests set it: they
 * start the agent again without it, and look whether something is open that must not be, or is left.
 */
export function stopPointFromEnvironment<Name extends string>(
  environment: Readonly<Record<string, string | undefined>>,
  die: () => void = () => process.kill(process.pid, 'SIGKILL'),
): StopPoint<Name> {
  const wanted = environment.NEUTRINO_TEST_STOP_AT;
  if (!wanted) return () => {};
  return (name) => {
    if (name === wanted) die();
  };
}
