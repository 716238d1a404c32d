import { declareOptions, type OptionValues, option } from '../../lib/options.ts';

const limit = (value: number, what: string) =>
  option.int({ default: value, min: -1, help: `${what} a project may have; -1 is any number` });

/** `[quotas]` (upstream: neutron/conf/quota.py and what the extensions add to it). */
export const quotaOptions = declareOptions('quotas', {
  default_quota: limit(-1, 'resources of a kind without an option of its own'),
  quota_network: limit(100, 'networks'),
  quota_subnet: limit(100, 'subnets'),
  quota_port: limit(500, 'ports'),
  quota_router: limit(10, 'routers'),
  quota_floatingip: limit(50, 'floating addresses'),
  quota_security_group: limit(10, 'security groups'),
  quota_security_group_rule: limit(100, 'security group rules'),
  quota_rbac_policy: limit(10, 'RBAC policies'),
});
export type QuotaOptions = OptionValues<typeof quotaOptions>;

/** What a project without a limit of its own may have of a resource; -1 is any number. */
export function defaultLimit(options: QuotaOptions, resource: string): number {
  const own = (options as Readonly<Record<string, number>>)[`quota_${resource}`];
  return own ?? options.default_quota;
}
