import { defineErrors } from '../../lib/errors.ts';

export const routerErrors = defineErrors({
  InvalidInput: ['bad_request', 'Invalid input for operation: {error_message}.'],
  HTTPBadRequest: ['bad_request', '{message}'],
  BadRequest: ['bad_request', 'Bad router request: {msg}.'],
  RouterNotFound: ['not_found', 'Router {router_id} could not be found'],
  RouterInUse: ['conflict', 'Router {router_id} {reason}'],
  RouterInterfaceNotFound: ['not_found', 'Router {router_id} does not have an interface with id {port_id}'],
  RouterInterfaceNotFoundForSubnet: ['not_found', 'Router {router_id} has no interface on subnet {subnet_id}'],
  SubnetMismatchForPort: ['bad_request', 'Subnet on port {port_id} does not match the requested subnet {subnet_id}.'],
  RouterInterfaceInUseByFloatingIP: [
    'conflict',
    'Router interface for subnet {subnet_id} on router {router_id} cannot be deleted, as it is required by one or more floating IPs.',
  ],
  RouterInterfaceInUseByRoute: [
    'conflict',
    'Router interface for subnet {subnet_id} on router {router_id} cannot be deleted, as it is required by one or more routes.',
  ],
  RouterExternalGatewayInUseByFloatingIp: [
    'conflict',
    'Gateway cannot be updated for router {router_id}, since a gateway to external network {net_id} is required by one or more floating IPs.',
  ],
  InvalidRoutes: ['bad_request', 'Invalid format for routes: {routes}, {reason}'],
  RoutesExhausted: [
    'bad_request',
    'Unable to complete operation for {router_id}. The number of routes exceeds the maximum {quota}.',
  ],
  PortInUse: [
    'conflict',
    'Unable to complete operation on port {port_id} for network {net_id}. Port already has an attached device {device_id}.',
  ],
  ServicePortInUse: ['conflict', 'Port {port_id} cannot be {how} directly via the port API: {reason}.'],
  DeviceIDNotOwnedByTenant: [
    'conflict',
    'The following device_id {device_id} is not owned by your tenant or matches another tenants router.',
  ],
  AvailabilityZoneNotFound: ['not_found', 'AvailabilityZone {availability_zone} could not be found.'],
  FlavorDisabled: ['unavailable', 'Flavor is not enabled.'],
});

/** What the API of ports refuses for a router's sake. */
export const portRefused = defineErrors({
  BadRequest: ['bad_request', 'Bad ports request: IP updates for port {port_id} are not allowed.'],
});
