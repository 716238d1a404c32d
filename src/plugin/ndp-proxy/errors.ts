import { defineErrors } from '../../lib/errors.ts';

export const ndpProxyErrors = defineErrors({
  BadRequest: ['bad_request', 'Bad ndp_proxy request: {msg}.'],
  InvalidAddress: ['bad_request', 'The address {address} is invalid, reason: {reason}.'],
  NDPProxyNotFound: ['not_found', 'Ndp proxy {id} could not be found.'],
  NeutronDbObjectDuplicateEntry: [
    'conflict',
    'Failed to create a duplicate NDPProxy: port {port_id} has one for its address {ip_address}.',
  ],
  AddressScopeConflict: [
    'conflict',
    "The IPv6 address scope {ext_address_scope} of external network conflict with internal network's IPv6 address scope {internal_address_scope}.",
  ],
  PortUnreachableRouter: ['conflict', 'The port {port_id} cannot reach the router {router_id} by IPv6 subnet.'],
  RouterNDPProxyNotEnable: [
    'conflict',
    'The enable_ndp_proxy parameter of router {router_id} must be set as True while create ndp proxy entry on it.',
  ],
  RouterGatewayNotValid: ['conflict', 'Can not enable ndp proxy on router {router_id}, {reason}.'],
  RouterGatewayInUseByNDPProxy: [
    'conflict',
    'Unable to unset external gateway of router {router_id}, There are one or more ndp proxies still in use on the router.',
  ],
  RouterInterfaceInUseByNDPProxy: [
    'conflict',
    'Unable to remove subnet {subnet_id} from router {router_id}, There are one or more ndp proxies still in use on the subnet.',
  ],
  RouterIPv6GatewayInUse: [
    'conflict',
    "Can't remove the IPv6 subnet from external gateway of router {router_id}, the IPv6 subnet in use by the router's ndp proxy.",
  ],
});
