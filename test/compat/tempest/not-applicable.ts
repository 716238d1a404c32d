/** Tests that pass on the real server and cannot pass here yet, what they wait for, and what tempest says of each of them. */
export interface NotApplicable {
  because: string;
  tests: RegExp;
  reason: RegExp;
}

export const notApplicable: readonly NotApplicable[] = [
  {
    because: 'routers and floating addresses come with part 5 (layer 3)',
    tests:
      /\.(test_routers|test_routers_dvr|test_routers_negative|test_floating_ips\w*)\.|test_delete_external_networks_with_floating_ip$/,
    reason: /router extension not enabled|DVR extension not enabled|Floating ips are not availabled/,
  },
  {
    because: 'metering comes with part 5 (layer 3)',
    tests: /\.test_metering_extensions\./,
    reason: /metering extension not enabled/,
  },
  {
    because: 'the test makes or lists a router, or makes a floating address (part 5), without asking for the extension',
    tests:
      /\.test_dhcp_ipv6\.NetworksTestDHCPv6\.|\.test_port_list_filter_by_router_id$|\.test_tags\.TagsExtTest\.|\.test_create_port_with_precreated_floatingip_as_fixed_ip$/,
    reason: /services\/network\/(routers|floating_ips)_client\.py[\s\S]*'HTTPNotFound'/,
  },
];
