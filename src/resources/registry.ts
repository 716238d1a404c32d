import { addressGroup } from './address-group.ts';
import { agent } from './agent.ts';
import { availabilityZone } from './availability-zone.ts';
import type { ResourceDefinition } from './contract.ts';
import { defaultSecurityGroupRule } from './default-security-group-rule.ts';
import { network } from './network.ts';
import { port } from './port.ts';
import { portBinding } from './port-binding.ts';
import { quota } from './quota.ts';
import { rbacPolicy } from './rbac-policy.ts';
import { securityGroup } from './security-group.ts';
import { securityGroupRule } from './security-group-rule.ts';
import { subnet } from './subnet.ts';

/** Every resource of the API. A new one is a file beside this and a line here. */
export const resources: readonly ResourceDefinition[] = [
  network,
  subnet,
  port,
  agent,
  availabilityZone,
  addressGroup,
  portBinding,
  securityGroup,
  securityGroupRule,
  defaultSecurityGroupRule,
  rbacPolicy,
  quota,
];
