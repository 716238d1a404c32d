import { addressGroups } from './address-group/domain.ts';
import { addressScopes } from './address-scope/domain.ts';
import { agentHistory } from './agent/history.ts';
import { autoAllocatedTopologies } from './auto-allocated-topology/domain.ts';
import { conntrackHelpers } from './conntrack-helper/domain.ts';
import { dhcpScheduling } from './dhcp/domain.ts';
import type { Domain } from './domain.ts';
import { explain } from './explain/domain.ts';
import { flavors } from './flavor/domain.ts';
import { floatingIps } from './floatingip/domain.ts';
import { l2Population } from './l2-population/domain.ts';
import { l3Scheduling } from './l3-agent/domain.ts';
import { metering } from './metering/domain.ts';
import { ndpProxies } from './ndp-proxy/domain.ts';
import { networkIpAvailability } from './network-ip-availability/domain.ts';
import { networkSegmentRanges } from './network-segment-range/domain.ts';
import { portBindings } from './port-binding/domain.ts';
import { portForwardings } from './port-forwarding/domain.ts';
import { qos } from './qos/domain.ts';
import { quotas } from './quota/domain.ts';
import { rbacPolicies } from './rbac-policy/domain.ts';
import { routers } from './router/domain.ts';
import { securityGroups } from './security-group/domain.ts';
import { segments } from './segment/domain.ts';
import { subnetPools } from './subnet-pool/domain.ts';
import { tags } from './tag/domain.ts';
import { trace } from './trace/domain.ts';
import { trunks } from './trunk/domain.ts';

/** Everything the plugin has besides networks, subnets, ports and agents. A new resource is a line here. */
export const domains: readonly Domain[] = [
  explain,
  agentHistory,
  trace,
  portBindings,
  l2Population,
  addressGroups,
  rbacPolicies,
  quotas,
  tags,
  dhcpScheduling,
  securityGroups,
  flavors,
  segments,
  networkSegmentRanges,
  addressScopes,
  subnetPools,
  networkIpAvailability,
  autoAllocatedTopologies,
  trunks,
  qos,
  l3Scheduling,
  routers,
  floatingIps,
  portForwardings,
  conntrackHelpers,
  ndpProxies,
  metering,
];
