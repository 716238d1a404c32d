/** Tests that pass on the real server and cannot pass here, why, and what tempest says of each of them. */
export interface NotApplicable {
  because: string;
  tests: RegExp;
  reason: RegExp;
}

export const notApplicable: readonly NotApplicable[] = [
  {
    because: 'there are no distributed routers',
    tests:
      /\.test_routers_dvr\.RoutersTestDVR\.(test_centralized_router_update_to_dvr|test_distributed_router_creation)$/,
    reason: /distributed/,
  },
];
