/** Where an agent can be made to die: see `NEUTRINO_TEST_STOP_AT`. */
export type StopPointName =
  | 'before_sets'
  | 'before_rules'
  | 'before_rules_ipv4'
  | 'before_rules_ipv6'
  | 'after_rules_ipv4'
  | 'after_rules_ipv6'
  | 'before_conntrack'
  | 'before_destroy';

/** Called at each point; returns when the process is to live on. */
export type StopPoint = (name: StopPointName) => void;

/**
 * `NEUTRINO_TEST_STOP_AT=before_rules` kills the process with SIGKILL the first time it comes there. Only tests set it: they
 * start the agent again without it, and look whether a port is open that must not be or something is left.
 */
export function stopPointFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  die: () => void = () => process.kill(process.pid, 'SIGKILL'),
): StopPoint {
  const wanted = environment.NEUTRINO_TEST_STOP_AT;
  if (!wanted) return () => {};
  return (name) => {
    if (name === wanted) die();
  };
}
