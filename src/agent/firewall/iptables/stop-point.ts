import type { StopPoint as AgentStopPoint } from '../../stop-point.ts';

/** Where an agent can be made to die: see `NEUTRINO_TEST_STOP_AT`. */
export type StopPoint = AgentStopPoint<
  | 'before_sets'
  | 'before_rules'
  | 'before_rules_ipv4'
  | 'before_rules_ipv6'
  | 'after_rules_ipv4'
  | 'after_rules_ipv6'
  | 'before_conntrack'
  | 'before_destroy'
>;
