import type { StopPoint } from '../stop-point.ts';

/** Where the agent can be made to die while it changes a router, in this order: see `NEUTRINO_TEST_STOP_AT`. */
export type RouterStopPoint = StopPoint<
  | 'after_stale'
  /** And the namespace, where it is new. */
  | 'after_pairs'
  | 'after_settings'
  | 'after_rules_ipv4'
  | 'after_rules_ipv6'
  | 'before_conntrack'
  | 'after_conntrack'
  | 'before_addresses'
  | 'after_routes'
  | 'after_daemon_files'
  | 'after_daemons'
  /** Of a router that is taken away. */
  | 'after_daemons_ended'
  | 'after_devices_gone'
>;
