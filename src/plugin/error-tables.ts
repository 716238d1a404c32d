import type { ErrorMaker } from '../lib/errors.ts';
import { resourceErrors } from '../resources/errors.ts';
import { addressGroupErrors } from './address-group/errors.ts';
import { addressScopeErrors } from './address-scope/errors.ts';
import { agentErrors } from './agent/errors.ts';
import { autoAllocateErrors } from './auto-allocated-topology/errors.ts';
import { changeErrors } from './changes.ts';
import { conntrackHelperErrors } from './conntrack-helper/errors.ts';
import { dhcpPortErrors } from './dhcp/dhcp-ports.ts';
import { dhcpErrors } from './dhcp/errors.ts';
import { flavorErrors } from './flavor/errors.ts';
import { floatingIpErrors } from './floatingip/errors.ts';
import { haErrors } from './ha-router/errors.ts';
import { ipamErrors } from './ipam/errors.ts';
import { l3AgentErrors } from './l3-agent/errors.ts';
import { meteringErrors } from './metering/errors.ts';
import { ml2Errors } from './ml2/errors.ts';
import { ndpProxyErrors } from './ndp-proxy/errors.ts';
import { networkErrors } from './network/errors.ts';
import { segmentRangeErrors } from './network-segment-range/errors.ts';
import { portErrors } from './port/errors.ts';
import { bindingErrors } from './port-binding/errors.ts';
import { portForwardingErrors } from './port-forwarding/errors.ts';
import { qosErrors } from './qos/errors.ts';
import { quotaErrors } from './quota/errors.ts';
import { rbacErrors } from './rbac-policy/errors.ts';
import { portRefused, routerErrors } from './router/errors.ts';
import { securityGroupErrors } from './security-group/errors.ts';
import { segmentErrors } from './segment/errors.ts';
import { subnetErrors } from './subnet/errors.ts';
import { subnetPoolErrors } from './subnet-pool/errors.ts';
import { tagErrors } from './tag/errors.ts';
import { trunkErrors } from './trunk/errors.ts';

/** All errors that clients of the plugin may meet, for those who list them. */
export const errorTables: readonly Readonly<Record<string, ErrorMaker>>[] = [
  addressGroupErrors,
  addressScopeErrors,
  agentErrors,
  autoAllocateErrors,
  changeErrors,
  conntrackHelperErrors,
  dhcpPortErrors,
  dhcpErrors,
  flavorErrors,
  floatingIpErrors,
  haErrors,
  ipamErrors,
  l3AgentErrors,
  meteringErrors,
  ml2Errors,
  ndpProxyErrors,
  networkErrors,
  bindingErrors,
  portErrors,
  portForwardingErrors,
  qosErrors,
  quotaErrors,
  rbacErrors,
  portRefused,
  routerErrors,
  securityGroupErrors,
  segmentErrors,
  segmentRangeErrors,
  subnetErrors,
  subnetPoolErrors,
  tagErrors,
  trunkErrors,
  resourceErrors,
];
