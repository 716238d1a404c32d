import { addressGroup } from './address-group.ts';
import { addressScope } from './address-scope.ts';
import { agent } from './agent.ts';
import { autoAllocatedTopology } from './auto-allocated-topology.ts';
import { availabilityZone } from './availability-zone.ts';
import { conntrackHelper } from './conntrack-helper.ts';
import type { ResourceDefinition } from './contract.ts';
import { defaultSecurityGroupRule } from './default-security-group-rule.ts';
import { flavor } from './flavor.ts';
import { floatingIp } from './floatingip.ts';
import { floatingIpPool } from './floatingip-pool.ts';
import { meteringLabel } from './metering-label.ts';
import { meteringLabelRule } from './metering-label-rule.ts';
import { ndpProxy } from './ndp-proxy.ts';
import { network } from './network.ts';
import { networkIpAvailability } from './network-ip-availability.ts';
import { networkSegmentRange } from './network-segment-range.ts';
import { port } from './port.ts';
import { portBinding } from './port-binding.ts';
import { portForwarding } from './port-forwarding.ts';
import { qosPolicy } from './qos-policy.ts';
import { qosRuleType } from './qos-rule-type.ts';
import { qosRuleAliases, qosRules } from './qos-rules.ts';
import { quota } from './quota.ts';
import { rbacPolicy } from './rbac-policy.ts';
import { router } from './router.ts';
import { securityGroup } from './security-group.ts';
import { securityGroupRule } from './security-group-rule.ts';
import { securityGroupsDefaultStatefulness } from './security-groups-default-statefulness.ts';
import { segment } from './segment.ts';
import { serviceProfile } from './service-profile.ts';
import { serviceProvider } from './service-provider.ts';
import { subnet } from './subnet.ts';
import { subnetPool } from './subnet-pool.ts';
import { trunk } from './trunk.ts';

/** Every resource of the API. A new one is a file beside this and a line here. */
export const resources: readonly ResourceDefinition[] = [
  network,
  subnet,
  subnetPool,
  port,
  agent,
  availabilityZone,
  addressGroup,
  addressScope,
  portBinding,
  securityGroup,
  securityGroupRule,
  defaultSecurityGroupRule,
  rbacPolicy,
  quota,
  segment,
  networkSegmentRange,
  networkIpAvailability,
  flavor,
  serviceProfile,
  serviceProvider,
  autoAllocatedTopology,
  securityGroupsDefaultStatefulness,
  trunk,
  floatingIp,
  floatingIpPool,
  portForwarding,
  conntrackHelper,
  ndpProxy,
  meteringLabel,
  meteringLabelRule,
  qosPolicy,
  ...qosRules,
  ...qosRuleAliases,
  qosRuleType,
  router,
];
